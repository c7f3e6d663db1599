"""All of the app on a host, under the manager in force (`ETC/manager`): brought up and down,
made whole after a kill, and moved, behind the maintenance page, to the manager that a release asks
for."""

from __future__ import annotations

from ..base import COLOURS, Places, Refused, Steps, link, note, processes, refusal_of, target
from ..base.outcome import all_of
from ..contracts.manifest import Manifest
from ..data import databases, restore
from ..front import configuration
from ..processes import app, managers
from ..processes.programs import is_database
from ..release import manifests
from ..server import volume
from . import gate, state


def run(places: Places, steps: Steps) -> None:
    """Adopts a manager that runs, or starts one; then what served serves."""
    bring_up(places, steps)
    restore.settle(places, steps)
    with steps.step("serve"):
        live = state.live(places)
        if live:
            try_manager(places, managers.wanted_by(places, live.release))
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
        volume.make_folders(places)
        live = state.live(places)
        if live and not managers.of(places).running:  # as after a reboot: what it asks for, whatever was in force
            managers.note(places, managers.wanted_by(places, live.release))
        manager = managers.of(places)
    with steps.step("manager"):
        if manager.running and manager.configure():
            note(f"{manager.kind}'s configuration changed: it is started again, which interrupts service for a moment")
            _shut_down(places, manager)
        _launch(places, manager)
    recover(places)


def halt(places: Places, steps: Steps) -> None:
    """Stops everything of this app."""
    with steps.step("manager"):
        for manager in (*managers.beside(places), managers.of(places)):
            _shut_down(places, manager)
    with steps.step("left-overs"):
        _end_left_overs(places)


def _shut_down(places: Places, manager: managers.Manager) -> None:
    """The front server first: a manager's own signal would cut what it has in hand."""
    if manager.running and manager.answers():
        configuration.stop(places, manager)
    manager.shut_down()


def await_front(places: Places, manager: managers.Manager, release: str, *others: str) -> None:
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


def make_whole(places: Places, manager: managers.Manager) -> None:
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


def prepare_manager(places: Places, manifest: Manifest) -> managers.Manager:
    """The manager to prepare a release under, running: the one in force.

    That is the one that the release asks for where it is the first."""
    kind, before = managers.wanted(places, manifest), managers.noted(places)
    if kind != before and state.serving(places) is None:
        managers.note(places, kind)  # nothing serves: nothing has to move
    manager = managers.of(places)
    _launch(places, manager)
    recover(places)
    if kind != manager.kind:
        note(f"the manager changes from {before} to {kind} when this release goes live: {configuration.WINDOW}")
    return manager


def _launch(places: Places, manager: managers.Manager) -> None:
    """Starts it, with its constant programs, after what a dead one left behind was ended."""
    if manager.running:
        return
    volume.make_folders(places)
    manager.configure()
    _end_left_overs(places)
    databases.settle(places)
    manager.launch()


def _end_left_overs(places: Places) -> None:
    """Ends servers that outlived their manager. On a server systemd leaves none."""
    for path in [] if places.role else places.run.rglob("*.json"):
        ended = processes.end(path)
        if ended:
            whose = path.stem if path.stem != "process" else path.relative_to(places.run).parts[0]
            note(f"ended {len(ended)} processes of {whose}, left over from an earlier run")
        path.unlink(missing_ok=True)


def change_manager(places: Places, kind: str) -> bool:
    """All of the app goes over to the manager of that name. False: it was in force already.

    Raises `Refused` with the one before in force again, and everything running under it."""
    before, now = managers.of(places), managers.module(places, kind)
    if before.kind == kind:
        return False
    note(f"the manager changes from {before.kind} to {kind}")
    try:
        _launch(places, now)  # what runs under it finds nothing to do until it is in force
        with configuration.page_window(places):
            try:
                _move(places, before, now)
            except Exception as error:  # noqa: BLE001  whatever it was, the app must not stay stopped
                try:
                    _move(places, now, before)
                except (Refused, OSError) as worse:
                    note(f"{before.kind} is in force again, but not well: {worse}")
                raise (refusal_of(error) if isinstance(error, OSError) else error) from None
    finally:
        _retire(places)
    return True


def try_manager(places: Places, kind: str) -> None:
    """Changes the manager if it can be done; the reason why not is a note."""
    try:
        change_manager(places, kind)
    except Refused as refused:
        note(f"the manager stays as it was, not {kind}: {refused}")


def recover(places: Places) -> None:
    """After a change of manager or front server that was killed: starts all anew under the manager
    in force. Nothing to do otherwise."""
    now, live = managers.of(places), state.live(places)
    if not (configuration.is_interrupted(places) or managers.beside(places)):
        return
    _launch(places, now)
    with configuration.page_window(places):
        _retire(places)
        if live:
            link(places.front, str(places.release(live.release) / "etc"))
        configuration.stop(places, now, configuration.PAGES)
        try:
            _start(places, now, must_be_well=False)
        except Refused as refused:
            note(f"after an interrupted change: {refused}")


def _move(places: Places, before: managers.Manager, now: managers.Manager) -> None:
    """The old manager's front server answers with the page until the new one's can be started."""
    configuration.reload(places, before, settle=True)
    for colour in COLOURS:
        app.stop_processes(before, colour)
        before.stop(colour)
    for name in before.programs():
        if is_database(name):
            before.remove(name)
    managers.note(places, now.kind)
    configuration.stop(places, before, configuration.PAGES)
    _start(places, now, must_be_well=True)


def _start(places: Places, manager: managers.Manager, must_be_well: bool) -> None:
    """Starts all that is linked or in use; the front server first, for it has the page.

    Raises `Refused` once all that can be started is."""
    live, idle = state.live(places), state.idle(places)
    database = databases.of_release(places, state.serving(places))
    all_of(
        lambda: configuration.start(places, manager) if live else None,
        lambda: database.ensure(manager) if database.program else None,
        lambda: manager.restart(idle.name) if state.linked(idle) else None,
        lambda: app.start(places, manager, live, must_be_well) if live else None,
    )


def _retire(places: Places) -> None:
    """Ends managers that aren't in force."""
    for manager in managers.beside(places):
        configuration.stop(places, manager, configuration.PAGES)
        manager.shut_down()
        manager.forget()
