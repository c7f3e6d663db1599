"""A server reached by SSH: the host tool with root's rights, its events as they come."""

import os
import stat
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh

from components.deployment.answers import Kept
from components.errors import Lost, SlipwayError
from components.hosts import last_backup
from components.hosts.transport import Event, asked, outcome
from components.ssh import connection
from components.ssh.connection import Done
from components.ssh.loop import wait_for

TOOL = ["python3", "-I", "/opt/slipway/host.pyz"]
_REPEATED = {"status", "releases", "backups", "maintenance", "kept"}
"""What may be asked again where an answer was lost: it changes nothing, or the same once more."""


class SshTransport:
    """A server of Slipway's own."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts = facts
        self.to = connection.of(facts)
        self.host, self.role, self.address = str(facts["host"]), str(facts["role"]), self.to.login.address

    def run(self, arguments: Sequence[str], on_event: Callable[[Event], None] | None = None) -> dict[str, Any]:
        try:
            return self._run(arguments, on_event)
        except Lost:
            if arguments[0] not in _REPEATED:
                raise
            return self._run(arguments, on_event)

    def _run(self, arguments: Sequence[str], on_event: Callable[[Event], None] | None) -> dict[str, Any]:
        done: list[Done] = []
        lines = self.to.lines(self._command(arguments), done.append)
        return outcome(self.host, lines, arguments, on_event, lambda: (done[0].err, done[0].status))

    def stream(self, arguments: Sequence[str]) -> Iterator[str]:
        return self.to.lines(self._command(arguments))

    def attach(self, arguments: Sequence[str]) -> int:
        command, is_terminal = self._command(arguments), sys.stdin.isatty() and sys.stdout.isatty()
        with _terminal(is_terminal) as how:
            done = wait_for(self.to.start(command, root=True, **_own(), **how).wait())
        return self.to.ended(command[-1], done).status

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return ["env", asked(self.facts), *TOOL, *arguments]

    def save(self, engine: str, folder: Path, on_event: Callable[[Event], None] | None = None) -> Path | None:
        done = self.run(["backup", "--own", "--reason", last_backup.REASON, "--engine", engine], on_event)
        return last_backup.fetched(folder, f"{self.facts['app']}-{self.host}", done, self.to.copy)

    def kept(self) -> list[Kept]:
        return [Kept(f"{self.host}:{one['path']}", int(one["bytes"])) for one in self.run(["kept"]).get("kept") or []]

    def remove(self, keep_data: bool) -> None:
        """Without a host tool, what stayed when it went can only be the data."""
        if self.to.run(["test", "-e", TOOL[-1]]).status:
            if not keep_data:
                self.to.run(["rm", "-rf", f"/srv/slipway/{self.facts['app']}"], root=True)
            return
        done = self.run(["leave", *([] if keep_data else ["--with-data"])])
        if not done["ok"]:
            raise SlipwayError(f"{self.host}, {done.get('step') or 'leave'}: {done['message']}")


connect = SshTransport


def _own() -> dict[str, int]:
    """Copies of this terminal's input and output: what the library is given it closes."""
    given = {name: os.dup(file.fileno()) for name, file in (("stdin", sys.stdin), ("stdout", sys.stdout), ("stderr", sys.stderr))}
    kind = os.fstat(given["stdin"]).st_mode
    if stat.S_ISCHR(kind) and not sys.stdin.isatty():  # /dev/null can't be waited for
        os.close(given["stdin"])
        given["stdin"] = asyncssh.DEVNULL
    return given


@contextmanager
def _terminal(is_here: bool) -> Iterator[dict[str, Any]]:
    """A terminal there where there is one here: each key goes there as it is pressed."""
    if not is_here:
        yield {}
        return
    size, before = os.get_terminal_size(sys.stdout.fileno()), termios.tcgetattr(sys.stdin.fileno())
    try:
        tty.setraw(sys.stdin.fileno())
        yield {"term_type": os.environ.get("TERM", "xterm"), "term_size": (size.columns, size.lines)}
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)
