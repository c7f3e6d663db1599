"""nginx: a master that keeps its sockets over a reload, workers that finish what they have."""

from __future__ import annotations

import os
from pathlib import Path

from ...base.places import Places
from ...base.processes import become
from ...base.user import front_group

STOP = "QUIT"  # finishes the requests in flight; TERM, by which Supervisor stops all, cuts them
RELOAD: str | None = "HUP"
UNIT = "nginx.service"  # of the package: kept from starting


def serve(places: Places, folder: Path) -> None:
    become(_command(places, folder, "daemon off;"))


def test(places: Places, folder: Path) -> list[str]:
    return [*_command(places, folder), "-t", "-q"]


def _command(places: Places, folder: Path, directives: str = "") -> list[str]:
    """Root, as it never is on a server, names the app's user: a test too hands it folders."""
    if os.geteuid() == 0 and not places.facts.front_user:
        directives += f" user {places.facts.user or 'root'} {front_group() or ''};"
    command = [places.front_binaries["nginx"], "-e", "stderr", "-c", str(folder / "nginx.conf")]
    return [*command, "-g", directives] if directives else command
