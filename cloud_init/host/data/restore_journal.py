"""The note of a restore, on disk: the next run finishes or undoes one that was killed."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..base import processes
from ..base.files import read_object, unlink, write_json
from ..base.places import Places

BEGUN, LOADING, LOADED, SERVING, HELD = "begun", "loading", "loaded", "serving", "held"
"""The phases. begun: nothing of the data changed yet. loading: it may be half loaded. loaded: it is
whole again. serving: the app runs on it, the page is left to take down. held: the restore is on the
database host, and this web host has its page up meanwhile."""


@dataclass
class Restore:
    """A restore, as far as it got."""

    backup: str
    """The backup to load: the one asked for, or `first` once that failed."""
    phase: str = BEGUN
    first: str | None = None
    """The backup of what was there before."""
    page: bool = False
    """The maintenance page was up already, and stays."""
    well: bool = False
    """The app was well before: one that isn't afterwards is a failed restore."""
    migrate: bool = False
    """The backup is older than the release: its release command brings the schema up."""

    def reach(self, places: Places, phase: str) -> None:
        """Notes the phase that it is in from here on."""
        self.phase = phase
        self.write(places)

    def write(self, places: Places) -> None:
        """Writes the note by rename, with the process that works on the restore."""
        pid = os.getpid()
        write_json(_path(places), {**asdict(self), "pid": pid, "started": processes.started(pid), "at": time.time()})


def read(places: Places) -> Restore | None:
    """The restore at work, or one that was interrupted; None: there is none."""
    noted = read_object(_path(places))
    known = {field.name: noted[field.name] for field in fields(Restore) if field.name in noted}
    return Restore(**known) if "backup" in known else None


def forget(places: Places) -> None:
    """Removes the note of a restore that is over."""
    unlink(_path(places))


def status(places: Places) -> dict[str, Any] | None:
    """The part of `status` about a restore. `running`: a process works on it."""
    noted = read(places)
    running = processes.recorded(_path(places)) is not None
    if noted is None:
        return None
    return {"backup": noted.backup, "first": noted.first, "phase": noted.phase, "running": running}


def _path(places: Places) -> Path:
    return places.lib / "restore.json"
