"""One run at a time: a lock that the kernel lets go of when its holder dies, with a note of who."""

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
from typing import Any, TextIO, Union

from .files import make_way, private_file, read_text
from .outcome import Locked, note

Note = Union[str, bytes, None]  # who holds a lock, why and since when: JSON, as `signed` makes it


@contextmanager
def held(path: Path, reason: str, wait: float = 300, say: Callable[[str], None] = note) -> Iterator[None]:
    """Holds the lock for `reason`; waits `wait` seconds, says for whom, then raises `Locked`."""
    with opened(path) as file:
        acquire(str(path), lambda: None if taken(file) else read_text(path), wait, say, 0.2)
        sign(file, json.dumps(signed(reason)))
        yield
        file.truncate(0)


def opened(path: Path) -> TextIO:
    """The lock's file, made where there is none; the lock goes when it is closed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    make_way(path)
    file = open(path, "a+", encoding="utf-8", opener=private_file)  # noqa: SIM115  the caller closes it
    if os.fstat(file.fileno()).st_uid == os.geteuid():
        os.fchmod(file.fileno(), 0o600)  # whoever could open it could hold it
    return file


def taken(file: TextIO) -> bool:
    """Takes the lock, unless somebody else holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def acquire(name: str, take: Callable[[], Note], wait: float, say: Callable[[str], None], pause: float) -> None:
    """Calls `take` until it gives None: the lock is held. Else it gives the note of who holds it,
    and `say` hears of them. Raises `Locked` after `wait` seconds; `pause` between two tries."""
    deadline, told = time.monotonic() + wait, None
    while (found := take()) is not None:
        if found != told:
            told = found
            say(f"waiting for {described(found)}")
        if time.monotonic() > deadline:
            raise Locked(f"{name}: wanted the lock, found it held by {described(found)}; wait, or end that process")
        time.sleep(pause)


def signed(reason: str) -> dict[str, Any]:
    """The note of who holds a lock: this process."""
    return {"holder": actor(), "pid": os.getpid(), "reason": reason, "since": time.time()}


def sign(file: TextIO, text: str) -> None:
    """The note is for people: a full disk keeps nobody from the lock, which may make room."""
    try:
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), text.encode())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(error.errno, error.strerror, file.name) from None


def actor() -> str:
    """This process's user and machine: user@machine."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def described(note: Note) -> str:
    """The holder of a lock, for people, from what `held` or a rollout's lock notes of it."""
    try:
        told = json.loads(note or "")
        since = time.strftime("%H:%M:%S", time.localtime(told["since"]))
        return f"{told['holder']} ({told['reason']}, since {since}, process {told['pid']})"
    except (ValueError, KeyError, TypeError):
        return "another run"
