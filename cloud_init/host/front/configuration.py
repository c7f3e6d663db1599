"""The front server: its configuration in force, and its reload when a release brings another one.
The maintenance page is a file that front servers look for at each request."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from ..base import Places, Refused, link, note, processes, target, template, unlink, write
from ..base.files import read_foreign
from ..processes.managers import Manager
from . import servers


def serving(places: Places) -> str:
    """The kind of front server that was started last; without a note, that of its configuration."""
    noted = read_foreign(places.serving)
    return noted if noted in servers.SERVERS else servers.find(places, places.front)


def check_port(places: Places) -> None:
    """Refuses a port that somebody else holds, before anything is changed."""
    if places.facts.containers:  # each has ports of its own
        return
    address, port = places.facts.front.listen
    noted = target(places.etc / "front.listen") or ""
    same = noted == f"{address}:{port}" or not re.fullmatch(r"[^/]+:[0-9]+", noted)  # lost or damaged
    # The manager may run a launcher that found nothing to run yet: only a front server is noted.
    if processes.recorded(places.front_process) and same:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            why = "taken by another program" if error.errno == 98 else f"not to be had ({error.strerror})"
            raise Refused(
                f"port {port}: wanted {address}:{port} for the front server, found it {why}; end what listens there, or set another port"
            ) from None


def install(places: Places, manager: Manager, folder: Path) -> None:
    """Puts the configuration in `folder` in force; the first one without starting a server."""
    before = target(places.front)
    link(places.front, str(folder))
    link(places.etc / "front.listen", "{}:{}".format(*places.facts.front.listen))
    if before is None or target(places.live) is None:
        return
    if not manager.status("front").runs or is_another(places):
        note(f"the front server is started: {servers.find(places, places.front)}")
        manager.restart("front")
    elif _content(Path(before)) != _content(folder):
        reload(places, manager)


def is_another(places: Places) -> bool:
    """Whether what serves isn't what the configuration in force is for: its program came to this
    machine, or went, and the relay stands in."""
    return serving(places) != servers.find(places, places.front)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}


def reload(places: Places, manager: Manager) -> None:
    """New workers with the new configuration; the old ones finish what they have in hand."""
    signal = servers.SERVERS[serving(places)].reload
    if signal and manager.status("front").runs:
        manager.signal("front", signal)


def is_page_up(places: Places) -> bool:
    """Whether users meet the page now."""
    return (places.etc / servers.MAINTENANCE).is_file()


def switch_page(places: Places, wanted: bool) -> None:
    if wanted:
        write(places.etc / servers.MAINTENANCE, template(__package__, servers.MAINTENANCE).encode())
    else:
        unlink(places.etc / servers.MAINTENANCE)
