"""A range of addresses for one network, taken by a lock: many test runs share this machine, and each may be killed."""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .base import CACHE

_FIRST = "10.231"


@dataclass(frozen=True)
class Range:
    """10.231.`number`.0/24. Everything of the network is named after it; `lock` is let go when this process ends."""

    number: int
    lock: IO[str]

    @property
    def name(self) -> str:
        """Short enough for the name of a network interface, with a number behind it."""
        return f"slipway{self.number}"

    @property
    def folder(self) -> Path:
        """What is kept of the network's hosts."""
        return CACHE / "networks" / self.name

    def address(self, host: int) -> str:
        """1 is this machine."""
        return f"{_FIRST}.{self.number}.{host}"

    @property
    def network(self) -> str:
        """As a prefix."""
        return f"{self.address(0)}/24"


def take() -> Range:
    """The first that nobody has."""
    for found in free(range(256)):
        return found
    raise RuntimeError("no range of addresses is free")


def free(numbers: range) -> Iterator[Range]:
    """Each of these that nobody has, locked until it is let go."""
    locks = CACHE / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        lock = (locks / str(number)).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield Range(number, lock)


def left_over() -> Iterator[Range]:
    """Those whose test run was killed."""
    numbers = sorted(int(folder.name.removeprefix("slipway")) for folder in (CACHE / "networks").glob("slipway*"))
    for number in numbers:
        yield from free(range(number, number + 1))
