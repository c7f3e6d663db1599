"""Hosts that take part in a rollout: those that live, and how long expected ones have time."""

from collections.abc import Callable, Sequence

from cloud_init.host.contracts.rollout import Heartbeat
from components.errors import SlipwayError
from components.hosts import progress
from components.hosts.names import short
from components.rollout.phases.signs import Signs

FIRST = 600.0  # seconds to wait for the first web host of all
BOOT = 120.0  # and, once there is one, for hosts that were launched together with it
GRACE = 12.0  # and for those that lived before: one may have a clock of its own, which two heartbeats show


class Gathering:
    """`expected`: hosts that the target names; `fewest`: web hosts there will be at least."""

    def __init__(self, signs: Signs, expected: Sequence[str], fewest: int, read: Callable[[str], Heartbeat | None]) -> None:
        self.signs, self.expected, self.fewest = signs, expected, fewest
        self._read = read
        self._roles: dict[str, str] = {}
        self._told: set[str] = set()
        self._first: float | None = None

    def web(self) -> list[str]:
        """The web hosts that live, by name."""
        return [host for host in self.signs.fresh() if self._role(host) == "web"]

    def complete(self) -> bool:
        """True once a web host lives, and everybody who is expected lives or had time to say so."""
        if not self.web():
            self._none_yet()
            return False
        self._first = self.signs.now if self._first is None else self._first
        waited = self.signs.now - self._first
        missing = sorted(set(self.expected) - set(self.signs.fresh()))
        late = [host for host in missing if waited < (GRACE if host in self.signs.known() else BOOT)]
        if late:
            self._tell_once(f"waiting for {', '.join(map(short, late))}")
        few = len(self.web()) < self.fewest and waited < BOOT
        if few:
            self._tell_once(f"waiting for {self.fewest} web servers")
        return not late and not few

    def tell_missing(self) -> None:
        """Each host that doesn't take part, by name."""
        for host in sorted({*self.expected, *self.signs.known()} - set(self.signs.fresh())):
            progress.note(host, f"{self.signs.words(host)}; it is left out")

    def _none_yet(self) -> None:
        if self.signs.now > FIRST:
            hosts = sorted({*self.expected, *self.signs.known()})
            who = ", ".join(f"{short(host)}: {self.signs.words(host)}" for host in hosts) or "no server is known"
            how = "look at what slipway.service says there, then run it again"
            raise SlipwayError(f"no web server has given a sign for {FIRST / 60:.0f} minutes ({who}); {how}")
        self._tell_once(f"waiting for the first web server, up to {FIRST / 60:.0f} minutes")

    def _role(self, host: str) -> str | None:
        """A host's role by its heartbeat, whose problems are told; a damaged one is read again."""
        if host not in self._roles:
            beat = self._read(host)
            if beat and beat.role:
                self._roles[host] = beat.role
                for problem in beat.problems:
                    progress.note(host, problem)
        return self._roles.get(host)

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            progress.note("coordinator", text)
        self._told.add(text)
