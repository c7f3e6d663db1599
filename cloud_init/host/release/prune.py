"""Removes old releases: the live one, the one before it and the newest others stay, five in all."""

import os
import shutil
from pathlib import Path

from ..base.files import read_object, remove, target
from ..base.outcome import note
from ..base.places import Places
from ..data import databases
from ..front import certificates
from ..processes import managers
from ..processes.programs import is_database
from ..rollout import state
from . import environment

KEEP = 5


def run(places: Places) -> None:
    """Removes them with their environments, copies, records and database servers."""
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
