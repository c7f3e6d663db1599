"""The scripts of the workflows run as programs, as a workflow runs them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / ".github/scripts"

Script = Callable[..., "subprocess.CompletedProcess[str]"]

_STAND_IN = """#!/bin/sh
# Writes down how it is called and ends as the test wants.
echo "$*" >>"$CALLS"
if [ -f "$ANSWERS/$1.waits" ]; then
    trap 'echo "ended in order" >>"$CALLS"; exit 42' TERM
    touch "$ANSWERS/waiting"
    while :; do sleep 0.05; done
fi
echo "$1 said"
echo "$1 complained" >&2
exit "$(cat "$ANSWERS/$1" 2>/dev/null || echo 0)"
"""


class Pulumi:
    """A stand-in for the Pulumi CLI on PATH, and the shell scripts that call it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self._bin, self._log = folder / "bin", folder / "calls"
        self._bin.mkdir()
        (self._bin / "pulumi").write_text(_STAND_IN)
        (self._bin / "pulumi").chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []

    def answers(self, **codes: int) -> None:
        """With which exit codes its commands end; 0 where nothing is said."""
        for command, code in codes.items():
            (self._bin / command).write_text(str(code))

    def waits_in(self, command: str) -> None:
        (self._bin / f"{command}.waits").touch()

    def waiting(self, running: "subprocess.Popen[str]") -> None:
        """Returns once it waits."""
        while not (self._bin / "waiting").exists():
            assert running.poll() is None

    def start(self, script: str, *words: str) -> "subprocess.Popen[str]":
        environment = {"PATH": f"{self._bin}:/usr/bin:/bin", "CALLS": str(self._log), "ANSWERS": str(self._bin)}
        command = [str(SCRIPTS / script), *words]
        return subprocess.Popen(command, env=environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, script: str, *words: str) -> "subprocess.CompletedProcess[str]":
        running = self.start(script, *words)
        out, error = running.communicate(timeout=60)
        return subprocess.CompletedProcess(running.args, running.returncode, out, error)
