"""The extra processes (workers, schedulers): one set runs, that of the release that serves."""

import time

from ..base.outcome import Refused, note
from ..base.places import Colour, Places, other
from ..release import manifests
from .managers.contract import Manager
from .programs import CRON, of_colour, process

_CALM = 2.0  # seconds that a process must run to count as started; that of a manager is shorter


def switch(places: Places, manager: Manager, colour: Colour) -> None:
    """Stops the other colour's processes, then starts this one's: two schedulers do all twice.

    Raises `Refused` when one ends as it starts."""
    stop(manager, other(colour.name))
    found = manifests.peek(colour.link.resolve())
    wanted = {name: process(colour.name, name, command) for name, command in (found.processes if found else {}).items()}
    for program in set(of_colour(manager.programs(), colour.name)) - {one.name for one in wanted.values()}:
        manager.remove(program)
    logs = {name: manager.log_from_now(one.name) for name, one in wanted.items()}
    for one in wanted.values():
        manager.add(one)
    deadline = time.monotonic() + _CALM
    while wanted and time.monotonic() < deadline:
        time.sleep(0.1)
        for name, one in wanted.items():
            if manager.status(one.name).ended:
                setting = f"slipway:app.{name}" if name == CRON else f"slipway:app.processes.{name}"
                raise Refused(f"{setting} ended as it started", log=logs[name](20))


def resume(places: Places, manager: Manager, colour: Colour) -> None:
    """Does as `switch`; a process that doesn't start is a note, and tried again by the manager."""
    try:
        switch(places, manager, colour)
    except Refused as refused:
        note(f"{refused}: {' / '.join(refused.log[-3:])}")


def stop(manager: Manager, colour: str) -> None:
    """Stops a colour's processes; each gets its grace to finish what it has in hand."""
    for name in of_colour(manager.programs(), colour):
        manager.remove(name)
