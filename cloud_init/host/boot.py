"""Brings a host's processes up, and down: after installing, after a reboot, after a kill."""

from __future__ import annotations

from pathlib import Path

from . import extra, front, gate, manifests, processes, restore, state
from .files import link, tail
from .outcome import Refused, Steps, note
from .places import Places
from .supervisor import Supervisor, log_path

STEPS = ("folders", "left-overs", "supervisor", "serve")
HALT_STEPS = ("supervisor", "left-overs")


def run(places: Places, steps: Steps) -> None:
    """Adopts a supervisor that runs; otherwise ends what one that died left behind, and starts another."""
    supervisor = Supervisor(places)
    with steps.step("folders"):
        state.make_tree(places)
        state.make_run(places)
        changed = supervisor.configure()
    if supervisor.pid is not None and changed:
        note("supervisord's configuration changed: it is started again, which interrupts service for a moment")
        _shut_down(places, supervisor)
    if supervisor.pid is None:
        with steps.step("left-overs"):
            end_left_overs(places)
        with steps.step("supervisor"):
            supervisor.launch()
    restore.settle(places, steps)
    with steps.step("serve"):
        _serve(places, supervisor)


def halt(places: Places, steps: Steps) -> None:
    """Stops everything of this app."""
    with steps.step("supervisor"):
        _shut_down(places, Supervisor(places))
    with steps.step("left-overs"):
        end_left_overs(places)


def _shut_down(places: Places, supervisor: Supervisor) -> None:
    """The front server first: Supervisor's own signal would cut what it has in hand."""
    if supervisor.pid is not None and supervisor.answers():
        front.stop(places, supervisor)
    supervisor.shut_down()


def end_left_overs(places: Places) -> None:
    """Ends servers that outlived their supervisor, found by pid and start time."""
    for path in _records(places):
        ended = processes.end(path)
        if ended:
            whose = path.stem if path.stem != "process" else path.parent.name
            note(f"ended {len(ended)} processes of {whose}, left over from an earlier run")
        path.unlink(missing_ok=True)


def _records(places: Places) -> list[Path]:
    """Of the two colours, their extra processes, a database, and the front."""
    return [*places.run.glob("*/*.json"), places.front_process]


def _serve(places: Places, supervisor: Supervisor) -> None:
    """Waits until what was live before serves again. A release that no longer starts is no reason to refuse the next one."""
    now = state.live(places)
    if now is None:
        return
    for program in (now.colour.name, "front"):
        if supervisor.info(program)["statename"] not in ("STARTING", "RUNNING"):
            supervisor.restart(program)
    if not places.front.is_dir():
        link(places.front, str(places.release(now.release) / "etc"))
    front.change_if_other(places, supervisor)
    extra.resume(places, supervisor, now.colour)
    address, port = places.facts["front"]["listen"]
    log = log_path(places, now.colour.name)
    try:
        gate.wait(
            gate.over_network(address, port),
            manifests.read(places.release(now.release))["health"],
            now.release,
            lambda: _dead(supervisor, now.colour.name),
            note,
        )
    except Refused as refused:
        note(f"release {now.release} does not serve: {refused}")
        for line in tail(log, 5):
            note(line)


def _dead(supervisor: Supervisor, program: str) -> str | None:
    for name in (program, "front"):
        state_name = supervisor.info(name)["statename"]
        if state_name in ("FATAL", "EXITED"):
            return f"{name} is {state_name.lower()}"
    return None
