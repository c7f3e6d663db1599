"""A store's folder here, for a deployer at the other end of a pipe: it asks in a line of JSON with
`size` bytes after it, and is answered so. The rollout's lock is this process's. Half a minute in
which nothing is said, or read, at the other end ends both: nobody writes for one that slept."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, TextIO, TypeVar

from ..base import Refused, make_folder, read_text, refusal_of
from ..base import lock as locks
from ..stores import Conflict
from ..stores.file import FileStore

SILENCE = 30  # seconds; a deployer with the lock says a word each five
_PART = 1 << 16  # bytes, which the slowest line carries in that time
_Answer = TypeVar("_Answer")


def serve(folder: Path) -> None:
    """Answers until the pipe is closed."""
    served, source = _Served(folder), sys.stdin.buffer
    while line := _in_time(source.readline):
        asked, data = json.loads(line), bytearray()
        while (left := asked.get("size", 0) - len(data)) > 0:
            part = _in_time(source.read, min(left, _PART))
            if not part:  # the connection broke in the middle of an object
                return
            data += part
        if asked["do"] != "beat":
            _answer(served, asked, bytes(data))


class _Served:
    """The folder and its lock, whose note says who has it. The note stays where the lock went with
    the pipe: whoever finds its own there knows that nobody else had the lock meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.store = FileStore(folder)
        self.lock: Optional[TextIO] = None

    def done(self, asked: dict[str, Any], data: bytes) -> Any:
        do, names = asked["do"], asked.get("names", ())
        if do == "lock":
            return self._take(asked["note"], asked["again"])
        if do == "unlock":
            lock, self.lock = self.lock, None
            if lock:
                lock.truncate(0)
                lock.close()
            return None
        if do in ("get", "names"):
            return getattr(self.store, do)(*names)
        if asked["locked"] and not (self.lock and os.fstat(self.lock.fileno()).st_nlink):
            raise Conflict("the lock is gone, and may be another one's")
        if do == "put":
            return self.store.put(names[0], data)
        if do == "replace":
            old = asked["old"]  # how many of the bytes are what must be there now
            return self.store.replace(names[0], None if old is None else data[:old], data[old or 0 :])
        return self.store.delete(*names)  # of nothing: the question whether the lock is still held

    def _take(self, note: str, again: bool) -> Optional[str]:
        """The note of who holds it; None: it is held. Raises `Conflict` where it was to be
        taken `again`, and somebody else had it meanwhile."""
        make_folder(self.store.folder, 0o700)
        self.store.folder.chmod(0o700)
        file = locks.opened(self.store.lock_file)
        is_taken, found = locks.taken(file), read_text(self.store.lock_file)
        if is_taken and (found == note or not again):
            locks.sign(file, note)
            self.lock = file
            return None
        file.close()
        if is_taken:
            raise Conflict(f"{locks.described(found)} had it meanwhile")
        return found


def _answer(served: _Served, asked: dict[str, Any], data: bytes) -> None:
    found = b""
    try:
        told = {"ok": served.done(asked, data)}
        if isinstance(told["ok"], bytes):
            found = told["ok"]
            told = {"size": len(found)}
    except Conflict as conflict:
        told = {"conflict": str(conflict)}
    except (Refused, OSError) as error:
        told = {"refused": str(refusal_of(error))}
    left = memoryview(json.dumps(told).encode() + b"\n" + found)
    while left:
        left = left[_in_time(os.write, sys.stdout.fileno(), left[:_PART]) :]


def _in_time(work: Callable[..., _Answer], *given: Any) -> _Answer:
    """What it gives; later than that the signal ends this process."""
    signal.alarm(SILENCE)
    answer = work(*given)
    signal.alarm(0)
    return answer
