"""The problems of this server, a line each: for its heartbeat, and for `status`."""

from __future__ import annotations

import shutil
import socket
import time
from dataclasses import dataclass, field

from ..base.files import read_object, target, write_json
from ..base.places import Places
from .attempts import Pace, now

_CLOCK = 30  # seconds that a clock may be off
_NOTE = "watch.json"
_SILENT = 30  # seconds
_PATIENCE = 60  # seconds that `later` may take before it is a problem
_ROOM = 200 << 20  # bytes that a release may need


@dataclass
class Later:
    """What is `missing` of a live release that serving doesn't wait for; empty: nothing.

    `since`: when it went live, by `now`."""

    release: str | None = None
    since: float = 0.0
    missing: str = "under way"
    pace: Pace = field(default_factory=lambda: Pace(5, 600))

    def is_due(self) -> bool:
        return bool(self.release and self.missing) and self.pace.due()

    def problem(self) -> str:
        """One line if something is missing for longer than it should; else empty."""
        is_late = self.pace.failures or now() - self.since > _PATIENCE
        told = f"not all of what release {self.release} asks for is here yet, tried again: {self.missing}"
        return told if self.release and self.missing and is_late else ""


@dataclass
class Health:
    """What `watch` knows of this server's problems; each text is empty while there is none."""

    away_since: float | None = None
    away: str = ""
    """The reason why the store can't be used."""
    clock: float = 0.0
    """Seconds that this host is ahead of the store."""
    failure: str = ""
    """The last action that failed."""
    later: Later = field(default_factory=Later)
    desired: str = ""
    """A damage of `desired.json`."""
    unanswered: int = 0
    """How often in a row the front server took no connection."""

    def store(self, why: str) -> None:
        """Notes the last use of the store; empty: it went well."""
        self.away = why
        self.away_since = (self.away_since or time.time()) if why else None

    def problems(self, places: Places) -> list[str]:
        """One line for each problem."""
        from ..data import stored_backups  # `status` reads what is noted here, and needs none of these
        from ..front import certificates
        from ..server import volume

        free = shutil.disk_usage(places.root / "var/lib").free
        lines = [
            self.desired,
            self.failure,
            self.later.problem(),
            self._front(places),
            stored_backups.nightly_problem(places),
            volume.problem(places),
            certificates.problem(places, certificates.of_live(places)),
        ]
        if self.away_since:
            since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.away_since))
            lines.append(f"away since {since}: {self.away}")
        if abs(self.clock) > _CLOCK:
            lines.append(f"clock: {abs(self.clock):.0f} s {'ahead of' if self.clock > 0 else 'behind'} the store's; see `timedatectl`")
        if free < _ROOM:
            lines.append(f"disk: {free >> 20} MB free; make room")
        return [" ".join(line.split())[:400] for line in lines if line]

    def _front(self, places: Places) -> str:
        """Nothing for the first time: a front server may just be started again."""
        address = places.facts.front.listen
        try:
            if target(places.live):
                socket.create_connection(address, timeout=1).close()
            self.unanswered = 0
        except OSError as error:
            self.unanswered += 1
            if self.unanswered > 1:
                return f"front: takes no connection at {address[0]}:{address[1]} ({error.strerror or error}); see `./slipway logs`"
        return ""


def note(places: Places, problems: list[str]) -> None:
    """Notes the problems for `status`, in RUN, which is in memory: a full disk must be told too."""
    write_json(places.run / _NOTE, {"at": now(), "problems": problems})


def noted(places: Places) -> list[str]:
    """The problems as noted last. On a server a silent `watch` is a problem too."""
    last = read_object(places.run / _NOTE)
    silent = now() - float(last.get("at", 0))
    if places.role and silent > _SILENT:
        return [f"watch: nothing heard of it{f' for {silent:.0f} s' if last else ''}; see `systemctl status slipway`"]
    return [str(problem) for problem in last.get("problems", [])]
