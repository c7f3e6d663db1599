"""Phase two on a host: the flip, looked at through the front server, undone if it isn't well; then the old colour drains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import drain, extra, front, gate, manifests, prune, state
from .files import link, tail, target, unlink
from .outcome import Refused, Steps, note, refusal_of
from .places import COLOURS, Colour, Places, other
from .prepare import stop
from .supervisor import Supervisor, log_path

Stage = Callable[[], None]

STEPS = ("front", "processes", "flip", "gate-front", "drain", "prune")


def run(places: Places, generation: int, release: str, steps: Steps) -> None:
    """The prepared release becomes live. Raises `Refused` with the old one live again."""
    supervisor = Supervisor(places)
    before = state.live(places)
    candidate = _candidate(places, release)
    _flip(places, supervisor, candidate, generation, steps)
    try:
        _tidy(places, supervisor, before, candidate, steps)
    except OSError as error:  # the release is live and well: what is left lying is no reason to take it back
        note(f"clean-up after the release is not complete: {refusal_of(error)}")


def _tidy(places: Places, supervisor: Supervisor, before: state.Live | None, candidate: Colour, steps: Steps) -> None:
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


def _flip(places: Places, supervisor: Supervisor, candidate: Colour, generation: int, steps: Steps) -> None:
    release = str(state.linked(places, candidate))
    old_colour, old_previous, noted = target(places.live), target(places.previous), state.remembered(places)
    log = log_path(places, "front")
    mark = log.stat().st_size if log.exists() else 0
    old_front = target(places.front)
    try:
        # Noted before the flip: a disk that is full refuses here, while nothing has changed.
        state.remember(places, candidate, generation)
        for stage in _in_order(places, places.release(release) / "etc", *_stages(places, supervisor, candidate, steps)):
            stage()
        with steps.step("gate-front"):
            _gate(places, supervisor, release)
    except (Refused, OSError) as error:
        refused = error if isinstance(error, Refused) else refusal_of(error)
        refused.log = refused.log or [line for line in tail(log, 20, mark) if not line.startswith("{")]
        _undo(places, supervisor, old_colour, old_previous, old_front)
        state.put_back(places, noted)
        raise refused from None


def _stages(places: Places, supervisor: Supervisor, candidate: Colour, steps: Steps) -> list[Stage]:
    """What makes the candidate the live one; its front configuration first."""
    old_colour, folder = target(places.live), places.release(str(state.linked(places, candidate))) / "etc"

    def install() -> None:
        with steps.step("front"):
            front.install(places, supervisor, folder)

    def switch() -> None:
        with steps.step("processes"):
            extra.switch(places, supervisor, candidate)

    def flip() -> None:
        with steps.step("flip"):
            if old_colour and old_colour != candidate.name:
                link(places.previous, str(target(places.colour(old_colour).link)))
            link(places.live, candidate.name)
            if old_colour is None or not front.is_running(supervisor):
                supervisor.restart("front")

    return [install, switch, flip]


def _in_order(places: Places, folder: Path, install: Stage, *others: Stage) -> list[Stage]:
    """The front configuration in `folder` first, or last: the front must always find the socket that it speaks to."""
    return [install, *others] if front.fits(places, folder) else [*others, install]


def _gate(places: Places, supervisor: Supervisor, release: str) -> None:
    address, port = places.facts["front"]["listen"]
    manifest = manifests.read(places.release(release))
    gate.wait(gate.over_network(address, port), manifest["health"], release, lambda: _front_dead(supervisor), note)


def _front_dead(supervisor: Supervisor) -> str | None:
    info = supervisor.info("front")
    return f"the front server ended: {info['spawnerr'] or info['exitstatus']}" if info["statename"] in ("FATAL", "EXITED") else None


def _undo(places: Places, supervisor: Supervisor, colour: str | None, previous: str | None, old_front: str | None) -> None:
    def back() -> None:
        if previous:
            link(places.previous, previous)
        link(places.live, str(colour))

    if colour:
        folder = Path(str(old_front))
        for stage in _in_order(places, folder, lambda: front.install(places, supervisor, folder), back):
            stage()
        extra.resume(places, supervisor, places.colour(colour))
    else:
        unlink(places.live)
        front.stop(places, supervisor)
    stop(supervisor, state.idle(places))
