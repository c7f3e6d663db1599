"""Brings a host's processes up, and down: after installing, after a reboot, after a kill."""

from __future__ import annotations

from . import extra, front, gate, keeping, managers, manifests, restore, state
from .files import tail, target
from .managers.contract import Manager
from .outcome import Refused, Steps, note
from .places import Places
from .programs import log_path

STEPS = ("folders", "left-overs", "manager", "serve")
HALT_STEPS = ("manager", "left-overs")


def run(places: Places, steps: Steps) -> None:
    """Adopts a manager that runs, or starts one; then what served serves."""
    bring_up(places, steps)
    restore.settle(places, steps)
    with steps.step("serve"):
        keeping.complete(places)
        _serve(places, managers.of(places))


def bring_up(places: Places, steps: Steps) -> Manager:
    """Adopts a manager that runs; otherwise ends what one that died left behind, and starts another."""
    with steps.step("folders"):
        state.make_tree(places)
        state.make_run(places)
        keeping.agree(places)
        manager = managers.of(places)
        changed = manager.configure()
    if manager.running and changed:
        note(f"{manager.kind}'s configuration changed: it is started again, which interrupts service for a moment")
        _shut_down(places, manager)
    if not manager.running:
        with steps.step("left-overs"):
            keeping.end_left_overs(places)
        with steps.step("manager"):
            manager.launch()
    return managers.of(places)


def halt(places: Places, steps: Steps) -> None:
    """Stops everything of this app."""
    with steps.step("manager"):
        _shut_down(places, managers.of(places))
    with steps.step("left-overs"):
        keeping.end_left_overs(places)


def _shut_down(places: Places, manager: Manager) -> None:
    """The front server first: a manager's own signal would cut what it has in hand."""
    if manager.running and manager.answers():
        front.stop(places, manager)
    manager.shut_down()


def _serve(places: Places, manager: Manager) -> None:
    """Waits until what was live before serves again. A release that no longer starts is no reason to refuse the next one."""
    now = state.live(places)
    if now is None:
        return
    for program in (now.colour.name, "front"):
        if not manager.told(program).runs:
            manager.restart(program)
    # A change that was killed leaves the one of the release that was to come, or of the one that went.
    folder = places.release(now.release) / "etc"
    if target(places.front) != str(folder):
        front.install(places, manager, folder)
    front.change_if_other(places, manager)
    extra.resume(places, manager, now.colour)
    manifest = manifests.read(places.release(now.release))
    log = log_path(places, now.colour.name)
    try:
        gate.wait(
            front.asked(places, manifest),
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
        told = manager.told(name)
        if told.over:
            return f"{name} is {told.state}"
    return None
