"""A host's processes brought up and down: after installing, after a reboot, after a kill."""

from __future__ import annotations

from ..base.files import tail, target
from ..base.outcome import Refused, Steps, note
from ..base.places import Places
from ..data import restore
from ..front import configuration
from ..processes import extra, manager_change, managers
from ..processes.managers.contract import Manager
from ..processes.programs import log_path
from ..release import manifests
from ..server import tree
from . import gate, state


def run(places: Places, steps: Steps) -> None:
    """Adopts a manager that runs, or starts one; then what served serves."""
    bring_up(places, steps)
    restore.settle(places, steps)
    with steps.step("serve"):
        live = state.live(places)
        if live:
            manager_change.try_change(places, managers.wanted_by(places, live.release))
        _serve(places, managers.of(places))


def bring_up(places: Places, steps: Steps) -> None:
    """Adopts a manager that runs; otherwise ends what one that died left behind, and starts
    another."""
    with steps.step("folders"):
        tree.make(places)
        manager = manager_change.choose(places)
        changed = manager.configure()
    if manager.running and changed:
        note(f"{manager.kind}'s configuration changed: it is started again, which interrupts service for a moment")
        _shut_down(places, manager)
    if not manager.running:
        with steps.step("left-overs"):
            manager_change.end_left_overs(places)
        with steps.step("manager"):
            manager.launch()
    manager_change.recover(places)


def halt(places: Places, steps: Steps) -> None:
    """Stops everything of this app."""
    with steps.step("manager"):
        for manager in (*managers.beside(places), managers.of(places)):
            _shut_down(places, manager)
    with steps.step("left-overs"):
        manager_change.end_left_overs(places)


def _shut_down(places: Places, manager: Manager) -> None:
    """The front server first: a manager's own signal would cut what it has in hand."""
    if manager.running and manager.answers():
        configuration.stop(places, manager)
    manager.shut_down()


def _serve(places: Places, manager: Manager) -> None:
    """Waits until the live release serves again; one that no longer starts is noted, never
    refused."""
    now = state.live(places)
    if now is None:
        return
    for program in (now.colour.name, "front"):
        if not manager.status(program).runs:
            manager.restart(program)
    # A commit that was killed leaves that of the release that was to come, or of the one that went.
    folder = places.release(now.release) / "etc"
    if target(places.front) != str(folder) or configuration.replaces(places, folder):
        configuration.install(places, manager, folder)
    extra.resume(places, manager, now.colour)
    manifest = manifests.read(places.release(now.release))
    log = log_path(places, now.colour.name)
    try:
        gate.wait(
            configuration.asked(places, manifest),
            manifest.health,
            now.release,
            lambda: _dead(manager, now.colour.name),
            note,
        )
    except Refused as refused:
        note(f"release {now.release} does not serve: {refused}")
        for line in tail(log, 5):
            note(line)


def _dead(manager: Manager, program: str) -> str | None:
    for name in (program, "front"):
        told = manager.status(name)
        if told.over:
            return f"{name} is {told.state}"
    return None
