"""The front server's configuration in force, and its reload when a release brings another."""

from __future__ import annotations

import socket
from pathlib import Path

from .files import link, target
from .materialise import front_content
from .outcome import Refused
from .places import Places
from .supervisor import Supervisor


def is_running(supervisor: Supervisor) -> bool:
    """True while the front server's program runs."""
    return bool(supervisor.info("front")["statename"] in ("STARTING", "RUNNING"))


def check_port(places: Places, supervisor: Supervisor) -> None:
    """Refuses a port that somebody else holds, before anything is changed."""
    address, port = places.facts["front"]["listen"]
    if is_running(supervisor) and not _listen_changed(places):
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise Refused(
                f"port {port}: wanted {address}:{port} for the front server, found it {_why(error)}; "
                "end what listens there, or set another port"
            ) from None


def install(places: Places, supervisor: Supervisor, release: Path) -> str | None:
    """Puts the release's front configuration in force; the one before it if a reload was needed, else None."""
    before = target(places.front)
    same = before is not None and front_content(Path(before)) == front_content(release / "etc")
    link(places.front, str(release / "etc"))
    link(places.etc / "front.listen", "{}:{}".format(*places.facts["front"]["listen"]))
    if same or before is None or not is_running(supervisor):
        return None
    reload(places, supervisor)
    return before


def put_back(places: Places, supervisor: Supervisor, before: str | None) -> None:
    """Undoes `install`."""
    if before is not None:
        link(places.front, before)
        reload(places, supervisor)


def reload(places: Places, supervisor: Supervisor) -> None:
    """New workers with the new configuration, the old ones finish what they have."""
    if places.facts["front"]["kind"] != "relay":
        supervisor.signal("front", "HUP")


def _listen_changed(places: Places) -> bool:
    return target(places.etc / "front.listen") != "{}:{}".format(*places.facts["front"]["listen"])


def _why(error: OSError) -> str:
    return "taken by another program" if error.errno == 98 else f"not to be had ({error.strerror})"
