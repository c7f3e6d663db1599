"""Hosts that the coordinator drives: the host tool is run on each of them at once."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from cloud_init.host import contracts
from cloud_init.host.contracts.rollout import DesiredState, Outcome
from components.errors import LockedError, Lost, SlipwayError
from components.hosts import progress
from components.hosts.transport import Event, Transport
from components.release.store import Store, refuse_another

_AWAY = 120.0  # seconds that a host may give no answer in the middle of a phase
_LONGEST = 1800.0  # seconds of a phase whose connection breaks again and again
_PAUSE = 1.0

A = TypeVar("A")


class Driven:
    """The first host is the elected one. Another one that gives no answer at first is left out."""

    def __init__(self, store: Store, hosts: Sequence[Transport], release: str, key: Callable[[], str] = str) -> None:
        self.store, self.first, self.release = store, hosts[0], release
        self.hosts, self.key = list(hosts), key
        self._gone: set[str] = set()
        self._served: dict[str, str | None] = {}

    def gather(self) -> str:
        there = at_once(self._has_release, self.hosts)
        self.hosts = [host for host, is_there in zip(self.hosts, there, strict=True) if is_there]
        return self.first.host

    def takes_part(self, host: str) -> bool:
        return any(one.host == host for one in self.hosts)

    def run(self, phase: str, now: DesiredState, release: str | None = None) -> list[Outcome]:
        """Back goes each host to what it served itself: the first one's store could name an older
        release for all. `release` is then for those that served none, or the new one already."""
        if phase != "back":
            return self._all(phase, now, self.hosts, lambda _: release)

        def before(host: Transport) -> str | None:
            served = self._served.get(host.host)
            return served if served not in (None, self.release) else release

        stuck = self._all("prepare", now, self.hosts, before)
        held = {one.host for one in stuck}
        return stuck + self._all("commit", now, [host for host in self.hosts if host.host not in held], before)

    def _has_release(self, host: Transport) -> bool:
        try:
            self.store.bring(host.host, self.release, self.key)
        except Lost as lost:
            if host is self.first:
                raise
            progress.note(host.host, f"left out: {lost}; it gets what it missed at the next `up`")
            return False
        return True

    def _all(self, command: str, now: DesiredState, hosts: Sequence[Transport], about: Callable[[Transport], str | None]) -> list[Outcome]:
        """Runs a command on these hosts at once, about a release or none; the outcomes not well."""
        outcomes = at_once(lambda host: self._run(host, command, now, about(host)), hosts)
        return [outcome for outcome in outcomes if not outcome.ok]

    def _run(self, host: Transport, command: str, now: DesiredState, release: str | None) -> Outcome:
        """The command's outcome; run again where the connection broke, for each of them may be. A
        host that stays away has failed; nobody waits for it in a later phase."""
        words = [command, str(now.generation), *([release] if release else [])]
        words += ["--elected"] if command == "prepare" and host is self.first else []
        began, lost_at, is_again = time.monotonic(), 0.0, False  # 0: no connection broke since it was heard of

        def tell(event: Event) -> None:
            nonlocal lost_at
            lost_at = 0.0
            progress.tell(host.host, event)

        while True:
            try:
                if command == "prepare" and release and release != self.release:  # a new host never had it
                    self.store.bring(host.host, release, self.key)
                outcome = replace(contracts.read(Outcome, host.run(words, tell)), host=host.host)
                self._served.setdefault(host.host, outcome.served)
                return outcome
            except contracts.Wrong as wrong:
                return Outcome(False, host.host, command, f"the host tool told no outcome: {wrong}; see `slipway status`")
            except Lost as lost:
                at, is_again = time.monotonic(), True
                lost_at = lost_at or at
                if host.host in self._gone or at > min(lost_at + _AWAY, began + _LONGEST):
                    self._gone.add(host.host)
                    return Outcome(False, host.host, command, str(lost))
            except SlipwayError as error:
                # What the broken connection began may be at work there yet, and hold the lock.
                if not (isinstance(error, LockedError) and is_again and time.monotonic() < began + _LONGEST):
                    if len(self.hosts) == 1:
                        raise
                    return Outcome(False, host.host, command, str(error))
            time.sleep(_PAUSE)
            refuse_another(self.store, now)


def at_once(work: Callable[[Transport], A], hosts: Sequence[Transport]) -> list[A]:
    """On at most 8 hosts at a time; a single one in this thread, where Ctrl-C ends it at once."""
    if len(hosts) == 1:
        return [work(hosts[0])]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(work, hosts))
