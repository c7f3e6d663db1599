"""Managers as releases ask for them: one takes another's place behind the maintenance page.

All of the app runs under the one in force, which `ETC/manager` notes. What a kill left of a change
is made whole by `recover`."""

from ..base import processes
from ..base.files import link
from ..base.outcome import Refused, all_of, note, refusal_of
from ..base.places import COLOURS, Places
from ..contracts.manifest import Manifest
from ..data import databases
from ..front import configuration, maintenance
from ..rollout import state
from ..server import tree
from . import app, managers
from .managers.contract import Manager
from .programs import is_database


def prepare(places: Places, manifest: Manifest) -> Manager:
    """The manager to prepare a release under, running: the one in force.

    That is the one that the release asks for where it is the first."""
    kind, before = managers.wanted(places, manifest), managers.noted(places)
    if kind != before and state.serving(places) is None:
        managers.note(places, kind)  # nothing serves: nothing has to move
    manager = managers.of(places)
    bring_up(places, manager)
    recover(places)
    if kind != manager.kind:
        note(f"the manager changes from {before} to {kind} when this release goes live: {configuration.WINDOW}")
    return manager


def bring_up(places: Places, manager: Manager) -> None:
    """Starts it, with its constant programs, after what a dead one left behind was ended."""
    if manager.running:
        return
    tree.make(places)
    manager.configure()
    end_left_overs(places)
    databases.settle(places)
    manager.launch()


def end_left_overs(places: Places) -> None:
    """Ends servers that outlived their manager. On a server systemd leaves none."""
    for path in [] if places.role else places.run.rglob("*.json"):
        ended = processes.end(path)
        if ended:
            whose = path.stem if path.stem != "process" else path.relative_to(places.run).parts[0]
            note(f"ended {len(ended)} processes of {whose}, left over from an earlier run")
        path.unlink(missing_ok=True)


def change(places: Places, kind: str) -> bool:
    """All of the app goes over to the manager of that name. False: it was in force already.

    Raises `Refused` with the one before in force again, and everything running under it."""
    before, now = managers.of(places), managers.module(places, kind)
    if before.kind == kind:
        return False
    note(f"the manager changes from {before.kind} to {kind}")
    try:
        bring_up(places, now)  # what runs under it finds nothing to do until it is in force
        with maintenance.window(places):
            try:
                _move(places, before, now)
            except Exception as error:  # whatever it was, the app must not stay stopped
                _move_back(places, now, before)
                if isinstance(error, OSError):
                    raise refusal_of(error) from None
                raise
    finally:
        _retire(places)
    return True


def try_change(places: Places, kind: str) -> None:
    """Changes the manager if it can be done; the reason why not is a note."""
    try:
        change(places, kind)
    except Refused as refused:
        note(f"the manager stays as it was, not {kind}: {refused}")


def recover(places: Places) -> None:
    """After a change of manager or front server that was killed: starts all anew under the manager
    in force. Nothing to do otherwise."""
    now, live = managers.of(places), state.live(places)
    if not (maintenance.is_interrupted(places) or managers.beside(places)):
        return
    bring_up(places, now)
    with maintenance.window(places):
        _retire(places)
        if live:
            link(places.front, str(places.release(live.release) / "etc"))
        configuration.stop(places, now, configuration.PAGES)
        try:
            _start(places, now, must_be_well=False)
        except Refused as refused:
            note(f"after an interrupted change: {refused}")


def _move(places: Places, before: Manager, now: Manager) -> None:
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


def _move_back(places: Places, before: Manager, now: Manager) -> None:
    try:
        _move(places, before, now)
    except (Refused, OSError) as error:
        note(f"{now.kind} is in force again, but not well: {error}")


def _start(places: Places, manager: Manager, must_be_well: bool) -> None:
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
