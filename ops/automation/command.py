"""The `pulumi` command as the automation API runs it, in a process group of its own."""

import os
import signal
import subprocess
from collections.abc import Mapping
from typing import Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo


class Command(PulumiCommand):
    """Selects no stack. Each Ctrl-C is passed on once: the CLI ends gracefully at the first."""

    def __init__(self) -> None:
        super().__init__(skip_version_check=True)
        # A build of one's own has no number: the SDK then follows events as every CLI knows it.
        self.version = self.version or VersionInfo(3)

    def run(
        self, args: list[str], cwd: str, additional_env: Mapping[str, str], on_output: Any = None, on_error: Any = None
    ) -> CommandResult:
        """Raises `CommandError` for a failure, `KeyboardInterrupt` once one has ended the CLI."""
        # A stack that the SDK selected a person's next `pulumi destroy` would be about.
        verb = {"stack select": ["stack"], "stack init": ["stack", "init", "--no-select"]}.get(" ".join(args[:2]), args[:2])
        process = subprocess.Popen(
            [self.command, "--non-interactive", *verb, *args[2:]],
            cwd=cwd,
            env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
        interrupted = False
        while True:
            try:
                stdout, stderr = process.communicate()
                break
            except KeyboardInterrupt:
                interrupted = True
                process.send_signal(signal.SIGINT)
        if interrupted:
            raise KeyboardInterrupt
        result = CommandResult(stdout=stdout, stderr=stderr, code=process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result
