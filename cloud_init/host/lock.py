"""One run at a time on a host: a lock the kernel lets go of when its holder dies, with a note of who holds it."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .outcome import Locked, note


@contextmanager
def held(path: Path, reason: str, wait: float = 300) -> Iterator[None]:
    """Holds the lock for `reason`; waits up to `wait` seconds and says for whom."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        _acquire(file.fileno(), path, wait)
        file.truncate(0)
        json.dump({"holder": getpass.getuser(), "pid": os.getpid(), "reason": reason, "since": time.time()}, file)
        file.flush()
        yield
        file.truncate(0)


def _acquire(descriptor: int, path: Path, wait: float) -> None:
    deadline = time.monotonic() + wait
    told = False
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(path)
        if not told:
            note(f"waiting for {holder}")
            told = True
        if time.monotonic() > deadline:
            raise Locked(f"{path}: wanted the lock, found it held by {holder} for over {wait:.0f} s; wait, or end that process")
        time.sleep(0.2)


def _holder(path: Path) -> str:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return f"{told['holder']} ({told['reason']}, process {told['pid']}, {time.time() - told['since']:.0f} s)"
    except (OSError, ValueError, KeyError):
        return "another run"
