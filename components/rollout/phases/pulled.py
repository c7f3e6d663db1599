"""Hosts that follow the store: `desired.json` says what is wanted, `outcomes/` what came of it.

Which hosts are alive say their heartbeats: the store's clock, never a host's own, says how old one
is at the first look; from then on a host lives while its heartbeat changes."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from cloud_init.host import contracts
from cloud_init.host.contracts.rollout import DesiredState, Heartbeat, Outcome
from components.errors import SlipwayError
from components.hosts import progress
from components.hosts.names import short
from components.release.store import Store, desired, refuse_another

FIRST = 600.0  # seconds to wait for the first web host of all
BOOT = 120.0  # and, once there is one, for hosts that were launched together with it
GRACE = 12.0  # and for those that lived before: one may have a clock of its own, which two heartbeats show
SILENT = 30.0  # seconds without a sign after which a host is given up
DEADLINES = {"prepare": 1200.0, "commit": 600.0, "abort": 120.0, "back": 1200.0}  # packages on a small server take long
_CHECK = 5.0  # seconds between two looks whether somebody else changed what is wanted
PATIENCE = 600.0  # seconds for hosts that were just launched, with their packages, to serve what is live
_AWAY = 120.0  # seconds that the store may be away
_PAUSE = 1.0
FRESH = 20.0  # seconds; hosts tell every 5
_CLOCK = "clock"
_LONGEST_PAUSE = 60.0
_LONGEST_STEP = 5.0  # a deployer that slept holds nobody's silence against it

_Answer = TypeVar("_Answer")


class Signs:
    """`names`: what hosts told, and when. `now` counts the seconds while the store can be read."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self.names: Mapping[str, float] = {}
        self.now = 0.0
        self._store, self._clock, self._last = store, clock, clock()
        self._seen: dict[str, float] = {}
        self._times: dict[str, float] = {}
        self._away = False

    def look(self) -> None:
        """Reads what there is now."""
        try:
            first = None
            if not self._times:  # the store's own time: when it says that something was written just now
                self._store.put(_CLOCK, b"What time is it?\n")
                first = self._store.modified(_CLOCK) or 0.0
            self.names = self._store.names("outcomes/")
        except SlipwayError:
            self._last, self._away = self._clock(), True
            raise
        self.now += min(self._clock() - self._last, _LONGEST_STEP)
        self._last = self._clock()
        if self._away:  # hosts try again within a minute: till then nobody is silent
            self._seen = {host: self.now + _LONGEST_PAUSE if self.silence(host) <= FRESH else at for host, at in self._seen.items()}
            self._away = False
        for name, at in self.names.items():
            host, _, what = name.removeprefix("outcomes/").partition("/")
            if what == "heartbeat.json" and self._times.get(host) != at:
                self._times[host] = at
                self._seen[host] = self.now - (max(0.0, first - at) if first else 0.0)

    def fresh(self) -> list[str]:
        """The hosts that are alive, by name."""
        return sorted(host for host in self._seen if self.silence(host) <= FRESH)

    def silence(self, host: str) -> float:
        """Seconds since the host's last sign."""
        return self.now - self._seen.get(host, 0.0)

    def words(self, host: str) -> str:
        """When the host told something last, by its store's clock."""
        if host not in self._times:
            return "no sign yet"
        now, then = time.localtime(), time.localtime(self._times[host])
        return f"no sign since {time.strftime('%H:%M' if now[:3] == then[:3] else '%Y-%m-%d %H:%M', then)}"

    def known(self) -> list[str]:
        """Every host that ever told something."""
        return sorted(self._times)


def written(kind: type[_Answer], data: bytes | None) -> _Answer | None:
    """What a host wrote; None where that is damaged, or nothing."""
    try:
        return contracts.read(kind, progress.readable(json.loads(data or b"")))
    except (ValueError, RecursionError):
        return None


