"""All of the app on a host, under its manager: brought up and down, and made whole after a kill."""

from __future__ import annotations

from ..base import Places, Refused, Steps, all_of, note, processes, target
from ..data import databases, restore
from ..front import configuration
from ..processes import app, managers
from ..release import manifests
from ..server import volume
from . import gate, state


def run(places: Places, steps: Steps) -> None:
    """Adopts a manager that runs, or starts one; then what served serves."""
    bring_up(places, steps)
    restore.settle(places, steps)
    with steps.step("serve"):
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
        manager = managers.of(places)
    with steps.step("manager"):
        if manager.running and manager.configure():
            note(f"{manager.kind}'s configuration changed: it is started again, which interrupts service for a moment")
            _shut_down(manager)
        launched(places)


def halt(places: Places, steps: Steps) -> None:
    """Stops everything of this app."""
    with steps.step("manager"):
        _shut_down(managers.of(places))
    with steps.step("left-overs"):
        _end_left_overs(places)


def _shut_down(manager: managers.Manager) -> None:
    """The front server first: it finishes what it has in hand, where its manager knows how."""
    if manager.running and manager.answers():
        manager.stop("front")
    manager.shut_down()


def await_front(places: Places, manager: managers.Manager, release: str, *others: str) -> None:
    """Returns once the front answers from that release. Raises `Refused`, at once where it, or one
    of the `others`, is over."""

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

    def serves(program: str) -> bool:
        return program in manager.programs() and manager.status(program).runs

    def run(program: str) -> None:
        if not manager.status(program).runs:
            manager.restart(program)

    def configure() -> None:
        if target(places.front) != str(folder):
            configuration.install(places, manager, folder)

    def remember() -> None:
        noted = state.remembered(places)
        if noted and noted.get("release") != live.release:
            state.remember(places, live.colour, int(noted.get("generation") or 0))

    all_of(
        lambda: database.ensure(manager) if database.program and not serves(database.program) else None,
        lambda: run(live.colour.name),
        lambda: run("front"),
        configure,
        lambda: app.resume_processes(manager, live.colour),
        remember,
    )


def launched(places: Places) -> managers.Manager:
    """The manager of this host; where it doesn't run it is started, with its constant programs,
    after what a dead one left behind was ended."""
    manager = managers.of(places)
    if not manager.running:
        volume.make_folders(places)
        manager.configure()
        _end_left_overs(places)
        for engine in places.database_binaries:
            if cluster := databases.cluster_of(places, engine):
                cluster.settle()
        manager.launch()
    return manager


def _end_left_overs(places: Places) -> None:
    """Ends servers that outlived their manager. On a server systemd leaves none."""
    for path in [] if places.role else places.run.rglob("*.json"):
        ended = processes.end(path)
        if ended:
            whose = path.stem if path.stem != "process" else path.relative_to(places.run).parts[0]
            note(f"ended {len(ended)} processes of {whose}, left over from an earlier run")
        path.unlink(missing_ok=True)
