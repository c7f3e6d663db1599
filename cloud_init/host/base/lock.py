"""One run at a time: a lock that the kernel lets go of when its holder dies, with a note of who holds it, why and since when."""

from __future__ import annotations

import errno
import fcntl
import getpass
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .files import make_way, read_text
from .outcome import Locked, note


@contextmanager
def held(path: Path, reason: str, wait: float = 300, say: Callable[[str], None] = note, holder: str = "") -> Iterator[None]:
    """Holds the lock for `reason`; waits up to `wait` seconds and says for whom. Raises `Locked` after that.

    `holder`: who is meant, where that isn't who runs this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    make_way(path)
    with open(path, "a+", encoding="utf-8") as file:
        _acquire(file.fileno(), path, wait, say)
        _sign(file.fileno(), path, {"holder": holder or actor(), "pid": os.getpid(), "reason": reason, "since": time.time()})
        yield
        file.truncate(0)


def _sign(descriptor: int, path: Path, holder: dict[str, Any]) -> None:
    """The note is for people: a full disk keeps nobody from the lock, for that may be what makes room."""
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(holder).encode())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(error.errno, error.strerror, str(path)) from None


def actor() -> str:
    """Who acts: user@machine."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _acquire(descriptor: int, path: Path, wait: float, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait
    told = False
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = described(read_text(path))
        if not told:
            say(f"waiting for {holder}")
            told = True
        if time.monotonic() > deadline:
            raise Locked(f"{path}: wanted the lock, found it held by {holder}; wait, or end that process")
        time.sleep(0.2)


def described(note: bytes | str | None) -> str:
    """The holder of a lock, for people, from what `held` or a rollout's lock notes of it."""
    try:
        told = json.loads(note or "")
        since = time.strftime("%H:%M:%S", time.localtime(told["since"]))
        return f"{told['holder']} ({told['reason']}, since {since}, process {told['pid']})"
    except (ValueError, KeyError, TypeError):
        return "another run"
