"""A folder of one server that holds objects, reached by plain commands as root.

Any of them may be run again. A process on the server holds its lock for as long as this end of the
connection is heard of."""

import asyncio
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import asyncssh
import pulumi

from cloud_init.host.base import lock as locks
from cloud_init.host.base.outcome import Locked
from cloud_init.host.stores import Conflict
from components.errors import LockedError, Lost, SlipwayError, shown
from components.ssh import connection
from components.ssh.connection import QUICK, Connection, Done
from components.ssh.login import Login
from components.ssh.loop import line_of, wait_for

_SCRIPTS = ("put.sh", "if-held.sh", "hold-lock.sh")
_PUT, _IF_HELD, _HOLD = ((Path(__file__).parent / name).read_text(encoding="utf-8") for name in _SCRIPTS)
_LOCK = "rollout.lock"
_ANOTHER = 65  # exit status where something else is there than was expected: the object, or the lock's note
_WAIT = 900.0  # seconds for another rollout to end
_AGAIN = 45.0  # seconds for one's own lock, which a broken connection leaves held for half a minute
_AWAY = 120.0  # seconds that the server may be away in the middle of a rollout
_TRIES = 20
_BEAT = 5.0  # seconds; hold-lock.sh waits for six of them
_TAKEN = 75  # exit status where another process holds the lock
_ENDS = 5.0  # seconds
_Answer = TypeVar("_Answer")


class Folder:
    """Objects by name, as `components.release.store.Store` has them.

    Raises `Lost` where the server can't be reached, under its lock after two minutes."""

    def __init__(self, login: Login, path: str) -> None:
        self.login, self.path, self.to = login, path, connection.to(login)
        self._mutex = threading.RLock()
        self._patience = QUICK
        self._lock: LockProcess | None = None
        self._note = b""
        self._is_overtaken = False

    def get(self, name: str) -> bytes | None:
        return self._again(lambda: self._found(["cat", self._at(name)]))

    def put(self, name: str, data: bytes, *expected: str) -> None:
        """`expected`: the SHA-256 of what must be there now, or `none`."""
        folder, _, last = self._at(name).rpartition("/")
        part = f"{folder}/.{last}.{secrets.token_hex(4)}"
        self._write(["sh", "-c", _PUT, "put", part, self._at(name), str(len(data)), *expected], data)

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        """The server compares."""
        self.put(name, new, "none" if old is None else hashlib.sha256(old).hexdigest())

    def check(self) -> None:
        """Raises `Conflict` where the lock, if it was taken, isn't this deployer's any more."""
        self._write(["true"])

    def _write(self, command: Sequence[str], data: bytes = b"") -> None:
        """The server compares the lock's note too: whoever slept under the lock may have lost it
        without knowing."""

        def run() -> Done:
            held = ["sh", "-c", _IF_HELD, "if-held", self._at(_LOCK), hashlib.sha256(self._note).hexdigest()]
            return self.to.run([*(held if self._note else ()), *command], data, root=True)

        if self._is_overtaken:  # it may still be read
            raise Conflict("the lock went with the connection, and somebody else took it")
        done = self._again(run)
        if done.status == _ANOTHER:
            raise Conflict("the lock, or what is to be replaced, is another one's by now")
        self._checked(done, command)

    def names(self, folder: str = "") -> dict[str, float]:
        """Every object there, sorted, with when it was written by the server's clock."""
        objects = ["-type", "f", "!", "-name", ".*", "!", "-name", _LOCK, "-printf", "%T@ %p\\n"]
        found = self._again(lambda: self._found(["find", self._at(folder), "-ignore_readdir_race", *objects]))
        lines = (line.split(" ", 1) for line in (found or b"").decode().splitlines())
        return dict(sorted((path.removeprefix(f"{self.path}/"), float(at)) for at, path in lines))

    def delete(self, *names: str) -> None:
        """A folder goes with its last object."""
        self._write(["rm", "-f", *map(self._at, names)])
        self._again(lambda: self._do(["find", self.path, "-mindepth", "1", "-type", "d", "-empty", "-delete"]))

    @contextmanager
    def locked(self, reason: str) -> Iterator[None]:
        """Holds the lock: waits for it, and says for whom. Raises `LockedError`."""
        self._again(lambda: self._do(["install", "-d", "-m", "0700", self.path]))
        try:
            note = json.dumps(locks.signed(reason))
            self._take(_WAIT, note)
            self._note, self._patience, self._is_overtaken = note.encode(), _AWAY, False
            yield
        finally:
            self._note, self._patience, self._is_overtaken = b"", QUICK, False
            if self._lock and self._lock.is_held:
                self._lock.end()

    def _take(self, wait: float, note: str = "") -> None:
        def attempt() -> bytes | None:
            self._lock = LockProcess(self.to, self._at(_LOCK), note)
            return None if self._lock.is_held else self._noted()

        try:
            locks.acquire(self.login.host, attempt, wait, pulumi.log.info, 1.0)
        except Locked as locked:
            raise LockedError(str(locked)) from None

    def _noted(self) -> bytes:
        return self._found(["cat", self._at(_LOCK)]) or b""

    def _hold_on(self) -> None:
        """The lock goes with its connection: it is taken again, unless somebody else had it
        meanwhile, who may be done by now."""
        if not self._note or (self._lock and not self._lock.is_lost):
            return
        try:
            self._take(_AGAIN)
            if self._noted() == self._note:
                return
            who = f"{locks.described(self._noted())} had it meanwhile"
        except LockedError as locked:
            who = str(locked)
        self._note, self._is_overtaken = b"", True
        raise Conflict(f"the lock went with the connection: {who}")

    def _again(self, work: Callable[[], _Answer]) -> _Answer:
        """Done anew where the connection broke, as long as the server may be away."""
        with self._mutex:
            for left in reversed(range(_TRIES)):
                was_there = self.to.is_open or self._note
                try:
                    self._hold_on()
                    return work()
                except Lost:
                    if not left or not was_there:
                        raise
                    patience, self._patience = self._patience, QUICK  # nobody waits so long twice
                    self.to.open(patience)
                    self._patience = patience
            raise AssertionError

    def _found(self, command: Sequence[str]) -> bytes | None:
        """What it says of a file; None where there is none."""
        done = self.to.run(["env", "LC_ALL=C", *command], root=True)
        return None if done.status and "No such file or directory" in done.err else self._checked(done, command)

    def _do(self, command: Sequence[str]) -> None:
        self._checked(self.to.run(command, root=True), command)

    def _checked(self, done: Done, command: Sequence[str]) -> bytes:
        if done.status:
            mend = "make room" if "No space left" in done.err or "quota" in done.err else "mend that"
            raise SlipwayError(f"{self.login}: store: `{command[0]}` failed ({done.last}); {mend}, then run it again")
        return done.out

    def _at(self, name: str) -> str:
        if ".." in name.split("/"):  # a server that was broken into may name what it likes
            raise SlipwayError(f"{self.login}: store: wanted the name of an object, found {shown(name)}; nothing was done")
        return f"{self.path}/{name}".rstrip("/")


