"""A command on a server with this terminal's own input and output."""

import os
import stat
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncssh

from components.ssh.connection import Connection
from components.ssh.loop import wait_for


def attached(to: Connection, command: Sequence[str]) -> int:
    """Runs it with root's rights to its end; its exit status."""
    with _raw(sys.stdin.isatty()):
        process = to.start(command, root=True, **_own(), **_pty())
        done = wait_for(_ended(process))
    if done.returncode is None:
        raise to.lost(command[-1])
    return int(done.returncode)


def _own() -> dict[str, int]:
    """Copies: what the library is given it closes."""
    given = {name: os.dup(file.fileno()) for name, file in (("stdin", sys.stdin), ("stdout", sys.stdout), ("stderr", sys.stderr))}
    kind = os.fstat(given["stdin"]).st_mode
    if stat.S_ISCHR(kind) and not sys.stdin.isatty():  # /dev/null can't be waited for
        os.close(given["stdin"])
        given["stdin"] = asyncssh.DEVNULL
    return given


def _pty() -> dict[str, Any]:
    """A terminal there where there is one here."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return {}
    size = os.get_terminal_size(sys.stdout.fileno())
    return {"term_type": os.environ.get("TERM", "xterm"), "term_size": (size.columns, size.lines)}


@contextmanager
def _raw(is_terminal: bool) -> Iterator[None]:
    """Each key goes there as it is pressed, Ctrl-C included."""
    if not (is_terminal and sys.stdout.isatty()):
        yield
        return
    before = termios.tcgetattr(sys.stdin.fileno())
    try:
        tty.setraw(sys.stdin.fileno())
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)


async def _ended(process: asyncssh.SSHClientProcess[bytes]) -> asyncssh.SSHCompletedProcess:
    return await process.wait()
