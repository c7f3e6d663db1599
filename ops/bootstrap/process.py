"""Running programs quietly, one environment at a time, with one line of words for each step."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol


class StepError(Exception):
    """What went wrong, in the failing program's last words."""


class Run(Protocol):
    """Runs a program; gives its output, or raises `StepError`."""

    def __call__(self, *command: str | Path, env: Mapping[str, str] | None = None) -> str: ...


def say(text: str, end: str = "\n") -> None:
    """To standard error: standard output belongs to the command."""
    print(text, end=end, file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """One line: what is being done, then its seconds."""
    say(f"slipway: {text} … ", end="")
    start = time.monotonic()
    try:
        yield
    except BaseException:
        say("failed")
        raise
    say(f"{time.monotonic() - start:.1f} s")


@contextmanager
def locked(path: Path) -> Iterator[Run]:
    """One at a time. The programs run inside keep the lock until they end, even when this process is killed."""
    with open(path, "a+") as lock:
        _take(lock)
        lock.truncate(0)
        print(os.getpid(), file=lock, flush=True)

        def run(*command: str | Path, env: Mapping[str, str] | None = None) -> str:
            return _run(lock, [str(word) for word in command], env)

        yield run


def _take(lock: IO[str]) -> None:
    """The system frees the lock with the last process that holds it, so it can't go stale."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        say(f"slipway: waiting for process {lock.read().strip() or '?'}, which is making the environment")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _run(lock: IO[str], command: list[str], env: Mapping[str, str] | None) -> str:
    keep = (lock.fileno(),)
    try:
        done = subprocess.run(command, env=env, pass_fds=keep, capture_output=True, text=True, check=False)
    except OSError as error:
        raise StepError(f"  {command[0]}: {error.strerror}") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-8:]
        raise StepError("\n".join(f"  {line}" for line in (" ".join(command[:4]) + " …", *last)))
    return done.stdout
