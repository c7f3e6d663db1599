"""Apache with the event MPM: its parent keeps the listening sockets over a graceful restart."""

from __future__ import annotations

import grp
import os
from pathlib import Path

from ...base import Places, unlink
from ...base.processes import become

STOP = "WINCH"  # finishes the requests in flight; TERM, by which Supervisor stops all, cuts them
RELOAD: str | None = "USR1"
UNIT = "apache2.service"  # of the package: kept from starting
RENEW = "USR1"  # it reads a certificate as it starts, and again when it is told to


def serve(places: Places, folder: Path) -> None:
    """Becomes Apache, in the foreground. A number in its pid file that is in use would end it."""
    unlink(places.front_process.with_name("pid"))
    become([*_command(places, folder), "-D", "FOREGROUND"])


def test(places: Places, folder: Path) -> list[str]:
    """The command that says whether Apache takes the configuration."""
    return [*_command(places, folder), "-t"]


def _command(places: Places, folder: Path) -> list[str]:
    """Root, as it never is on a server, gives Apache the app's user for its children."""
    command = [places.front_binaries["apache"], "-f", str(folder / "apache.conf")]
    user = places.user
    if os.geteuid() == 0 and user is not None and not places.facts.front_user:
        command += ["-C", f"User {user.pw_name}", "-C", f"Group {grp.getgrgid(user.pw_gid).gr_name}"]
    return command
