"""Units of systemd. One that says when it is wanted (`[Install]`) is enabled and started anew."""

from __future__ import annotations

from pathlib import Path

from . import run

_UNITS = (".service", ".timer", ".socket", ".path", ".mount")


def apply(paths: list[Path]) -> None:
    """Reads all units, once, for that takes its time; then starts those that belong to a boot."""
    wanted = _wanted(paths)
    if wanted:
        run("systemctl", "reenable", "--no-reload", *wanted)
    run("systemctl", "daemon-reload")
    if wanted:
        run("systemctl", "restart", *wanted)


def withdraw(paths: list[Path]) -> None:
    """Stops them, and takes them out of the boot."""
    wanted = _wanted(paths)
    if wanted:
        run("systemctl", "disable", "--no-reload", "--now", *wanted)


def _wanted(paths: list[Path]) -> list[str]:
    return [path.name for path in paths if path.suffix in _UNITS and "\n[Install]\n" in path.read_text(encoding="utf-8")]
