"""One run at a time on a stack: a lock that ends with its holder, and a note of who holds it since when."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from components.errors import LockedError, SlipwayError
from components.store import actor

_WAIT = 900  # seconds


@contextmanager
def held(path: Path, command: str, say: Callable[[str], None], wait: float = _WAIT) -> Iterator[None]:
    """Holds the lock; waits for another run and says for whom. Raises `LockedError` after `wait` seconds."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115  closed below, after the lock
    except OSError as error:
        raise SlipwayError(f"{path.parent}: can't be written ({error.strerror}); Slipway keeps its state there") from None
    with file:
        _acquire(file.fileno(), path, say, wait)
        file.truncate(0)
        file.write(json.dumps({"holder": actor(), "pid": os.getpid(), "command": command, "since": time.time()}))
        file.flush()
        yield
        file.truncate(0)


def _acquire(descriptor: int, path: Path, say: Callable[[str], None], wait: float) -> None:
    deadline = time.monotonic() + wait
    told = False
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(path)
        if not told:
            say(f"waiting for {holder}")
            told = True
        if time.monotonic() > deadline:
            raise LockedError(f"{path}: held by {holder}; wait, or end that process")
        time.sleep(0.2)


def _holder(path: Path) -> str:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        since = time.strftime("%H:%M:%S", time.localtime(told["since"]))
        return f"{told['holder']} ({told['command']}, since {since}, process {told['pid']})"
    except (OSError, ValueError, KeyError):
        return "another run"
