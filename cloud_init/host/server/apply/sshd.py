"""sshd: asked before it is told, because a wrong word would lock everybody out. Sessions that are open stay."""

from __future__ import annotations

import shutil
from pathlib import Path

from ...base.outcome import note
from . import run

_WANTED = ("passwordauthentication no", "kbdinteractiveauthentication no")


def apply(paths: list[Path]) -> None:
    """`sshd -t`, then a reload where it runs: one that is started by its socket reads its files by itself."""
    if not Path("/usr/sbin/sshd").exists():
        return
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # made by its unit, which may not have run yet
    run("/usr/sbin/sshd", "-t")
    in_force = run("/usr/sbin/sshd", "-T").splitlines()
    for missing in [line for line in _WANTED if paths and line not in in_force]:
        note(f"sshd: {missing!r} is not in force: /etc/ssh/sshd_config says otherwise before it includes sshd_config.d")
    if shutil.which("systemctl"):
        run("systemctl", "try-reload-or-restart", "ssh.service")


def withdraw(paths: list[Path]) -> None:
    """What the system's own files say comes back with the reload."""
