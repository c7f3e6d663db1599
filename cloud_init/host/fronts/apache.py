"""Apache with the event MPM: its parent keeps the listening sockets over a graceful restart."""

from __future__ import annotations

import grp
import os
from pathlib import Path

from ..places import Places
from ..processes import become

STOP = "WINCH"  # finishes the requests in flight; Supervisor's own TERM cuts them
RELOAD: str | None = "USR1"


def serve(places: Places, folder: Path) -> None:
    """Becomes Apache, in the foreground."""
    become([*_command(places, folder), "-D", "FOREGROUND"])


def test(places: Places, folder: Path) -> list[str]:
    """The command that says whether Apache takes the configuration."""
    return [*_command(places, folder), "-t"]


def _command(places: Places, folder: Path) -> list[str]:
    """As root it is told the app's user: its children become that, and the parent alone stays root."""
    command = [places.facts["front"]["binaries"]["apache"], "-f", str(folder / "apache.conf")]
    user = places.user
    if os.geteuid() == 0 and user is not None:
        command += ["-C", f"User {user.pw_name}", "-C", f"Group {grp.getgrgid(user.pw_gid).gr_name}"]
    return command
