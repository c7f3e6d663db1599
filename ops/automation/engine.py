"""Preview, up and destroy of one stack by the Pulumi CLI, in the backend of the environment."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pulumi import automation
from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError, create_command_error
from semver import VersionInfo

from components.errors import LockedError, MissingError, NoStackError, SlipwayError, one_line
from components.hosts import progress
from ops.automation.recording import Recording
from ops.engine import Observer, Result
from ops.stack import pulumi_cli
from ops.stack.project import Project

_LOGGED_OUT = re.compile(r"PULUMI_ACCESS_TOKEN must be set|pulumi login|could not get cloud url", re.IGNORECASE)


class Command(PulumiCommand):
    """The `pulumi` command as the automation API runs it, in a process group of its own.

    Selects no stack. Each Ctrl-C is passed on once: the CLI ends gracefully at the first."""

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


class CliEngine:
    """Another `ops.engine.Engine`, by the stack's whole name. Raises `SlipwayError`."""

    def __init__(self, project: Project, name: str, observer: Observer | None = None) -> None:
        self.project, self.name = project, name
        self.observer = observer or (lambda event: None)

    def preview(self) -> Result:
        """What `up` would do; changes nothing. Raises `NoStackError` where there is no stack."""
        return self._run(lambda stack, heard: stack.preview(on_event=heard.hear))

    def up(self) -> Result:
        """Brings everything to what the program says."""
        return self._run(lambda stack, heard: stack.up(on_event=heard.hear))

    def destroy(self) -> Result:
        """Removes everything but what is protected."""
        return self._run(lambda stack, heard: stack.destroy(on_event=heard.hear, exclude_protected=True))

    def make(self) -> None:
        """Makes the stack, empty."""
        with self._errors_in_words():
            automation.Stack.create(self.name, self._workspace())

    def state(self) -> list[dict[str, Any]]:
        """The resources that the CLI knows of the stack, as `pulumi stack export` has them."""
        with self._errors_in_words():
            exported = automation.Stack.select(self.name, self._workspace()).export_stack()
        return list((exported.deployment or {}).get("resources") or [])

    def _run(self, work: Callable[[automation.Stack, Recording], object]) -> Result:
        heard = Recording(self.observer)
        with self._errors_in_words(), progress.followed() as path:
            stack = automation.Stack.select(self.name, self._workspace())
            stack.workspace.env_vars = {progress.FILE: path}
            try:
                work(stack, heard)
            except CommandError:
                if not heard.errors:
                    raise
        error = "\n".join(heard.errors) or None
        return Result(error is None, error, heard.outputs, frozenset(), tuple(heard.steps))  # its events hold no secret

    def _workspace(self) -> automation.LocalWorkspace:
        pulumi_cli.require(f"stack {self.name} needs the Pulumi CLI")
        return automation.LocalWorkspace(work_dir=str(self.project.folder), pulumi_command=Command())

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        """What the CLI refuses, in one line."""
        name = self.name
        try:
            yield
        except StackNotFoundError:
            step = f"`./slipway -s {name} up` makes it, `./slipway -s {name} plan` shows what it asks for"
            raise NoStackError(f"stack {name}: the Pulumi CLI knows none of that name; nothing was changed; {step}") from None
        except ConcurrentUpdateError:
            step = f"wait for it, or if it is gone: pulumi cancel --stack {name}"
            raise LockedError(f"stack {name}: somebody else's run of the Pulumi CLI has it; {step}") from None
        except subprocess.CalledProcessError as error:
            raise MissingError(f"stack {name}: {pulumi_cli.path()} doesn't run ({error}); install it anew: {pulumi_cli.HOW}") from None
        except CommandError as error:
            text = str(error)
            if _LOGGED_OUT.search(text):
                raise MissingError(f"stack {name}: the Pulumi CLI has no backend; run `pulumi login`, or `pulumi login --local`") from None
            said = re.findall(r"error: (.+)", text) or text.strip().splitlines()[-1:]
            raise SlipwayError(f"stack {name}: pulumi: {one_line('; '.join(said), None)}") from None
