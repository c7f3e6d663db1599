"""Settings of the kernel."""

from __future__ import annotations

from pathlib import Path

from . import run


def apply(paths: list[Path]) -> None:
    """By systemd's own unit, which leaves out what a container can't set."""
    run("systemctl", "restart", "systemd-sysctl.service")


def withdraw(paths: list[Path]) -> None:
    """The kernel's own values come back with the next boot."""
