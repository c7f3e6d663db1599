"""Which hosts are alive, by their heartbeats in the store: the store's clock, never a host's own,
says how old one is at the first look; from then on a host lives while its heartbeat changes."""

import json
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from cloud_init.host import contracts
from components.errors import SlipwayError
from components.hosts import progress
from components.release.store import Store

_Kind = TypeVar("_Kind")
FRESH = 20.0  # seconds; hosts tell every 5
_CLOCK = "clock"
_LONGEST_PAUSE = 60.0
_LONGEST_STEP = 5.0  # a deployer that slept holds nobody's silence against it


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


def written(kind: type[_Kind], data: bytes | None) -> _Kind | None:
    """What a host wrote; None where that is damaged, or nothing."""
    try:
        return contracts.read(kind, progress.readable(json.loads(data or b"")))
    except (ValueError, RecursionError):
        return None
