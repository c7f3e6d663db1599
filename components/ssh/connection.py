"""One server's SSH connection, made when it is needed and made again when it was lost."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from shlex import join
from typing import IO, Any

import asyncssh

from components.errors import Lost, MissingError, SlipwayError, shown
from components.ssh.login import Login
from components.ssh.loop import line_of, once, wait_for
from components.ssh.opening import attempt

__all__ = ["Connection", "Done", "Lines", "Lost", "to"]

_PAUSE = 2  # seconds between attempts
_LET_IN = 60  # seconds in which a server that boots may still refuse its user
QUICK = 5.0


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: bytes
    err: str

    @property
    def last(self) -> str:
        """The last words of its errors, or of what it said."""
        said = self.err.strip() or self.out.decode(errors="replace").strip()
        return (said.splitlines() or [f"exit status {self.status}"])[-1]


class Connection:
    """All channels to one server; any thread may use it."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self._lock = threading.RLock()
        self._made: asyncssh.SSHClientConnection | None = None
        self._become: list[str] | None = None

    def open(self, patience: float = QUICK, say: Callable[[str], None] = lambda text: None) -> asyncssh.SSHClientConnection:
        """The connection, made if there is none: tried for `patience` seconds while nobody answers
        there. Raises `SlipwayError`."""
        with self._lock:
            if not self.is_open:
                self._made = self._patiently(patience, say)
            assert self._made is not None
            return self._made

    @property
    def is_open(self) -> bool:
        """Whether somebody made it since it was lost."""
        return self._made is not None and not self._made.is_closed()

    def close(self) -> None:
        """Ends it; the next use makes another."""
        with self._lock:
            if self._made is not None:
                wait_for(_ended(self._made))
            self._made = None

    def run(self, command: Sequence[str], stdin: bytes = b"", root: bool = False) -> Done:
        """Runs a command to its end. Raises `Lost` where it isn't known how that was."""
        whole = [*self.become, *command] if root else list(command)
        connection, given = self.open(), {"input": stdin} if stdin else {"stdin": asyncssh.DEVNULL}
        try:
            done = wait_for(connection.run(join(whole), encoding=None, check=False, **given))
        except (asyncssh.Error, OSError) as error:
            raise self.lost(command[0], str(error)) from None
        if done.returncode is None:
            raise self.lost(command[0])
        return Done(int(done.returncode), _bytes(done.stdout), _bytes(done.stderr).decode(errors="replace"))

    def start(self, command: Sequence[str], root: bool = False, **how: Any) -> asyncssh.SSHClientProcess[bytes]:
        """A command that runs on."""
        whole = [*self.become, *command] if root else list(command)
        connection = self.open()
        try:
            return wait_for(connection.create_process(join(whole), encoding=None, **how))
        except (asyncssh.Error, OSError) as error:
            raise self.lost(command[0], str(error)) from None

    def lines(self, command: Sequence[str], root: bool = False) -> "Lines":
        """A command whose lines come one by one."""
        return Lines(self, command, self.start(command, root, stdin=asyncssh.DEVNULL))

    def copy(self, command: Sequence[str], target: IO[bytes]) -> None:
        """Root's command, its output into a file of this machine."""
        process = self.start(command, root=True, stdin=asyncssh.DEVNULL)
        try:
            while data := wait_for(process.stdout.read(1 << 18)):
                target.write(data)
            done = wait_for(process.wait())
        except asyncssh.Error as error:
            raise self.lost(command[0], str(error)) from None
        if done.returncode != 0:
            raise self.lost(command[0], _bytes(done.stderr).decode(errors="replace").strip())

    def lost(self, what: str, why: str = "") -> Lost:
        """What to say where a command's end isn't known; the next use makes another connection."""
        self.close()
        return Lost(f"{self.login}: the connection was lost{f' ({why})' if why else ''} during `{what}`; run it again")

    @property
    def become(self) -> list[str]:
        """What makes a command root's. Raises `MissingError` with the line that lets the user."""
        if self._become is None:
            said = self.run(["id", "-u"]).out.decode(errors="replace").strip()
            if not said.isdigit():
                mend = "let its start-up files, such as .bashrc, print nothing where no terminal is"
                raise SlipwayError(f"{self.login}: wanted a number from `id -u`, found {shown(said)}; {mend}")
            self._become = [] if said == "0" else self._sudo()
        return self._become

    def _sudo(self) -> list[str]:
        asked = self.run(["sudo", "-n", "true"])
        if asked.status == 0:
            return ["sudo", "-n"]
        user = self.run(["id", "-un"]).out.decode().strip()
        line = f"echo '{user} ALL=(ALL) NOPASSWD:ALL' | sudo tee /etc/sudoers.d/slipway"
        raise MissingError(f"{self.login}: wanted sudo without a password for {user}, found: {asked.last}; run there: {line}")

    def _patiently(self, patience: float, say: Callable[[str], None]) -> asyncssh.SSHClientConnection:
        began, told = time.monotonic(), ""
        while True:
            try:
                return attempt(self.login)
            except Lost as error:
                spent = time.monotonic() - began
                if spent > (min(patience, _LET_IN) if isinstance(error.__cause__, asyncssh.PermissionDenied) else patience):
                    raise
                if str(error) != told:
                    told = str(error)
                    say(f"tried again: {told.partition(';')[0]}")
            time.sleep(min(_PAUSE, patience))


class Lines(Iterator[str]):
    """Lines as they come; after the last one `status` and `words` (its errors) say how it ended.

    Raises `Lost`."""

    def __init__(self, to: Connection, command: Sequence[str], process: asyncssh.SSHClientProcess[bytes]) -> None:
        self.to, self.what, self.process = to, command[-1], process
        self.status, self.words = 0, ""

    def __next__(self) -> str:
        try:
            line = wait_for(line_of(self.process.stdout))
            if line:
                return line.decode(errors="replace").rstrip("\n")
            done = wait_for(self.process.wait())
        except (asyncssh.Error, OSError) as error:
            raise self.to.lost(self.what, str(error)) from None
        if done.returncode is None:
            raise self.to.lost(self.what)
        self.status, self.words = int(done.returncode), _bytes(done.stderr).decode(errors="replace")
        raise StopIteration


async def _ended(connection: asyncssh.SSHClientConnection) -> None:
    connection.abort()
    await connection.wait_closed()


def _bytes(said: bytes | str | None) -> bytes:
    return said.encode() if isinstance(said, str) else bytes(said or b"")


@once
def to(login: Login) -> Connection:
    """This process's connection to a server."""
    return Connection(login)
