"""The note of a restore that is under way: on disk, so that one that was killed is finished or undone, never forgotten."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..base import processes
from ..base.files import read_object, write_json
from ..base.places import Places

BEGUN, LOADING, LOADED, SERVING, HELD = "begun", "loading", "loaded", "serving", "held"
"""Nothing of the data changed yet; it may be half loaded; it is whole again; the app runs on it and only the page is left; or all of
that happens on the database host, and this one has its page up meanwhile."""


@dataclass
class UnderWay:
    """A restore, as far as it got."""

    backup: str
    """What is loaded: the backup asked for, or `first` once that failed."""
    phase: str = BEGUN
    first: str | None = None
    """The backup of what was there before."""
    page: bool = False
    """The maintenance page was up already, and stays."""
    well: bool = False
    """The app was well before: one that isn't afterwards is a failed restore."""
    migrate: bool = False
    """The backup is older than the release that serves: its release command brings the schema up again."""

    def reach(self, places: Places, phase: str) -> None:
        """Notes how far it is."""
        self.phase = phase
        self.write(places)

    def write(self, places: Places) -> None:
        """By rename; with the process that works on it."""
        pid = os.getpid()
        write_json(_path(places), {**asdict(self), "pid": pid, "started": processes.started(pid), "at": time.time()})


def read(places: Places) -> UnderWay | None:
    """The restore that was or is under way."""
    noted = read_object(_path(places))
    known = {field.name: noted[field.name] for field in fields(UnderWay) if field.name in noted}
    return UnderWay(**known) if "backup" in known else None


def forget(places: Places) -> None:
    """It is over."""
    _path(places).unlink(missing_ok=True)


def status(places: Places) -> dict[str, Any] | None:
    """For whoever asks; `running`: somebody works on it."""
    noted = read(places)
    if noted is None:
        return None
    told = {"backup": noted.backup, "first": noted.first, "phase": noted.phase}
    return {**told, "running": processes.recorded(_path(places)) is not None}


def _path(places: Places) -> Path:
    return places.lib / "restore.json"
