"""What a server says of itself in its store (heartbeat, progress, outcomes that a command couldn't
write) and to `status`: its problems, a line each."""

from __future__ import annotations

import json
import shutil
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from .. import contracts
from ..base import Places, masking, read_object, target, write_json
from ..contracts.rollout import Heartbeat, Outcome, Progress
from ..processes.programs import log_path
from ..release.manifests import HostStore
from ..stores import Away
from .decide import Pace, now

_HEARTBEAT = 5.0
_MINUTE = 60.0
_NOTE = "watch.json"
_SILENT = 30  # seconds
_ROOM = 200 << 20  # bytes that a release may need


@dataclass
class Health:
    """What `watch` knows of this server's problems; each text is empty while there is none."""

    away_since: float | None = None
    away: str = ""
    """The reason why the store can't be used."""
    failure: str = ""
    """The last action that failed."""
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
            self._front(places),
            stored_backups.nightly_problem(places),
            volume.problem(places),
            certificates.problem(places, certificates.of_live(places)),
        ]
        if self.away_since:
            since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.away_since))
            lines.append(f"away since {since}: {self.away}")
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


class Reporter:
    """Writes each kind of report at its own pace, and ever more rarely while the store is away."""

    def __init__(self, places: Places, store: HostStore, well: Health, pause: float) -> None:
        self._places, self._store, self._health = places, store, well
        self._beat, self._progress, self._late = Pace(_HEARTBEAT), Pace(pause), Pace(pause)
        self._problems = Pace(_MINUTE)
        self.unsent: dict[str, Outcome] = {}
        """Outcomes to write as soon as possible, by generation."""
        self._written = ""

    def beat(self, here: Heartbeat) -> None:
        """The heartbeat, when it is due, with what `here` lacks. Problems are noted for `status`
        too, which alone asks a driven host."""
        if not self._beat.due():
            return
        places = self._places
        problems = self._health.problems(places)
        # In RUN, which is in memory: a full disk must be told too.
        write_json(places.run / _NOTE, {"at": now(), "problems": problems})
        self._log(problems)
        if places.is_driven:
            return self._beat.went(True)
        beat = replace(here, at=time.time(), host=places.host, role=places.role, problems=tuple(problems))
        self._beat.went(self._write("heartbeat", beat))

    def _log(self, problems: list[str]) -> None:
        """For whoever collects logs and is to be told of problems."""
        if problems and self._problems.due():
            line = json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "host_problems": problems})
            with suppress(OSError):  # a full disk: it is among the problems, and `status` tells them
                masking.append(log_path(self._places, "tool"), line + "\n")
            self._problems.went(True)

    def progress(self, now: Progress) -> None:
        """Writes the events of the running command, if there are new ones."""
        text = json.dumps(contracts.document(now))
        if text != self._written and self._progress.due() and self._write("progress", now):
            self._written = text
            self._progress.went(True)

    def catch_up(self) -> None:
        """Writes the outcomes that are left."""
        for what, outcome in list(self.unsent.items()) if self._late.due() else ():
            sent = self._write(what, outcome)
            self._late.went(sent)
            if sent:
                del self.unsent[what]

    def _write(self, what: str, value: object) -> bool:
        try:
            self._store.write(what, value)
        except Away as away:
            self._health.store(str(away))
            return False
        return True


def noted(places: Places) -> list[str]:
    """The problems as noted last. On a server a silent `watch` is a problem too."""
    last = read_object(places.run / _NOTE)
    silent = now() - float(last.get("at", 0))
    if places.role and silent > _SILENT:
        return [f"watch: nothing heard of it{f' for {silent:.0f} s' if last else ''}; see `systemctl status slipway`"]
    return [str(problem) for problem in last.get("problems", [])]
