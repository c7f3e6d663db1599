"""The reports of a server in its store: heartbeat, progress, and outcomes that a command couldn't
write."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import replace

from .. import contracts
from ..base import masking
from ..base.places import Places
from ..contracts.rollout import Heartbeat, Outcome, Progress
from ..processes.programs import log_path
from ..release.store import HostStore
from ..stores import Away
from . import health
from .attempts import Pace
from .health import Health

HEARTBEAT = 5.0
_CLOCK = _MINUTE = 60.0


class Reporter:
    """Writes each kind of report at its own pace, and ever more rarely while the store is away."""

    def __init__(self, places: Places, store: HostStore, well: Health, pause: float) -> None:
        self._places, self._store, self._health = places, store, well
        self._beat, self._progress, self._clock, self._late = Pace(HEARTBEAT), Pace(pause), Pace(_CLOCK), Pace(pause)
        self._problems = Pace(_MINUTE)
        self._unsent: dict[str, Outcome] = {}
        self._written = ""

    def beat(self, here: Heartbeat) -> None:
        """The heartbeat, when it is due, with what `here` lacks; its problems are also kept here
        for `status`, which alone asks a driven host."""
        if not self._beat.due():
            return
        problems = self._health.problems(self._places)
        health.note(self._places, problems)
        self._log(problems)
        began = time.time()
        places = self._places
        if places.is_driven:
            return self._beat.went(True)
        beat = replace(here, at=began, host=places.host, role=places.role, problems=tuple(problems))
        self._beat.went(self._write("heartbeat", beat))
        if self._clock.due() and not self._health.away:
            self._compare(began)

    def _log(self, problems: list[str]) -> None:
        """For whoever collects logs and is to be told of problems."""
        if problems and self._problems.due():
            line = json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "host_problems": problems})
            with suppress(OSError):  # a full disk: it is among the problems, and `status` tells them
                masking.append(log_path(self._places, "tool"), line + "\n")
            self._problems.went(True)

    def progress(self, now: Progress) -> None:
        """Writes the events of the running command, if there are new ones."""
        text = json.dumps(contracts.document(now))
        if text != self._written and self._progress.due() and self._write("progress", now):
            self._written = text
            self._progress.went(True)

    def outcome(self, generation: int, outcome: Outcome) -> None:
        """Keeps an outcome to write as soon as possible."""
        self._unsent[str(generation)] = outcome

    def catch_up(self) -> None:
        """Writes the outcomes that are left."""
        for what, outcome in list(self._unsent.items()) if self._late.due() else ():
            sent = self._write(what, outcome)
            self._late.went(sent)
            if sent:
                del self._unsent[what]

    def _write(self, what: str, value: object) -> bool:
        try:
            self._store.write(what, value)
        except Away as away:
            self._health.store(str(away))
            return False
        return True

    def _compare(self, before: float) -> None:
        """Compares clocks by the store's time of the heartbeat, which lies between two of this
        host's."""
        try:
            stamped = self._store.objects.modified(f"outcomes/{self._places.host}/heartbeat.json")
        except Away as away:
            return self._health.store(str(away))
        self._clock.went(True)
        if stamped is not None:
            self._health.clock = max(before - stamped, 0.0) or min(time.time() - stamped, 0.0)
