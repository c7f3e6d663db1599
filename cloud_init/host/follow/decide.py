"""The next action of a server: a pure function of the desired state and of what is here. Each
generation of `desired.json` is acted on once. An action that failed is tried again only if nobody
else puts it right: on the way to `live`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..contracts.rollout import DesiredState

PREPARE, COMMIT, ABORT, CONVERGE = "prepare", "commit", "abort", "converge"
BEGUN, DONE, FAILED = "begun", "done", "failed"

SILENCE = 900  # seconds that a candidate stands ready before it is given up
_FIRST_PAUSE = 10
_LONGEST_PAUSE = 600


@dataclass(frozen=True)
class Attempt:
    """The state of an action. `at`: when it began or ended; `tries` in its generation."""

    state: str
    tries: int
    at: float


@dataclass(frozen=True)
class Here:
    """This host. `ready` is the gated release on the idle side; `attempts` belong to
    `generation` and its `token`."""

    host: str
    live: str | None = None
    ready: str | None = None
    generation: int = 0
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    token: str = ""


@dataclass(frozen=True)
class Action:
    """`converge` is prepare and commit in one go."""

    kind: str
    generation: int
    release: str | None = None
    elected: bool = False


def decide(wanted: DesiredState, here: Here, now: float) -> Action | None:
    """The one thing to do now, or None."""
    tried = here.attempts if (here.generation, here.token) == (wanted.generation, wanted.token) else {}
    if wanted.generation == 0:
        return None
    return _candidate(wanted, here, tried, now) if wanted.candidate else _live(wanted, here, tried, now)


def _candidate(wanted: DesiredState, here: Here, tried: Mapping[str, Attempt], now: float) -> Action | None:
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


def _live(wanted: DesiredState, here: Here, tried: Mapping[str, Attempt], now: float) -> Action | None:
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


def _converge(wanted: DesiredState, here: Here, tried: Mapping[str, Attempt], now: float) -> Action | None:
    if not _strays(wanted, here):
        return None
    action = Action(CONVERGE, wanted.generation, wanted.live, wanted.elected == here.host)
    ways = [tried[kind] for kind in (COMMIT, CONVERGE) if kind in tried]
    return _again(action, max(ways, key=lambda attempt: attempt.at, default=None), here.host, now)


def _again(action: Action, attempt: Attempt | None, host: str, now: float) -> Action | None:
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
