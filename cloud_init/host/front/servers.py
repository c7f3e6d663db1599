"""Front servers, a row each. `NAME.conf` in the configuration is served by NAME, or, where that
lacks its program, by the relay."""

from __future__ import annotations

import grp
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from ..base.places import Places
from ..base.user import front_group

STAND_IN = "relay"
MAINTENANCE = "maintenance.html"


class Server(NamedTuple):
    """A front server; its signals are named as kill(1) has them."""

    stop: str
    """Finishes the requests in flight; TERM, by which Supervisor stops all, cuts them."""
    reload: str | None
    """None: it reads no configuration."""
    command: Callable[[Places, Path], list[str]]
    """For the configuration in that folder."""
    serve: tuple[str, ...] = ()
    """More words, with which it serves in the foreground."""
    test: tuple[str, ...] = ()
    """More words, with which it says whether it takes the configuration."""
    renew: str | None = None
    """Has it read a certificate anew, where it does so only as it starts."""


def find(places: Places, folder: Path) -> str:
    """The name of the front server that serves the configuration in that folder."""
    wanted = kind(folder.glob("*.conf"))
    return wanted if wanted and places.front_binaries.get(wanted) else STAND_IN


def kind(files: Iterable[Path]) -> str | None:
    """The front server that those files are for, whether it is here or not."""
    return next((path.stem for path in sorted(files) if path.suffix == ".conf" and path.stem in SERVERS), None)


def _nginx(places: Places, folder: Path) -> list[str]:
    """Root, as it never is on a server, names the app's user: a test too hands it folders."""
    given = os.geteuid() == 0 and not places.facts.front_user
    user = f" user {places.facts.user or 'root'} {front_group() or ''};" if given else ""
    return [places.front_binaries["nginx"], "-e", "stderr", "-c", str(folder / "nginx.conf"), "-g", f"daemon off;{user}"]


def _apache(places: Places, folder: Path) -> list[str]:
    """Root, as it never is on a server, gives Apache the app's user for its children."""
    command = [places.front_binaries["apache"], "-f", str(folder / "apache.conf")]
    user = places.user
    if os.geteuid() == 0 and user is not None and not places.facts.front_user:
        command += ["-C", f"User {user.pw_name}", "-C", f"Group {grp.getgrgid(user.pw_gid).gr_name}"]
    return command


SERVERS = {
    "apache": Server("WINCH", "USR1", _apache, ("-D", "FOREGROUND"), ("-t",), renew="USR1"),  # the event MPM: it keeps its sockets
    "nginx": Server("QUIT", "HUP", _nginx, test=("-t", "-q")),
    STAND_IN: Server("TERM", None, lambda places, folder: []),
}
