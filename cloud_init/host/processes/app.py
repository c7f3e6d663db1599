"""The app of a release: its web server, whose socket is drained before it closes, and its extra
processes (workers, schedulers), of which one set runs, that of the release that serves."""

import os
import socket
import struct
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Optional

from ..base import Colour, Places, Refused, note, other, unlink
from ..contracts.manifest import Manifest
from ..release import manifests
from ..rollout import gate, state
from .managers import Manager
from .programs import CRON, process, split

_CALM = 2.0  # seconds that a process must run to count as started; that of a manager is shorter
_SOCK_DIAG, _BY_FAMILY, _REQUEST_DUMP = 4, 20, 0x301
_SHOW_NAME_AND_QUEUE = 0x11
_LISTENING = 1 << 10
_NAME, _QUEUE = 0, 4
_DRAINED = 0.3  # seconds of empty queue that count as drained: requests on their way have arrived


def is_well(places: Places, live: state.Live) -> bool:
    """Whether it answers at its health path now, asked on its own socket."""
    health = manifests.read(places.release(live.release)).health
    return gate.is_good(gate.ask(gate.over_socket(str(live.colour.socket)), health), live.release)


def await_well(manager: Manager, colour: Colour, manifest: Manifest) -> None:
    """Returns once it answers on its socket. Raises `Refused`, at once where its server ended."""

    def dead() -> Optional[str]:
        return "the server ended as it started" if manager.status(colour.name).ended else None

    gate.wait(gate.over_socket(str(colour.socket)), manifest.health, manifest.id, dead)


def stop(places: Places, manager: Manager, live: state.Live) -> None:
    """Stops all that writes: requests in flight finish, a prepared candidate goes too."""
    unload(manager, state.idle(places))
    stop_processes(manager, live.colour.name)
    drain(live.colour.socket)
    manager.stop(live.colour.name)


def start(places: Places, manager: Manager, live: state.Live, must_be_well: bool) -> None:
    """Starts the web server, then the extra processes. Raises `Refused` where it must be well."""
    log = manager.log_from_now(live.colour.name)
    manifest = manifests.read(places.release(live.release))
    manager.restart(live.colour.name)
    try:
        await_well(manager, live.colour, manifest)
    except Refused as refused:
        refused.log = refused.log or log(20)
        if must_be_well:
            raise
        note(f"release {live.release} is not well: {refused}")
    resume_processes(manager, live.colour)


def unload(manager: Manager, colour: Colour) -> None:
    """Stops a colour with its processes and unlinks its release, so that it stays stopped."""
    stop_processes(manager, colour.name)
    manager.stop(colour.name)
    unlink(colour.link)


def switch_processes(manager: Manager, colour: Colour) -> None:
    """Stops the other colour's processes, then starts this one's: two schedulers do all twice.

    Raises `Refused` when one ends as it starts."""
    stop_processes(manager, other(colour.name))
    found = manifests.peek(colour.link.resolve())
    wanted = [process(colour.name, name, command) for name, command in (found.processes if found else {}).items()]
    names = [one.name for one in wanted]
    stop_processes(manager, colour.name, but=names)
    logs = {name: manager.log_from_now(name) for name in names}
    for one in wanted:
        manager.add(one)
    deadline = time.monotonic() + _CALM
    while names and time.monotonic() < deadline:
        time.sleep(0.1)
        for name in names:
            if manager.status(name).ended:
                own = split(name)[1]
                setting = f"slipway:app.{own}" if own == CRON else f"slipway:app.processes.{own}"
                raise Refused(f"{setting} ended as it started", log=logs[name](20))


def resume_processes(manager: Manager, colour: Colour) -> None:
    """Does as `switch_processes`; one that doesn't start is a note: the manager tries it again."""
    try:
        switch_processes(manager, colour)
    except Refused as refused:
        note(f"{refused}: {' / '.join(refused.log[-3:])}")


def stop_processes(manager: Manager, colour: str, but: Collection[str] = ()) -> None:
    """Stops a colour's processes; each gets its grace to finish what it has in hand."""
    for name in manager.programs():
        if split(name)[0] == colour and name not in but:
            manager.remove(name)


def drain(path: Path, patience: float = 30) -> None:
    """Returns when a socket's queue was empty for a moment, or after `patience` seconds."""
    began = calm_since = time.monotonic()
    while (now := time.monotonic()) < began + patience:
        if queue(path):
            calm_since = now
        if now - calm_since >= _DRAINED:
            return
        time.sleep(0.02)


def queue(path: Path) -> int:
    """The connections that wait to be accepted at a unix socket; 0 if the kernel doesn't tell."""
    place = os.path.realpath(path).encode()
    try:
        return sum(waiting for name, waiting in _listening() if name and os.path.realpath(name) == place)
    except OSError:
        return 0


def _listening() -> list[tuple[bytes, int]]:
    """The path and queue of every listening unix socket of this machine, by sock_diag(7)."""
    body = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, _LISTENING, 0, _SHOW_NAME_AND_QUEUE, 0, 0)
    head = struct.pack("=IHHII", 16 + len(body), _BY_FAMILY, _REQUEST_DUMP, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as link:
        link.settimeout(1)
        link.send(head + body)
        sockets: list[tuple[bytes, int]] = []
        while True:
            data = link.recv(1 << 16)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind in (2, 3):  # an error, or the end
                    return sockets
                told = _attributes(data[32:length])
                sockets.append((told.get(_NAME, b"").rstrip(b"\0"), int.from_bytes(told.get(_QUEUE, b"")[:4], sys.byteorder)))
                data = data[(length + 3) & ~3 :]


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind] = data[4:length]
        data = data[(max(length, 4) + 3) & ~3 :]
    return found
