"""The front server: its configuration in force, and its reload or change when a release brings another."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

from . import fronts, manifests, processes
from .files import link, tail, target
from .materialise import front_content
from .outcome import Refused, note
from .places import HTTP, Places
from .supervisor import Supervisor, log_path

_PATIENCE = 30  # seconds for requests in flight when the front server that has them goes
_START = 10  # seconds until another front server takes connections


def is_running(supervisor: Supervisor) -> bool:
    """True while the front server's program runs."""
    return bool(supervisor.info("front")["statename"] in ("STARTING", "RUNNING"))


def serving(places: Places) -> str:
    """The kind of front server that was started last; where that note is lost, the one that the configuration in force is for."""
    noted = places.serving.read_text(errors="replace") if places.serving.is_file() else ""
    return noted if noted in fronts.known() else fronts.name(fronts.find(places, places.front))


def check_port(places: Places) -> None:
    """Refuses a port that somebody else holds, before anything is changed."""
    address, port = places.facts["front"]["listen"]
    # What the supervisor calls running may be a launcher that found nothing to run yet: only a front server is noted.
    if processes.recorded(places.front_process) and not _listen_changed(places):
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


def fits(places: Places, folder: Path) -> bool:
    """True if the colour that is live now listens where the configuration in `folder` asks: it is then put in force before the flip."""
    return target(places.live) is None or (places.live / _socket(folder)).is_socket()


def install(places: Places, supervisor: Supervisor, folder: Path) -> None:
    """Puts the configuration in `folder` in force; where nothing was live yet, the front server is left to be started."""
    before = target(places.front)
    same = before is not None and front_content(Path(before)) == front_content(folder)
    settle = before is not None and _socket(Path(before)) != _socket(folder)
    link(places.front, str(folder))
    link(places.etc / "front.listen", "{}:{}".format(*places.facts["front"]["listen"]))
    if before is None or target(places.live) is None:
        return
    if not is_running(supervisor):
        supervisor.restart("front")
    elif not change_if_other(places, supervisor) and not same:
        _reload(places, supervisor, settle)


def change_if_other(places: Places, supervisor: Supervisor) -> bool:
    """Starts the front server that the configuration in force is for, where another serves; True if so."""
    before, wanted = serving(places), fronts.name(fronts.find(places, places.front))
    if before == wanted:
        return False
    note(f"the front server changes from {before} to {wanted}, which interrupts service for a moment")
    stop(places, supervisor)
    supervisor.restart("front")
    _await_start(places, supervisor, wanted)
    return True


def stop(places: Places, supervisor: Supervisor) -> None:
    """Stops the front server; requests in flight are finished."""
    supervisor.stop_by("front", fronts.module(serving(places)).STOP, _PATIENCE)


def _await_start(places: Places, supervisor: Supervisor, kind: str) -> None:
    """Returns when the front server takes connections. Raises `Refused` as soon as it is clear that it doesn't."""
    log = log_path(places, "front")
    mark = log.stat().st_size if log.exists() else 0
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline and supervisor.info("front")["statename"] in ("STARTING", "RUNNING"):
        try:
            return socket.create_connection(tuple(places.facts["front"]["listen"]), timeout=1).close()
        except OSError:
            time.sleep(0.05)
    raise Refused(f"{kind} ended as it started, or takes no connections", log=tail(log, 20, mark))


def _reload(places: Places, supervisor: Supervisor, settle: bool) -> None:
    """New workers with the new configuration; the old ones finish what they have. `settle`: wait until they have."""
    signal = fronts.module(serving(places)).RELOAD
    if signal is None:
        return
    workers = processes.children(int(supervisor.info("front")["pid"]))
    supervisor.signal("front", signal)
    deadline = time.monotonic() + _PATIENCE
    while settle and any(processes.started(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)


def _socket(folder: Path) -> str:
    """The socket of a colour that a front configuration speaks to."""
    return str(manifests.peek(folder.parent).get("socket", HTTP))


def _listen_changed(places: Places) -> bool:
    """A note that is lost or damaged says nothing: the front server that runs is this host's own."""
    noted = target(places.etc / "front.listen") or ""
    return bool(re.fullmatch(r"[^/]+:[0-9]+", noted)) and noted != "{}:{}".format(*places.facts["front"]["listen"])


def _why(error: OSError) -> str:
    return "taken by another program" if error.errno == 98 else f"not to be had ({error.strerror})"
