"""nginx: a master that keeps its listening sockets over a reload, workers that finish what they have."""

from __future__ import annotations

import os
from pathlib import Path

from ...base.places import Places
from ...base.processes import become
from ...base.user import front_group

STOP = "QUIT"  # finishes the requests in flight; Supervisor's own TERM cuts them
RELOAD: str | None = "HUP"
UNIT = "nginx.service"  # of the package: kept from starting


def serve(places: Places, folder: Path) -> None:
    """Becomes nginx, in the foreground."""
    become(_command(places, folder, "daemon off;"))


def test(places: Places, folder: Path) -> list[str]:
    """The command that says whether nginx takes the configuration."""
    return [*_command(places, folder), "-t", "-q"]


def _command(places: Places, folder: Path, directives: str = "") -> list[str]:
    """As root it is told the app's user, also for a test: it hands its folders to whom it thinks it will be. Not on a server."""
    if os.geteuid() == 0 and not places.role:
        directives += f" user {places.facts.user or 'root'} {front_group() or ''};"
    command = [places.front_binaries["nginx"], "-e", "stderr", "-c", str(folder / "nginx.conf")]
    return [*command, "-g", directives] if directives else command
