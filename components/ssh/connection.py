"""One server's SSH connection, made when it is needed and made again when it was lost."""

import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import join
from typing import IO, Any

import asyncssh

from components.errors import Lost, MissingError, SlipwayError, shown
from components.hosts.objects import QUICK, Pipe
from components.ssh.loop import Answer, begin, line_of, wait_for
from components.ssh.opening import Login, attempt

_PAUSE = 2  # seconds between attempts
_LET_IN = 60  # seconds in which a server that boots may still refuse its user


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
        """The connection; if there is none it is tried for `patience` seconds. Raises `Lost`."""
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
        process = self.start(command, root, **({"input": stdin} if stdin else {"stdin": asyncssh.DEVNULL}))
        return self.ended(command[0], self._answer(command[0], process.wait()))

    def start(self, command: Sequence[str], root: bool = False, **how: Any) -> asyncssh.SSHClientProcess[bytes]:
        """A command that runs on."""
        whole = [*self.become, *command] if root else list(command)
        return self._answer(command[0], self.open().create_process(join(whole), encoding=None, **how))

    def _answer(self, what: str, work: Awaitable[Answer]) -> Answer:
        try:
            return wait_for(work)
        except (asyncssh.Error, OSError) as error:
            raise self.lost(what, str(error)) from None

    def lines(self, command: Sequence[str], ended: Callable[[Done], None] = lambda done: None) -> Iterator[str]:
        """The lines of root's command as they come; then `ended` hears how it ended."""
        process = self.start(command, root=True, stdin=asyncssh.DEVNULL)
        while line := self._answer(command[-1], line_of(process.stdout)):
            yield line.decode(errors="replace").rstrip("\n")
        ended(self.ended(command[-1], self._answer(command[-1], process.wait())))

    def pipe(self, command: Sequence[str]) -> Pipe:
        """Root's command, which is asked and answers."""
        (source, asked), (answers, target) = ((os.fdopen(one, "rb"), os.fdopen(other, "wb")) for one, other in (os.pipe(), os.pipe()))
        ended = begin(self.start(command, root=True, stdin=source, stdout=target).wait())
        return Pipe(asked, answers, lambda: self.ended("objects", ended.result()).err)

    def copy(self, command: Sequence[str], target: IO[bytes]) -> None:
        """Root's command, its output into a file of this machine."""
        process = self.start(command, root=True, stdin=asyncssh.DEVNULL)
        while data := self._answer(command[0], process.stdout.read(1 << 18)):
            target.write(data)
        done = self.ended(command[0], self._answer(command[0], process.wait()))
        if done.status:
            raise self.lost(command[0], done.err.strip())

    def ended(self, what: str, completed: asyncssh.SSHCompletedProcess) -> Done:
        """How a command ended. Raises `Lost` where that isn't known."""
        if completed.returncode is None:
            raise self.lost(what)
        out, err = (one.encode() if isinstance(one, str) else bytes(one or b"") for one in (completed.stdout, completed.stderr))
        return Done(int(completed.returncode), out, err.decode(errors="replace"))

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
            if said != "0" and (asked := self.run(["sudo", "-n", "true"])).status:
                user = self.run(["id", "-un"]).out.decode().strip()
                line = f"echo '{user} ALL=(ALL) NOPASSWD:ALL' | sudo tee /etc/sudoers.d/slipway"
                raise MissingError(f"{self.login}: wanted sudo without a password for {user}, found: {asked.last}; run there: {line}")
            self._become = [] if said == "0" else ["sudo", "-n"]
        return self._become

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


async def _ended(connection: asyncssh.SSHClientConnection) -> None:
    connection.abort()
    await connection.wait_closed()


_connections: dict[Login, Connection] = {}


def to(login: Login) -> Connection:
    """This process's connection to a server; threads that ask at the same moment get the same."""
    return _connections.setdefault(login, Connection(login))


def of(facts: Mapping[str, Any]) -> Connection:
    """The connection to the server with these facts, which have its login as JSON."""
    given = facts["login"]
    return to(Login(**{**given, "host": facts["host"], "host_keys": tuple(given["host_keys"])}))
