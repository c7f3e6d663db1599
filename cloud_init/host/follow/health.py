"""What a server says of itself in its store (heartbeat, outcomes that a command couldn't write) and
to `status`: its problems, a line each."""

import shutil
import socket
import time
from dataclasses import replace

from ..base import Places, read_object, target, write_json
from ..contracts.rollout import Heartbeat, Outcome
from ..release.manifests import HostStore
from ..stores import Away
from .decide import Pace, now

_HEARTBEAT = 5.0
_NOTE = "watch.json"
_SILENT = 30  # seconds
_ROOM = 200 << 20  # bytes that a release may need


class Health:
    """What a server tells of itself: each kind at its own pace, ever more rarely while the store is
    away. Texts about problems are empty while there are none."""

    def __init__(self, places: Places, store: HostStore, pause: float, failure: str = "") -> None:
        """`failure`: of the last action."""
        self.failure, self.desired = failure, ""  # `desired`: a damage of `desired.json`
        self._places, self._store, self._away = places, store, ""
        self._away_since: float | None = None
        self._unanswered = 0  # how often in a row the front server took no connection
        self._beat, self._late = Pace(_HEARTBEAT), Pace(pause)
        self.unsent: dict[str, Outcome] = {}  # outcomes to write as soon as possible, by generation

    def used_store(self, why: str) -> None:
        """Notes why the last use of the store failed; empty: it went well."""
        self._away = why
        self._away_since = (self._away_since or time.time()) if why else None

    def problems(self) -> list[str]:
        """One line for each problem."""
        from ..data import stored_backups  # `status` reads what is noted here, and needs none of these
        from ..front import certificates
        from ..server import volume

        places = self._places
        free = shutil.disk_usage(places.root / "var/lib").free
        lines = [
            self.desired,
            self.failure,
            self._front(),
            stored_backups.nightly_problem(places),
            volume.problem(places),
            certificates.problem(places, certificates.of_live(places)),
        ]
        if self._away_since:
            since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._away_since))
            lines.append(f"away since {since}: {self._away}")
        if free < _ROOM:
            lines.append(f"disk: {free >> 20} MB free; make room")
        return [" ".join(line.split())[:400] for line in lines if line]

    def _front(self) -> str:
        """Nothing for the first time: a front server may just be started again."""
        address = self._places.facts.front.listen
        try:
            if target(self._places.live):
                socket.create_connection(address, timeout=1).close()
            self._unanswered = 0
        except OSError as error:
            self._unanswered += 1
            if self._unanswered > 1:
                return f"front: takes no connection at {address[0]}:{address[1]} ({error.strerror or error}); see `./slipway logs`"
        return ""

    def beat(self, here: Heartbeat) -> None:
        """The heartbeat, when it is due, with what `here` lacks. Problems are noted for `status`
        too, which alone asks a driven host."""
        if not self._beat.due():
            return
        places = self._places
        problems = self.problems()
        write_json(places.run / _NOTE, {"at": now(), "problems": problems})  # in RUN, which is in memory: a full disk must be told too
        if places.is_driven:
            return self._beat.went(True)
        self._beat.went(self._write("heartbeat", replace(here, role=places.role, problems=tuple(problems))))

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
            self.used_store(str(away))
            return False
        return True


def noted(places: Places) -> list[str]:
    """The problems as noted last. On a server a silent `watch` is a problem too."""
    last = read_object(places.run / _NOTE)
    silent = now() - float(last.get("at", 0))
    if places.role and silent > _SILENT:
        return [f"watch: nothing heard of it{f' for {silent:.0f} s' if last else ''}; see `systemctl status slipway`"]
    return [str(problem) for problem in last.get("problems", [])]
