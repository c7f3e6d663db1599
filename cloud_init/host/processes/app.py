"""The app of the release that serves: stopped for a while with its processes, started again."""

from __future__ import annotations

from ..base.files import unlink
from ..base.outcome import Refused, note
from ..base.places import Colour, Places
from ..release import manifests
from ..rollout import drain, gate, state
from ..rollout.state import Live
from . import extra
from .managers.contract import Manager


def is_well(places: Places, live: Live) -> bool:
    """Whether it answers at its health path now, asked on its own socket."""
    manifest = manifests.read(places.release(live.release))
    answer = gate.ask(gate.over_socket(str(live.colour.socket)), manifest.health)
    return gate.is_good(answer, live.release)


def stop(places: Places, manager: Manager, live: Live) -> None:
    """Stops all that writes: requests in flight finish, a prepared candidate goes too."""
    unload(manager, state.idle(places))
    extra.stop(manager, live.colour.name)
    drain.wait(live.colour.sockets)
    manager.stop(live.colour.name)


def start(places: Places, manager: Manager, live: Live, must_be_well: bool) -> None:
    """Starts the web server, then the extra processes. Raises `Refused` where it must be well."""
    log = manager.log_from_now(live.colour.name)
    manifest = manifests.read(places.release(live.release))
    manager.restart(live.colour.name)
    try:
        connect = gate.over_socket(str(live.colour.socket))
        gate.wait(connect, manifest.health, live.release, lambda: dead(manager, live.colour))
    except Refused as refused:
        refused.log = refused.log or log(20)
        if must_be_well:
            raise
        note(f"release {live.release} is not well: {refused}")
    extra.resume(places, manager, live.colour)


def unload(manager: Manager, colour: Colour) -> None:
    """Stops a colour with its processes and unlinks its release, so that it stays stopped."""
    extra.stop(manager, colour.name)
    manager.stop(colour.name)
    unlink(colour.link)


def dead(manager: Manager, colour: Colour) -> str | None:
    """Why the server can't answer any more, if so."""
    return "the server ended as it started" if manager.status(colour.name).ended else None
