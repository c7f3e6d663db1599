"""The attempts of the present generation, noted on disk, so that a restart does nothing twice; and
the pace of what is tried for ever."""

import random
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional

from .. import contracts
from ..base.files import read_json, write_json
from ..base.outcome import refusal_of
from ..contracts.rollout import DesiredState
from .decide import BEGUN, COMMIT, DONE, FAILED, PREPARE, Action, Attempt

_LONG_AGO = -1e9


@dataclass
class Pace:
    """Due every so many seconds, give or take a fifth, so that hosts don't act at once; ever more
    rarely while it fails, up to `longest` seconds."""

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
class _Note:
    generation: int = 0
    token: str = ""
    tried: dict[str, Attempt] = field(default_factory=dict)
    """The last attempt by kind of action."""
    prepared: Optional[str] = None
    """The release that a finished `prepare` left on the idle side."""
    failure: str = ""
    """The last failure, in one line."""
    boot: str = ""


class Attempts(_Note):
    """The attempts, noted on disk at `path`; `unwritten`: why that note is older than this."""

    def __init__(self, path: Path, noted: Optional[_Note] = None) -> None:
        super().__init__(**vars(noted or _Note()))
        self.path, self.unwritten = path, ""

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
        self.boot = _boot()
        try:
            write_json(self.path, contracts.document(self))
            self.unwritten = ""
        except OSError as error:
            self.unwritten = str(refusal_of(error))


def read(path: Path) -> Attempts:
    """The attempts as noted; none if the note is lost or damaged. A reboot was long after them."""
    try:
        noted = contracts.read(_Note, read_json(path))
    except contracts.Wrong:
        return Attempts(path)
    if noted.boot != _boot():
        noted.tried = {kind: replace(one, at=_LONG_AGO) for kind, one in noted.tried.items() if kind != PREPARE}
    return Attempts(path, noted)


def now() -> float:
    """Seconds since the machine was started, by a clock that nobody sets; sleep counts."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
