"""systemd's own time keeper, where that is the one."""

from __future__ import annotations

from pathlib import Path

from . import run

_UNIT = "systemd-timesyncd.service"
_PROGRAM = Path("/usr/lib/systemd/systemd-timesyncd")


def apply(paths: list[Path]) -> None:
    """Enabled, because nothing that comes as a package is; another time keeper that was here before goes on by itself."""
    if _PROGRAM.exists() and paths:
        run("systemctl", "enable", _UNIT)
        run("systemctl", "restart", _UNIT)


def withdraw(paths: list[Path]) -> None:
    """It goes on with its defaults."""
