"""The extra processes (workers, schedulers): one set runs, that of the release that serves."""

import time
from collections.abc import Callable

from ..base.outcome import Refused, note
from ..base.places import Colour, Places, other
from ..release import manifests
from .managers.contract import Manager
from .programs import CRON, log_from_now, of_colour, process

_CALM = 2.0  # seconds that a process must run to count as started; that of a manager is shorter


def switch(places: Places, manager: Manager, colour: Colour) -> None:
    """Stops the other colour's processes, then starts this one's: two schedulers do all twice.

    Raises `Refused` when one ends as it starts."""
    stop(manager, other(colour.name))
    wanted = _wanted(colour)
    for name in set(of_colour(manager.programs(), colour.name)) - {process(colour.name, one).name for one in wanted}:
        manager.remove(name)
    logs = {name: log_from_now(places, process(colour.name, name).name) for name in wanted}
    for name, command in wanted.items():
        manager.add(process(colour.name, name, command))
    deadline = time.monotonic() + _CALM
    while wanted and time.monotonic() < deadline:
        time.sleep(0.1)
        for name in wanted:
            _check(manager, colour, name, logs[name])


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


def _wanted(colour: Colour) -> dict[str, str]:
    found = manifests.peek(colour.link.resolve())
    return found.processes if found else {}


def _check(manager: Manager, colour: Colour, name: str, log: Callable[[int], list[str]]) -> None:
    if manager.status(process(colour.name, name).name).ended:
        setting = f"slipway:app.{name}" if name == CRON else f"slipway:app.processes.{name}"
        raise Refused(f"{setting} ended as it started", log=log(20))
