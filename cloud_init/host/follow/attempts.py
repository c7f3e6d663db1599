"""The attempts of the present generation, noted on disk: a restart does nothing twice; and the pace
of what is tried for ever."""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..base.files import read_object, write_json
from ..base.outcome import refusal_of
from ..contracts.rollout import DesiredState
from .decide import ABORT, BEGUN, COMMIT, CONVERGE, DONE, FAILED, PREPARE, Action, Attempt

_LONG_AGO = -1e9
_KINDS = (PREPARE, COMMIT, ABORT, CONVERGE)


@dataclass
class Pace:
    """Due every so many seconds, give or take a fifth, so that hosts don't act at once; ever more
    rarely while it fails, but not more than `longest` seconds apart."""

    every: float
    longest: float = 60.0
    failures: int = 0
    _next: float = 0.0

    def due(self) -> bool:
        return time.monotonic() >= self._next

    def went(self, well: bool) -> None:
        """Sets the time when it is due next, after it was done or failed."""
        self.failures = 0 if well else self.failures + 1
        wait = min(self.longest, self.every * 2.0 ** min(self.failures, 10)) if self.failures else self.every
        self._next = time.monotonic() + wait * random.uniform(0.8, 1.2)


@dataclass
class Attempts:
    """The attempts by kind of action, with the note on disk at `path`."""

    path: Path
    generation: int = 0
    token: str = ""
    tried: dict[str, Attempt] = field(default_factory=dict)
    prepared: str | None = None
    """The release that a finished `prepare` left on the idle side."""
    failure: str = ""
    """The last failure, in one line."""
    unwritten: str = ""
    """The reason why the note on disk is older than this."""

    def begin(self, action: Action, wanted: DesiredState) -> None:
        """Notes that an action starts."""
        if (wanted.generation, wanted.token) != (self.generation, self.token):
            self.generation, self.token, self.tried = wanted.generation, wanted.token, {}
        before = self.tried.get(action.kind)
        self.prepared = None if action.kind != COMMIT else self.prepared
        self.tried[action.kind] = Attempt(BEGUN, (before.tries if before else 0) + 1, now())
        self._write()

    def end(self, action: Action, failure: str) -> None:
        """Notes the end of an action; `failure` is empty if it went well."""
        tries = self.tried[action.kind].tries
        self.tried[action.kind] = Attempt(FAILED if failure else DONE, tries, now())
        self.prepared = action.release if action.kind == PREPARE and not failure else None
        self.failure = failure and f"{action.kind} of generation {self.generation}: {failure}"
        self._write()

    def _write(self) -> None:
        noted = {name: value for name, value in asdict(self).items() if name not in ("path", "unwritten")}
        try:
            write_json(self.path, {**noted, "boot": _boot()})
            self.unwritten = ""
        except OSError as error:
            self.unwritten = str(refusal_of(error))


def read(path: Path) -> Attempts:
    """The attempts as noted; none if the note is lost or damaged. After a reboot times are long
    ago."""
    noted = read_object(path)
    try:
        same_boot = noted["boot"] == _boot()
        kinds = [kind for kind in _KINDS if kind in noted["tried"] and (same_boot or kind != PREPARE)]
        tried = {kind: _attempt(noted["tried"][kind], same_boot) for kind in kinds}
        return Attempts(path, int(noted["generation"]), str(noted.get("token", "")), tried, noted["prepared"], str(noted["failure"]))
    except (KeyError, TypeError, ValueError):
        return Attempts(path)


def _attempt(noted: dict[str, Any], same_boot: bool) -> Attempt:
    state = noted["state"]
    if state not in (BEGUN, DONE, FAILED):
        raise ValueError(state)
    return Attempt(state, int(noted["tries"]), float(noted["at"]) if same_boot else _LONG_AGO)


def now() -> float:
    """Seconds since the machine was started, by a clock that nobody sets; sleep counts."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
