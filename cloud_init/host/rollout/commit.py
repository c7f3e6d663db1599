"""Phase two on a host: the flip, gated through the front server, else undone; then the drain, and
old releases are removed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..base import COLOURS, Colour, Places, Refused, Steps, link, note, other, read_object, refusal_of, remove, target, unlink
from ..base.outcome import all_of
from ..data import databases
from ..front import certificates, configuration
from ..front.certificates import acme
from ..processes import app, managers
from ..processes.programs import is_database
from ..release import environment
from . import boot, state

KEEP = 5


def run(places: Places, generation: int, release: str, steps: Steps) -> None:
    """The prepared release becomes live. Raises `Refused` with the old one live again."""
    before = state.live(places)
    candidate = next((colour for colour in map(places.colour, COLOURS) if state.linked(colour) == release), None)
    if candidate is None:
        raise Refused(f"commit: wanted release {release} prepared on this host, found it in neither colour; run `up` again")
    _flip(places, managers.of(places), candidate, generation, steps)
    try:
        with steps.step("drain"):
            manager, old = managers.of(places), places.colour(other(candidate.name))
            if before and before.colour.name == old.name and manager.status(old.name).state == managers.RUNNING:
                app.drain(old.sockets)
            app.unload(manager, old)
        with steps.step("prune"):
            prune(places)
        acme.begin(places)
    except OSError as error:  # the release is live and well: what is left lying is no reason to take it back
        note(f"clean-up after the release is not complete: {refusal_of(error)}")


def _flip(places: Places, manager: managers.Manager, candidate: Colour, generation: int, steps: Steps) -> None:
    release = str(state.linked(candidate))
    old_colour, old_previous, noted = target(places.live), target(places.previous), state.remembered(places)
    log = manager.log_from_now("front")
    try:
        # Noted before the flip: a disk that is full refuses here, while nothing has changed.
        state.remember(places, candidate, generation)
        with steps.step("front"):
            configuration.install(places, manager, places.release(release) / "etc")
        with steps.step("processes"):
            app.switch_processes(manager, candidate)
        with steps.step("flip"):
            if old_colour and old_colour != candidate.name:
                link(places.previous, str(target(places.colour(old_colour).link)))
            link(places.live, candidate.name)
            if old_colour is None or not manager.status("front").runs:
                manager.restart("front")
        with steps.step("gate-front"):
            boot.await_front(places, manager, release)
    except Exception as error:  # whatever it was, the old one must be live again
        lines = [line for line in log(20) if not line.startswith("{")]
        state.put_back(places, noted)
        _undo(places, manager, old_colour, old_previous)
        if not isinstance(error, (Refused, OSError)):
            raise
        refused = refusal_of(error)
        refused.log = refused.log or lines
        raise refused from None


def _undo(places: Places, manager: managers.Manager, colour: str | None, previous: str | None) -> None:
    try:
        if colour:
            all_of(
                lambda: link(places.live, colour),
                lambda: link(places.previous, previous) if previous else None,
                lambda: boot.make_whole(places, manager),
            )
        else:
            unlink(places.live)
            manager.stop("front")
    except Refused as refused:
        note(f"the release before is live again, but not whole: {refused}")
    app.unload(manager, state.idle(places))


def prune(places: Places) -> None:
    """Removes old releases with their environments, copies, records and database servers: the live
    one, the one before it and the newest others stay, five in all."""
    previous = target(places.previous)
    first = [name for name in (state.serving(places), previous and os.path.basename(previous)) if name]
    keep = set(list(dict.fromkeys([*first, *newest(places)]))[:KEEP])
    manager = managers.of(places)
    for folder in (places.srv / "releases").iterdir():
        if folder.name not in keep:
            _remove(folder)
            manager.discard(folder.name)
    used = environment.used(places)
    for folder in (places.srv / "venvs").glob("*"):
        if folder.name not in used:
            shutil.rmtree(folder, ignore_errors=True)
    for record in (places.lib / "released").glob("*.json"):
        if record.stem not in keep:
            record.unlink()
    certificates.prune(places)
    database = databases.of_release(places, state.serving(places))
    database.prune(keep)
    for name in manager.programs():
        if is_database(name) and name != database.program:
            note(f"{name} is stopped, its data stay: the live release does not use it")
            manager.remove(name)


def newest(places: Places) -> list[str]:
    """The ids of the releases that were made ready, the newest first."""
    ready = [path for path in (places.srv / "releases").glob("*/ready") if not path.parent.name.startswith(".")]
    times = {path.parent.name: read_object(path).get("at") for path in ready}
    return sorted(times, key=lambda name: at if isinstance(at := times[name], (int, float)) else 0, reverse=True)


def _remove(folder: Path) -> None:
    """Renames it first: a kill in the middle must not leave half a release under its name."""
    gone = folder.with_name(f".{folder.name.lstrip('.')}.gone")
    if folder != gone:
        remove(gone)
        folder.rename(gone)
    remove(gone)
