"""What a server does next: a pure function of what the store wants and what is here.

Each generation of `desired.json` is acted on once. What failed is tried again only where nobody else puts it right: the way to `live`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..contracts.rollout import DesiredState

PREPARE, COMMIT, ABORT, CONVERGE = "prepare", "commit", "abort", "converge"
BEGUN, DONE, FAILED = "begun", "done", "failed"

SILENCE = 900  # seconds that a candidate stands ready without a word
_FIRST_PAUSE = 10
_LONGEST_PAUSE = 600


@dataclass(frozen=True)
class Attempt:
    """How an action went. `at`: when it began or ended, in seconds; `tries` within its generation."""

    state: str
    tries: int
    at: float


@dataclass(frozen=True)
class Here:
    """What is on this host. `ready`: the release that the idle side holds, gated. `attempts` belong to `generation`."""

    host: str
    live: str | None = None
    ready: str | None = None
    generation: int = 0
    attempts: Mapping[str, Attempt] = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """`converge` is prepare and commit in one go."""

    kind: str
    generation: int
    release: str | None = None
    elected: bool = False


def decide(wanted: DesiredState, here: Here, now: float) -> Action | None:
    """The one thing to do now, or nothing."""
    tried = here.attempts if here.generation == wanted.generation else {}
    if wanted.generation == 0:
        return None
    return _candidate(wanted, here, tried, now) if wanted.candidate else _live(wanted, here, tried, now)


def _candidate(wanted: DesiredState, here: Here, tried: Mapping[str, Attempt], now: float) -> Action | None:
    """A release is proposed. A host that lacks the live one tries that first, once: whoever proposed may be gone."""
    generation, elected = wanted.generation, wanted.elected == here.host
    prepared = tried.get(PREPARE)
    if ABORT in tried:  # nobody spoke for too long: what serves is all that counts
        return _converge(wanted, here, tried, now) or _unfinished_abort(wanted, tried, now)
    if prepared is None and _strays(wanted, here) and not _over(tried.get(CONVERGE)):
        return _converge(wanted, here, tried, now)
    if prepared is None or (prepared.state == BEGUN and _due(prepared, here.host, now)):
        return Action(PREPARE, generation, wanted.candidate, elected)
    if prepared.state != BEGUN and now - prepared.at >= SILENCE:
        return Action(ABORT, generation)
    return None


def _live(wanted: DesiredState, here: Here, tried: Mapping[str, Attempt], now: float) -> Action | None:
    """Nothing is proposed: the live release, and nothing beside it."""
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
    """Something else serves than should. Where nothing should, what serves goes on."""
    return wanted.live is not None and wanted.live != here.live


def _converge(wanted: DesiredState, here: Here, tried: Mapping[str, Attempt], now: float) -> Action | None:
    if not _strays(wanted, here):
        return None
    action = Action(CONVERGE, wanted.generation, wanted.live, wanted.elected == here.host)
    return _again(action, _latest(tried.get(COMMIT), tried.get(CONVERGE)), here.host, now)


def _unfinished_abort(wanted: DesiredState, tried: Mapping[str, Attempt], now: float) -> Action | None:
    return _again(Action(ABORT, wanted.generation), tried[ABORT], "", now) if tried[ABORT].state != DONE else None


def _again(action: Action, attempt: Attempt | None, host: str, now: float) -> Action | None:
    return action if attempt is None or _due(attempt, host, now) else None


def _latest(*attempts: Attempt | None) -> Attempt | None:
    return max((attempt for attempt in attempts if attempt), key=lambda attempt: attempt.at, default=None)


def _over(attempt: Attempt | None) -> bool:
    return attempt is not None and attempt.state != BEGUN


def _due(attempt: Attempt, host: str, now: float) -> bool:
    """An interrupted action is taken up at once, but for one that is interrupted again and again."""
    tries = attempt.tries - (attempt.state == BEGUN)
    return not 0 <= now - attempt.at < pause(tries, host)


def pause(tries: int, host: str) -> float:
    """Seconds until the next try: growing, and other ones on every host."""
    if tries < 1:
        return 0
    spread = hashlib.sha256(f"{host}/{tries}".encode()).digest()[0] / 255  # of a hash, so that the same question has the same answer
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(tries - 1, 10)) * (0.75 + spread / 2)
