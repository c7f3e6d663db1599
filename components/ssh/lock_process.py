"""A lock that a process on a server holds for as long as this end of its connection is heard of."""

import asyncio
from contextlib import suppress
from pathlib import Path

import asyncssh

from components.errors import SlipwayError
from components.ssh.connection import Connection
from components.ssh.loop import line_of, wait_for

_SCRIPT = (Path(__file__).parent / "hold-lock.sh").read_text(encoding="utf-8")
_BEAT = 5.0  # seconds; the script waits for six of them
_TAKEN = 75  # exit status where another process holds the lock
_ENDS = 5.0  # seconds


class LockProcess:
    """The process, which writes the `note` if there is one; `is_held`: else somebody else holds the
    lock.

    Raises `Lost`, and `SlipwayError` where the file can't be locked."""

    def __init__(self, to: Connection, path: str, note: str = "") -> None:
        flock = ["flock", "--nonblock", "--conflict-exit-code", str(_TAKEN), path]
        self._process = to.start([*flock, "bash", "-c", _SCRIPT, "hold-lock", note, path], root=True)
        try:
            self.is_held, status, errors = wait_for(self._begin())
        except (asyncssh.Error, OSError) as error:
            raise to.lost("flock", str(error)) from None
        if not self.is_held and status is None:
            raise to.lost("flock")
        if not self.is_held and status != _TAKEN:
            raise SlipwayError(f"{to.login}: {path} can't be locked ({errors}); mend that, then run it again")

    @property
    def is_lost(self) -> bool:
        """The connection broke, or the process ended."""
        return self._process.is_closing() or self._process.exit_status is not None

    def end(self) -> None:
        """Lets go of the lock."""
        wait_for(self._end())

    async def _begin(self) -> tuple[bool, int | None, str]:
        """Whether it is held; else the exit status and its last words."""
        if await self._answered() == b"\n":
            self._beat = asyncio.create_task(self._beats())
            return True, None, ""
        with suppress(BrokenPipeError):
            self._process.stdin.write_eof()
        done = await self._process.wait()
        return False, done.returncode, bytes(done.stderr or b"").decode(errors="replace").strip()  # type: ignore[arg-type]

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
