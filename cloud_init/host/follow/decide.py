"""The next action of a server: a pure function of the desired state and of what is here. Each
generation of `desired.json` is acted on once. An action that failed is tried again only if nobody
else puts it right: on the way to `live`."""

import hashlib
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional

from .. import contracts
from ..base import read_json, refusal_of, write_json
from ..contracts.rollout import DesiredState

PREPARE, COMMIT, ABORT, CONVERGE = "prepare", "commit", "abort", "converge"
BEGUN, DONE, FAILED = "begun", "done", "failed"

SILENCE = 900  # seconds that a candidate stands ready before it is given up
_FIRST_PAUSE = 10
_LONGEST_PAUSE = 600
_LONG_AGO = -1e9


@dataclass(frozen=True)
class Attempt:
    """The state of an action. `at`: when it began or ended; `tries` in its generation."""

    state: str
    tries: int
    at: float


@dataclass(frozen=True)
class Here:
    """This host. `ready`: the gated release on the idle side; `attempts`: of this `generation`."""

    host: str
    live: Optional[str] = None
    ready: Optional[str] = None
    generation: int = 0
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    token: str = ""


@dataclass(frozen=True)
class Action:
    """`converge` is prepare and commit in one go."""

    kind: str
    generation: int
    release: Optional[str] = None
    elected: bool = False


def decide(wanted: DesiredState, here: Here, now: float) -> Optional[Action]:
    """The one thing to do now, or None."""
    tried = here.attempts if (here.generation, here.token) == (wanted.generation, wanted.token) else {}
    if wanted.generation == 0:
        return None
    return _candidate(wanted, here, tried, now) if wanted.candidate else _live(wanted, here, tried, now)


def _candidate(wanted: DesiredState, here: Here, tried: Mapping[str, Attempt], now: float) -> Optional[Action]:
    """While a release is proposed. A host that lacks the live one tries that first, once."""
    generation, elected = wanted.generation, wanted.elected == here.host
    prepared = tried.get(PREPARE)
    if ABORT in tried:  # there was silence for too long: what serves is all that counts
        unfinished = tried[ABORT].state != DONE
        return _converge(wanted, here, tried, now) or (_again(Action(ABORT, generation), tried[ABORT], "", now) if unfinished else None)
    converged = tried.get(CONVERGE)
    if prepared is None and _strays(wanted, here) and (converged is None or converged.state == BEGUN):
        return _converge(wanted, here, tried, now)
    if prepared is None or (prepared.state == BEGUN and _due(prepared, here.host, now)):
        return Action(PREPARE, generation, wanted.candidate, elected)
    if prepared.state != BEGUN and now - prepared.at >= SILENCE:
        return Action(ABORT, generation)
    return None


def _live(wanted: DesiredState, here: Here, tried: Mapping[str, Attempt], now: float) -> Optional[Action]:
    """While nothing is proposed: the live release has to serve, with nothing beside it."""
    if _strays(wanted, here):
        if here.ready == wanted.live and COMMIT not in tried and CONVERGE not in tried:
            return Action(COMMIT, wanted.generation, wanted.live)
        return _converge(wanted, here, tried, now)
    if any(attempt.state == DONE for attempt in tried.values()):
        return None
    interrupted = tried.get(COMMIT) or tried.get(CONVERGE)
    if interrupted and wanted.live:  # it may have ended in between: flipping to what serves says so
        return _again(Action(COMMIT, wanted.generation, wanted.live), tried.get(COMMIT), here.host, now)
    return _again(Action(ABORT, wanted.generation), tried.get(ABORT), here.host, now)


def _strays(wanted: DesiredState, here: Here) -> bool:
    """Whether another release serves than should. If none should, what serves goes on."""
    return wanted.live is not None and wanted.live != here.live


def _converge(wanted: DesiredState, here: Here, tried: Mapping[str, Attempt], now: float) -> Optional[Action]:
    if not _strays(wanted, here):
        return None
    action = Action(CONVERGE, wanted.generation, wanted.live, wanted.elected == here.host)
    ways = [tried[kind] for kind in (COMMIT, CONVERGE) if kind in tried]
    return _again(action, max(ways, key=lambda attempt: attempt.at, default=None), here.host, now)


def _again(action: Action, attempt: Optional[Attempt], host: str, now: float) -> Optional[Action]:
    return action if attempt is None or _due(attempt, host, now) else None


def _due(attempt: Attempt, host: str, now: float) -> bool:
    """Whether to try again now: at once after an interruption, unless that was one of many."""
    tries = attempt.tries - (attempt.state == BEGUN)
    return not 0 <= now - attempt.at < pause(tries, host)


def pause(tries: int, host: str) -> float:
    """Seconds until the next try: they grow, and differ between hosts."""
    if tries < 1:
        return 0
    spread = hashlib.sha256(f"{host}/{tries}".encode()).digest()[0] / 255  # a hash: the same question has the same answer
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(tries - 1, 10)) * (0.75 + spread / 2)


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
    tried: dict[str, Attempt] = field(default_factory=dict)  # the last attempt by kind of action
    prepared: Optional[str] = None  # the release that a finished `prepare` left on the idle side
    failure: str = ""  # the last failure, in one line
    boot: str = ""


class Attempts(_Note):
    """The attempts, noted on disk at `path`; `unwritten`: why that note is older than this."""

    def __init__(self, path: Path, goes_on: bool) -> None:
        """`goes_on`: as noted there, if that can be read. A reboot was long after them."""
        super().__init__()
        self.path, self.unwritten = path, ""
        if goes_on:
            with suppress(contracts.Wrong):
                vars(self).update(vars(contracts.read(_Note, read_json(path))))
        if self.boot != _boot():
            self.tried = {kind: replace(one, at=_LONG_AGO) for kind, one in self.tried.items() if kind != PREPARE}

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


def now() -> float:
    """Seconds since the machine was started, by a clock that nobody sets; sleep counts."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
