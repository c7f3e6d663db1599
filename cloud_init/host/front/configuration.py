"""The front server: its configuration in force, and its reload or change when a release brings another."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

from ..base import processes
from ..base.files import link, target
from ..base.outcome import Refused, note
from ..base.places import HTTP, Places
from ..contracts.manifest import Manifest
from ..processes.managers.contract import Manager
from ..release import manifests
from ..release.files import front_content
from ..rollout import gate
from ..rollout.gate import Connect
from . import servers, swap


def is_running(manager: Manager) -> bool:
    """True while the front server's program runs."""
    return manager.told("front").runs


def serving(places: Places) -> str:
    """The kind of front server that was started last; where that note is lost, the one that the configuration in force is for."""
    noted = places.serving.read_text(errors="replace") if places.serving.is_file() else ""
    return noted if noted in servers.known() else servers.name(servers.find(places, places.front))


def asked(places: Places, manifest: Manifest) -> Connect:
    """How to ask the front server what users will ask: where there is TLS, plain HTTP may only send them there."""
    address, port = places.facts.front.listen
    tls = manifest.tls
    return gate.over_tls(address, tls.port, tls.domain) if tls else gate.over_network(address, port)


def check_port(places: Places) -> None:
    """Refuses a port that somebody else holds, before anything is changed."""
    address, port = places.facts.front.listen
    # What a manager calls running may be a launcher that found nothing to run yet: only a front server is noted.
    if processes.recorded(places.front_process) and not _listen_changed(places):
        return
    held = _held(address, port)
    if held:
        raise Refused(
            f"port {port}: wanted {address}:{port} for the front server, found it {_why(held)}; end what listens there, or set another port"
        )


def await_port(places: Places) -> None:
    """Waits while another front server, on its way out, is told to let go of the port."""
    while places.front_awaits.exists() and _held(*places.facts.front.listen):
        time.sleep(0.005)


def _held(address: str, port: int) -> OSError | None:
    """Why the port can't be had."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error
    return None


def fits(places: Places, folder: Path) -> bool:
    """True if the colour that is live now listens where the configuration in `folder` asks: it is then put in force before the flip."""
    return target(places.live) is None or (places.live / _socket(folder)).is_socket()


def install(places: Places, manager: Manager, folder: Path) -> None:
    """Puts the configuration in `folder` in force; where nothing was live yet, the front server is left to be started."""
    before = target(places.front)
    same = before is not None and front_content(Path(before)) == front_content(folder)
    settle = before is not None and _socket(Path(before)) != _socket(folder)
    link(places.front, str(folder))
    link(places.etc / "front.listen", "{}:{}".format(*places.facts.front.listen))
    if before is None or target(places.live) is None:
        return
    if not is_running(manager):
        manager.restart("front")
    elif not change_if_other(places, manager) and not same:
        _reload(places, manager, settle)


def change_if_other(places: Places, manager: Manager) -> bool:
    """Starts the front server that the configuration in force is for, where another serves; True if so."""
    before, wanted = serving(places), servers.name(servers.find(places, places.front))
    if before == wanted:
        return False
    note(f"the front server changes from {before} to {wanted}, which interrupts service for a moment")
    swap.change(places, manager, servers.module(before).STOP, servers.module(wanted).STOP)
    return True


def stop(places: Places, manager: Manager) -> None:
    """Stops the front server; requests in flight are finished."""
    manager.stop_by("front", servers.module(serving(places)).STOP, swap.PATIENCE)


def _reload(places: Places, manager: Manager, settle: bool) -> None:
    """New workers with the new configuration; the old ones finish what they have. `settle`: wait until they have."""
    signal = servers.module(serving(places)).RELOAD
    if signal is None:
        return
    workers = processes.children(manager.told("front").pid or 0)
    manager.signal("front", signal)
    deadline = time.monotonic() + swap.PATIENCE
    while settle and any(processes.started(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)


def _socket(folder: Path) -> str:
    """The socket of a colour that a front configuration speaks to."""
    found = manifests.peek(folder.parent)
    return found.socket if found else HTTP


def _listen_changed(places: Places) -> bool:
    """A note that is lost or damaged says nothing: the front server that runs is this host's own."""
    noted = target(places.etc / "front.listen") or ""
    return bool(re.fullmatch(r"[^/]+:[0-9]+", noted)) and noted != "{}:{}".format(*places.facts.front.listen)


def _why(error: OSError) -> str:
    return "taken by another program" if error.errno == 98 else f"not to be had ({error.strerror})"