class LockProcess:
    """The process, which writes the `note` if there is one; `is_held`: else somebody else holds the
    lock.

    Raises `Lost`, and `SlipwayError` where the file can't be locked."""

    def __init__(self, to: Connection, path: str, note: str = "") -> None:
        flock = ["flock", "--nonblock", "--conflict-exit-code", str(_TAKEN), path]
        self._process = to.start([*flock, "bash", "-c", _HOLD, "hold-lock", note, path], root=True)
        try:
            ended = wait_for(self._begin())
        except (asyncssh.Error, OSError) as error:
            raise to.lost("flock", str(error)) from None
        self.is_held = ended is None
        if ended and (done := to.ended("flock", ended)).status != _TAKEN:
            raise SlipwayError(f"{to.login}: {path} can't be locked ({done.err.strip()}); mend that, then run it again")

    @property
    def is_lost(self) -> bool:
        """The connection broke, or the process ended."""
        return self._process.is_closing() or self._process.exit_status is not None

    def end(self) -> None:
        """Lets go of the lock."""
        wait_for(self._end())

    async def _begin(self) -> asyncssh.SSHCompletedProcess | None:
        """How the process ended; None where it holds the lock."""
        if await self._answered() == b"\n":
            self._beat = asyncio.create_task(self._beats())
            return None
        with suppress(BrokenPipeError):
            self._process.stdin.write_eof()
        return await self._process.wait()

    async def _answered(self) -> bytes:
        with suppress(BrokenPipeError):  # it ended before
            self._process.stdin.write(b"\n")
        return await line_of(self._process.stdout)

    async def _beats(self) -> None:
        with suppress(asyncssh.Error, OSError):  # told where the lock is needed next
            while not self._process.is_closing():
                await asyncio.gather(self._answered(), asyncio.sleep(_BEAT))

    async def _end(self) -> None:
        self._beat.cancel()
        if not self._process.is_closing():
            self._process.stdin.write_eof()
            await asyncio.wait([asyncio.ensure_future(self._process.wait_closed())], timeout=_ENDS)
        self._process.close()
