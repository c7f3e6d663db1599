"""apt reads its files anew each time: all there is to do is to see that it can."""

from __future__ import annotations

from pathlib import Path

from . import run


def apply(paths: list[Path]) -> None:
    """Reads the whole configuration once."""
    run("apt-config", "dump")


def withdraw(paths: list[Path]) -> None:
    """Nothing runs of it."""
