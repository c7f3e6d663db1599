"""What is wrong with this server, a line each: for its heartbeat, and for `status`."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass

from ..base.files import read_object, write_json
from ..base.places import Places

_CLOCK = 30  # seconds that a clock may be off
_NOTE = "watch.json"
_SILENT = 30  # seconds
_ROOM = 200 << 20  # bytes that a release may need


@dataclass
class Health:
    """`away`: why the store can't be used. `clock`: seconds that this host is ahead of the store. `failure`: the last one."""

    away_since: float | None = None
    away: str = ""
    clock: float = 0.0
    failure: str = ""
    later: str = ""
    """What is still to come of the release that serves."""
    wish: str = ""
    """What is wrong with `desired.json`."""

    def store(self, why: str) -> None:
        """How the last use of the store went; empty: well."""
        self.away = why
        self.away_since = (self.away_since or time.time()) if why else None

    def problems(self, places: Places) -> list[str]:
        """One line for each problem."""
        from ..data import nightly  # `status` reads what is noted here, and needs none of these
        from ..front import certificates
        from ..front.certificates import seeking

        free = shutil.disk_usage(places.root / "var/lib").free
        found = [self.wish, self.failure, self.later, nightly.problem(places), certificates.problem(places, seeking.of_live(places))]
        if self.away_since:
            found.append(f"away since {_at(self.away_since)}: {self.away}")
        if abs(self.clock) > _CLOCK:
            found.append(f"clock: {abs(self.clock):.0f} s {'ahead of' if self.clock > 0 else 'behind'} the store's; see `timedatectl`")
        if free < _ROOM:
            found.append(f"disk: {free >> 20} MB free; make room")
        return [" ".join(line.split())[:400] for line in found if line]


def note(places: Places, problems: list[str]) -> None:
    """Kept for `status`, in the folder that is memory: a full disk must be told too."""
    write_json(places.run / _NOTE, {"at": _now(), "problems": problems})


def noted(places: Places) -> list[str]:
    """What `watch` said last; on a server, that it says nothing is a problem itself."""
    found = read_object(places.run / _NOTE)
    silent = _now() - float(found.get("at", 0))
    if places.role and silent > _SILENT:
        return [f"watch: nothing heard of it{f' for {silent:.0f} s' if found else ''}; see `systemctl status slipway`"]
    return [str(problem) for problem in found.get("problems", [])]


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _at(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
