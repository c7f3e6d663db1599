"""A host's processes brought up and down: after installing, after a reboot, after a kill."""

from __future__ import annotations

from ..base.files import target
from ..base.outcome import Refused, Steps, all_of, note
from ..base.places import Places
from ..data import databases, restore
from ..front import configuration
from ..processes import app, manager_change, managers
from ..processes.managers.contract import Manager
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
        manager = managers.of(places)
        make_whole(places, manager)
        if now := state.live(places):
            try:
                await_front(places, manager, now.release, now.colour.name)
            except Refused as refused:  # one that no longer starts is no reason to refuse
                note(f"release {now.release} does not serve: {refused}")
                for line in manager.log(now.colour.name, None, 5)[0]:
                    note(line)


def bring_up(places: Places, steps: Steps) -> None:
    """Adopts a manager that runs; else ends what one that died left behind, and starts another."""
    with steps.step("folders"):
        tree.make(places)
        live = state.live(places)
        if live and not managers.of(places).running:  # as after a reboot: what it asks for, whatever was in force
            managers.note(places, managers.wanted_by(places, live.release))
        manager = managers.of(places)
    with steps.step("manager"):
        if manager.running and manager.configure():
            note(f"{manager.kind}'s configuration changed: it is started again, which interrupts service for a moment")
            _shut_down(places, manager)
        manager_change.bring_up(places, manager)
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


def await_front(places: Places, manager: Manager, release: str, *others: str) -> None:
    """Returns once the front server answers from that release. Raises `Refused`: at once where it,
    or one of the `others`, is over."""

    def over() -> str | None:
        for told in map(manager.status, (*others, "front")):
            if told.over:
                return f"{'the front server' if told.name == 'front' else told.name} ended: {told.why}"
        return None

    manifest, (address, port) = manifests.read(places.release(release)), places.facts.front.listen
    tls = manifest.tls  # it is asked as users will ask it
    connect = gate.over_tls(address, tls.port, tls.domain) if tls else gate.over_network(address, port)
    gate.wait(connect, manifest.health, release, over, note)


def make_whole(places: Places, manager: Manager) -> None:
    """Gives the live release back what a command that was killed, or undone, took from it. Raises
    `Refused` once all that can be had is."""
    if (now := state.live(places)) is None:
        return
    live, folder = now, places.release(now.release) / "etc"
    database = databases.of_release(places, live.release)

    def run(program: str) -> None:
        if not manager.status(program).runs:
            manager.restart(program)

    def configure() -> None:
        if target(places.front) != str(folder) or configuration.replaces(places, folder):
            configuration.install(places, manager, folder)

    def remember() -> None:
        noted = state.remembered(places)
        if noted and noted.get("release") != live.release:
            state.remember(places, live.colour, int(noted.get("generation") or 0))

    all_of(
        lambda: database.ensure(manager) if database.program and database.program not in manager.programs() else None,
        lambda: run(live.colour.name),
        lambda: run("front"),
        configure,
        lambda: app.resume_processes(manager, live.colour),
        remember,
    )
