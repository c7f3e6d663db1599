"""Managers as releases ask for them: brought up, changed while the app serves, retired. Done again, it goes on where it was interrupted."""

from __future__ import annotations

from ..base import processes
from ..base.outcome import Refused, note
from ..base.places import Places
from ..contracts.manifest import Manifest
from ..data import databases
from ..front import configuration, servers, swap
from ..front.swap import Seat
from ..rollout import state
from ..server import tree
from . import managers
from .managers.contract import Manager
from .programs import is_database


def ready(places: Places, manifest: Manifest) -> Manager:
    """The manager that the release asks for runs, beside the one in force where that is another."""
    kind = managers.wanted(manifest)
    if kind != managers.noted(places) and state.serving(places) is None:
        managers.note(places, kind)  # nothing serves: nothing has to move
        retire(places)
    bring_up(places, managers.module(places, kind))
    settle(places)
    return managers.of(places)


def bring_up(places: Places, manager: Manager) -> None:
    """Runs, with its constant programs. What one that died left behind is ended first."""
    if manager.running:
        return
    tree.make(places)
    manager.configure()
    end_left_overs(places)
    manager.launch()


def end_left_overs(places: Places) -> None:
    """Ends servers that outlived their manager, found by pid and start time. On a server systemd leaves none."""
    for path in [] if places.role else places.run.glob("*/*.json"):
        ended = processes.end(path)
        if ended:
            whose = path.stem if path.stem != "process" else path.parent.name
            note(f"ended {len(ended)} processes of {whose}, left over from an earlier run")
        path.unlink(missing_ok=True)


def agree(places: Places) -> None:
    """Where no manager runs, as after a reboot, the one of what serves is in force: nothing has to move any more."""
    live = state.live(places)
    if live and not managers.of(places).running:
        managers.note(places, managers.owner(places, live.colour.name))


def complete(places: Places) -> None:
    """A change that was interrupted goes on: what serves has its manager, and that one is in force."""
    live = state.live(places)
    kind = managers.owner(places, live.colour.name) if live else managers.noted(places)
    bring_up(places, managers.module(places, kind))
    change(places, kind)
    settle(places)
    retire(places)


def change(places: Places, kind: str) -> bool:
    """That manager is in force from here on: the front server and the database go over to it. False: it was already."""
    before = managers.noted(places)
    if before == kind:
        return False
    note(f"the manager changes from {before} to {kind}, which interrupts service for a moment")
    managers.note(places, kind)
    now = managers.module(places, kind)
    now.stop("front")  # where a change is undone: one that is on its way out
    _take(places, now, managers.module(places, before))
    return True


def change_back(places: Places, kind: str) -> None:
    """As `change`, after a failure: whatever it was, the rest is undone too."""
    try:
        change(places, kind)
    except Refused as refused:
        note(f"{kind} is in force again, but not well: {refused}")


def settle(places: Places) -> None:
    """Finishes a change of the manager that was interrupted after its note, or one of the front server."""
    now = managers.module(places, managers.noted(places))
    swap.settle(places, now)
    for other in managers.others_than(places, now.kind):
        if other.running:
            _take(places, now, other)


def retire(places: Places) -> None:
    """Ends managers that nothing belongs to any more."""
    live = state.live(places)
    kept = {managers.noted(places), *([managers.owner(places, live.colour.name)] if live else [])}
    for one in managers.others_than(places, managers.noted(places)):
        if one.kind not in kept and one.running:
            configuration.stop(places, one)
            one.shut_down()
            one.forget()


def _take(places: Places, now: Manager, before: Manager) -> None:
    if state.live(places) and not now.told("front").runs:
        stop = servers.module(configuration.serving(places)).STOP
        swap.take_over(places, Seat(before), Seat(now), stop)
    found = [name for name in before.programs() if is_database(name)]
    for name in found:
        before.remove(name)
    if found:
        databases.of_release(places, state.serving(places)).ensure(now)