class Following:
    """`expected`: hosts that the target knows by name; `fewest`: web hosts that there will be."""

    def __init__(self, store: Store, expected: Sequence[str] = (), fewest: int = 0) -> None:
        self.store, self.expected, self.fewest = store, expected, fewest
        self.signs = Signs(store)
        self._hosts: list[str] = []
        self._gone: set[str] = set()
        self._roles: dict[str, str] = {}
        self._notes: set[str] = set()
        self._first: float | None = None
        self._told: dict[tuple[str, int], list[Mapping[str, Any]]] = {}

    def gather(self) -> str:
        """Those with a fresh heartbeat, once everybody who is expected lives or had time to say so;
        the first web host of them is elected."""
        self._tried(self.signs.look)
        while awaited := self._awaited():
            for one in awaited:
                if one not in self._notes:
                    progress.note("coordinator", f"waiting for {one}")
                self._notes.add(one)
            time.sleep(_PAUSE)
            self._tried(self.signs.look)
        self._hosts = self.signs.fresh()
        for host in self._all():
            if host not in self._hosts:
                progress.note(host, f"{self.signs.words(host)}; it is left out")
        return self._web()[0]

    def _all(self) -> list[str]:
        """Every host that is expected, or ever told something."""
        return sorted({*self.expected, *self.signs.known()})

    def _web(self) -> list[str]:
        """The web hosts that live, by name."""
        return [host for host in self.signs.fresh() if self._role(host) == "web"]

    def _role(self, host: str) -> str | None:
        """A host's role by its heartbeat, whose problems are told; a damaged one is read again."""
        if host not in self._roles:
            beat = self._written(Heartbeat, host, "heartbeat")
            if beat and beat.role:
                self._roles[host] = beat.role
                for problem in beat.problems:
                    progress.note(host, problem)
        return self._roles.get(host)

    def _awaited(self) -> list[str]:
        """Hosts that still have time. Raises `SlipwayError` where no web host came in time."""
        if not self._web():
            if self.signs.now > FIRST:
                who = ", ".join(f"{short(host)}: {self.signs.words(host)}" for host in self._all()) or "no server is known"
                how = "look at what slipway.service says there, then run it again"
                raise SlipwayError(f"no web server has given a sign for {FIRST / 60:.0f} minutes ({who}); {how}")
            return [f"the first web server, up to {FIRST / 60:.0f} minutes"]
        self._first = self.signs.now if self._first is None else self._first
        waited = self.signs.now - self._first
        missing = sorted(set(self.expected) - set(self.signs.fresh()))
        late = [short(host) for host in missing if waited < (GRACE if host in self.signs.known() else BOOT)]
        few = len(self._web()) < self.fewest and waited < BOOT
        return [", ".join(late)] * bool(late) + [f"{self.fewest} web servers"] * few

    def takes_part(self, host: str) -> bool:
        return host in self._hosts

    def run(self, phase: str, now: DesiredState, release: str | None = None) -> list[Outcome]:
        """Until each host that takes part told an outcome of this generation, or is given up."""
        began = checked = self.signs.now
        waiting, failed = [host for host in self._hosts if host not in self._gone], []
        while waiting:
            self._tried(self.signs.look)
            for host in waiting[:]:
                outcome = self._outcome(host, phase, now, self.signs.now - began, release)
                if outcome is not None:
                    waiting.remove(host)
                    failed += [] if outcome.ok else [outcome]
            if waiting:
                time.sleep(_PAUSE)
            if self.signs.now - checked > _CHECK:
                checked = self.signs.now
                # Hosts do what is wanted last: nobody would ever answer us.
                self._tried(lambda: refuse_another(self.store, now))
        return failed

    def _outcome(self, host: str, what: str, now: DesiredState, waited: float, release: str | None = None) -> Outcome | None:
        name = f"outcomes/{host}/{now.generation}.json"
        self._tell_progress(host, now)
        if name in self.signs.names:
            damaged = Outcome(False, step=what, message=f"{name} is damaged", token=now.token)
            found = self._written(Outcome, host, str(now.generation)) or damaged
            if found.token == now.token:  # else of an earlier write of that number
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

    def _tell_progress(self, host: str, now: DesiredState) -> None:
        """What a host does now, each event once."""
        found = self._written(Heartbeat, host, "heartbeat")
        of_now = found and (found.acting, found.token) == (now.generation, now.token)
        events = found.events if found and of_now else ()
        told = self._told.setdefault((host, now.generation), [])
        for event in events[len(told) :]:
            progress.tell(host, event)
            told.append(event)

    def _tell_rest(self, host: str, now: DesiredState, outcome: Outcome) -> None:
        """The steps that ended since its progress was read last: its outcome has all of them."""
        told = self._told.get((host, now.generation), ())
        for one in outcome.steps[sum(event.get("state") in ("done", "failed") for event in told) :]:
            failed = not outcome.ok and one.step == outcome.step
            progress.report(host, one.step, "failed" if failed else "done", one.seconds)

    def _written(self, kind: type[_Answer], host: str, what: str) -> _Answer | None:
        """What a host wrote; None where that is damaged."""
        return written(kind, self._tried(lambda: self.store.get(f"outcomes/{host}/{what}.json")))

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
            time.sleep(_PAUSE)


def _as_asked(outcome: Outcome, what: str, release: str | None) -> Outcome:
    """The outcome; a failure where a host did something else, such as to give up by itself."""
    wanted = ("prepared",) if what == "prepare" else ("live", "aborted")
    other = outcome.release not in (release, None) or outcome.phase not in wanted
    if not outcome.ok or release is None or not other:
        return outcome
    return replace(outcome, ok=False, step=what, message=f"wanted {release} {wanted[0]}, found {outcome.release or 'it'} {outcome.phase}")


def wait_to_serve(store: Store, hosts: Sequence[str]) -> None:
    """Returns when each host serves what is live, if anything is; late: raises `SlipwayError`."""
    signs, began, said = Signs(store), time.monotonic(), False
    while found := _missing(store, signs, hosts):
        if time.monotonic() - began > PATIENCE:
            raise SlipwayError(f"{found} for {PATIENCE / 60:.0f} minutes; see `./slipway status`, then run `up` again")
        if not said:
            progress.note("coordinator", f"waiting for {', '.join(map(short, hosts))} to serve, up to {PATIENCE / 60:.0f} minutes")
            said = True
        time.sleep(_PAUSE)


def _missing(store: Store, signs: Signs, hosts: Sequence[str]) -> str | None:
    """What is wrong, in a sentence; a store that is away may be there the next time."""
    try:
        live = desired(store).live
        if live is None:
            return None
        signs.look()
        for host in hosts:
            wanted = f"{short(host)}: wanted it to serve release {live}"
            if host not in signs.fresh():
                return f"{wanted}, found {signs.words(host)}"
            beat = written(Heartbeat, store.get(f"outcomes/{host}/heartbeat.json")) or Heartbeat()
            if beat.live != live:
                problems = "; ".join(" ".join(one.split()) for one in beat.problems)
                return f"{wanted}, found {beat.live or 'none'}{f' ({problems})' if problems else ''}"
        return None
    except SlipwayError as error:
        return str(error)
