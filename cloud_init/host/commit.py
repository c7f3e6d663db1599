"""Phase two on a host: the flip, looked at through the front server, undone if it isn't well; then the old colour drains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import drain, extra, front, gate, prune, state
from .files import link, read_json, tail, target
from .outcome import Refused, Steps
from .places import COLOURS, Colour, Places, other
from .prepare import stop
from .supervisor import Supervisor, log_path

Work = Callable[[], None]

STEPS = ("front", "flip", "gate-front", "processes", "drain", "prune")


def run(places: Places, generation: int, release: str, steps: Steps) -> None:
    """The prepared release becomes live. Raises `Refused` with the old one live again."""
    supervisor = Supervisor(places)
    before = state.live(places)
    candidate = _candidate(places, release)
    _flip(places, supervisor, candidate, release, steps)
    state.remember(places, generation)
    with steps.step("drain"):
        old = places.colour(other(candidate.name))
        if before and before.colour == old and supervisor.info(old.name)["statename"] == "RUNNING":
            drain.wait(old.socket)
        stop(supervisor, old)
    with steps.step("prune"):
        prune.run(places)


def _candidate(places: Places, release: str) -> Colour:
    for name in COLOURS:
        colour = places.colour(name)
        if state.linked(places, colour) == release:
            return colour
    raise Refused(f"commit: wanted release {release} prepared on this host, found it in neither colour; run `up` again")


def _flip(places: Places, supervisor: Supervisor, candidate: Colour, release: str, steps: Steps) -> None:
    old_colour, old_previous = target(places.live), target(places.previous)
    log = log_path(places, "front")
    mark = log.stat().st_size if log.exists() else 0
    old_front = target(places.front)

    def move() -> None:
        if old_colour and old_colour != candidate.name:
            link(places.previous, str(target(places.colour(old_colour).link)))
        link(places.live, candidate.name)
        if old_colour is None or not front.is_running(supervisor):
            supervisor.restart("front")

    try:
        for name, work in _in_order(places, supervisor, places.release(release) / "etc", move):
            with steps.step(name):
                work()
        with steps.step("gate-front"):
            _gate(places, supervisor, release)
        with steps.step("processes"):
            extra.switch(places, supervisor, candidate)
    except Refused as refused:
        refused.log = refused.log or [line for line in tail(log, 20, mark) if not line.startswith("{")]
        _undo(places, supervisor, old_colour, old_previous, old_front)
        raise


def _in_order(places: Places, supervisor: Supervisor, folder: Path, move: Work) -> list[tuple[str, Work]]:
    """The front configuration in `folder` and the move of the link, so that the front always finds the socket that it speaks to."""
    stages = [("front", lambda: front.install(places, supervisor, folder)), ("flip", move)]
    return stages if front.fits(places, folder) else stages[::-1]


def _gate(places: Places, supervisor: Supervisor, release: str) -> None:
    address, port = places.facts["front"]["listen"]
    manifest = read_json(places.release(release) / "manifest.json")
    gate.wait(gate.over_network(address, port), manifest["health"], release, lambda: _front_dead(supervisor))


def _front_dead(supervisor: Supervisor) -> str | None:
    info = supervisor.info("front")
    return f"the front server ended: {info['spawnerr'] or info['exitstatus']}" if info["statename"] in ("FATAL", "EXITED") else None


def _undo(places: Places, supervisor: Supervisor, colour: str | None, previous: str | None, old_front: str | None) -> None:
    def back() -> None:
        if previous:
            link(places.previous, previous)
        link(places.live, str(colour))

    if colour:
        for _, work in _in_order(places, supervisor, Path(str(old_front)), back):
            work()
        extra.resume(places, supervisor, places.colour(colour))
    else:
        places.live.unlink(missing_ok=True)
        front.stop(places, supervisor)
    stop(supervisor, state.idle(places))
