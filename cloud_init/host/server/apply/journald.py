"""The journal's own limits."""

from __future__ import annotations

from pathlib import Path

from . import run


def apply(paths: list[Path]) -> None:
    """Started anew: it keeps what it wrote, and its sockets hold what is said meanwhile."""
    run("systemctl", "try-restart", "systemd-journald.service")


def withdraw(paths: list[Path]) -> None:
    """Its defaults come back when it is started anew."""
