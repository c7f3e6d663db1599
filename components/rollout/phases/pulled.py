"""Hosts that follow the store: `desired.json` says what is wanted, `outcomes/` what came of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from cloud_init.host.contracts.rollout import DesiredState, Heartbeat, Outcome, Progress
from components.errors import SlipwayError
from components.hosts import progress
from components.release.store import Store
from components.rollout.desired_state import DESIRED, refuse_another
from components.rollout.phases.gathering import Gathering
from components.rollout.phases.signs import Signs, written

SILENT = 30.0  # seconds without a sign after which a host is given up
DEADLINES = {"prepare": 1200.0, "commit": 600.0, "abort": 120.0, "back": 1200.0}  # packages on a small server take long
_CHECK = 5.0  # seconds between two looks whether somebody else changed what is wanted
_AWAY = 120.0  # seconds that the store may be away
_PAUSE = 1.0

_Answer = TypeVar("_Answer")


class Following:
    """`expected`: hosts that the target knows by name; `fewest`: web hosts that there will be."""

    def __init__(self, store: Store, expected: Sequence[str] = (), fewest: int = 0, sleep: Callable[[float], None] = time.sleep) -> None:
        self.store, self.expected, self.fewest = store, expected, fewest
        self.signs = Signs(store)
        self._sleep = sleep
        self._hosts: list[str] = []
        self._gone: set[str] = set()
        self._told: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self._since = 0.0

    def gather(self) -> str:
        """Those with a fresh heartbeat; the first web host of them is elected."""
        gathering = Gathering(self.signs, self.expected, self.fewest, lambda host: self._written(Heartbeat, host, "heartbeat"))
        self._look()
        while not gathering.complete():
            self._sleep(_PAUSE)
            self._look()
        self._hosts = self.signs.fresh()
        gathering.tell_missing()
        return gathering.web()[0]

    def takes_part(self, host: str) -> bool:
        return host in self._hosts

    def run(self, phase: str, now: DesiredState, release: str | None = None) -> list[Outcome]:
        """Until each host that takes part told an outcome of this generation, or is given up."""
        began = checked = self.signs.now
        self._since = self._tried(lambda: self.store.modified(DESIRED)) or 0.0
        waiting, failed = [host for host in self._hosts if host not in self._gone], []
        while waiting:
            self._look()
            for host in waiting[:]:
                outcome = self._outcome(host, phase, now, self.signs.now - began, release)
                if outcome is not None:
                    waiting.remove(host)
                    failed += [] if outcome.ok else [outcome]
            if waiting:
                self._sleep(_PAUSE)
            if self.signs.now - checked > _CHECK:
                checked = self.signs.now
                # Hosts do what is wanted last: nobody would ever answer us.
                self._tried(lambda: refuse_another(self.store, now))
        return failed

    def _outcome(self, host: str, what: str, now: DesiredState, waited: float, release: str | None = None) -> Outcome | None:
        name = f"outcomes/{host}/{now.generation}.json"
        self._tell_progress(host, now)
        if name in self.signs.names:
            found = self._written(Outcome, host, str(now.generation)) or Outcome(False, step=what, message=f"{name} is damaged")
            if self._is_new(found, name, now):
                outcome = replace(_as_asked(found, what, release), host=host)
                self._tell_rest(host, now, outcome)
                return outcome
        if self.signs.silence(host) > SILENT:
            return self._given_up(host, what, f"{self.signs.words(host)}: it may be down, or can't reach the store")
        if waited > DEADLINES[what]:
            return self._given_up(host, what, f"not done after {DEADLINES[what] / 60:.0f} minutes, though it lives")
        return None

    def _given_up(self, host: str, what: str, why: str) -> Outcome:
        """Nobody waits for it in a later phase."""
        self._gone.add(host)
        return Outcome(False, host, what, f"{why}; see `slipway status`")

    def _is_new(self, found: Outcome, name: str, now: DesiredState) -> bool:
        """Whether it is of this write of what is wanted, by its token. A tool of an earlier version
        knows of none: then the store's clock says whether it was told since."""
        return found.token == now.token if found.token else self.signs.names[name] >= self._since

    def _tell_progress(self, host: str, now: DesiredState) -> None:
        """What a host does now, each event once."""
        found = self._written(Progress, host, "progress") if f"outcomes/{host}/progress.json" in self.signs.names else None
        of_now = found and found.generation == now.generation and found.token in ("", now.token)
        events = found.events if found and of_now else ()
        told = f"{host} {now.generation}"
        for event in events[self._told.get(told, 0) :]:
            progress.tell(host, event)
            self._told[told] = self._told.get(told, 0) + 1
            self._ended[told] = self._ended.get(told, 0) + (event.get("state") in ("done", "failed"))

    def _tell_rest(self, host: str, now: DesiredState, outcome: Outcome) -> None:
        """The steps that ended since its progress was read last: its outcome has all of them."""
        for one in outcome.steps[self._ended.get(f"{host} {now.generation}", 0) :]:
            failed = not outcome.ok and one.step == outcome.step
            progress.report(host, one.step, "failed" if failed else "done", one.seconds)

    def _written(self, kind: type[_Answer], host: str, what: str) -> _Answer | None:
        """What a host wrote; None where that is damaged."""
        return written(kind, self._tried(lambda: self.store.get(f"outcomes/{host}/{what}.json")))

    def _look(self) -> None:
        self._tried(self.signs.look)

    def _tried(self, work: Callable[[], _Answer]) -> _Answer:
        """Does it; a store that is away is tried again for a while."""
        began, told = time.monotonic(), False
        while True:
            try:
                return work()
            except SlipwayError as error:
                if time.monotonic() - began > _AWAY:
                    raise
                if not told:
                    progress.note("coordinator", f"{error} (tried again for {_AWAY / 60:.0f} minutes)")
                told = True
            self._sleep(_PAUSE)


def _as_asked(outcome: Outcome, what: str, release: str | None) -> Outcome:
    """The outcome; a failure where a host did something else: a candidate that heard of no commit
    for long has been stopped, which went well."""
    wanted = ("prepared",) if what == "prepare" else ("live", "aborted")
    other = outcome.release not in (release, None) or outcome.phase not in wanted
    if not outcome.ok or release is None or not other:
        return outcome
    return replace(outcome, ok=False, step=what, message=f"wanted {release} {wanted[0]}, found {outcome.release or 'it'} {outcome.phase}")
