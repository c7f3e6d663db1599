"""The packages and system files of a release that come once it is live: serving doesn't wait for
them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..base.lock import held
from ..base.outcome import Steps
from ..base.places import Places
from ..contracts.manifest import LaterPart
from ..follow.decide import pause
from ..release import manifests
from ..server import packages, roles, system_files

COMMAND = "later"
_PATIENCE = 60  # seconds that it may take before it is a problem


def run(places: Places, steps: Steps) -> None:
    """Brings what is missing. Raises `Refused`. The host's lock is free while apt works."""
    os.nice(10)
    with steps.step("packages"):
        packages.ensure(_of_live(places).packages.get(str(places.role), ()))
    with steps.step("archives"):
        packages.ensure_archives(_of_live(places).archives.get(str(places.role), ()))
    if _of_live(places) == LaterPart():  # there is none, or this is no server any more
        return
    with held(places.lib / "lock", COMMAND), steps.step("system"):
        system_files.run_later(places, _of_live(places))  # another may be live by now


def _of_live(places: Places) -> LaterPart:
    """That part of the live release's manifest; empty if there is none."""
    release = roles.of(places).live(places)
    manifest = manifests.peek(places.release(release)) if release else None
    return manifest.host.later if manifest and manifest.host else LaterPart()


@dataclass
class Later:
    """The times when `run` is due: once for each live release, and ever more rarely while it fails.

    Times are those of `attempts.now`."""

    host: str
    release: str | None = None
    since: float = 0.0
    tries: int = 0
    at: float = 0.0
    done: bool = False
    failure: str = ""

    def is_due(self, live: str | None, now: float) -> bool:
        if live != self.release:
            self.release, self.since, self.tries, self.done, self.failure = live, now, 0, False, ""
        return live is not None and not self.done and now - self.at >= pause(self.tries, self.host)

    def ended(self, failure: str, now: float) -> None:
        """Notes the end of a run; `failure` is empty if it went well."""
        self.tries, self.at, self.done, self.failure = self.tries + 1, now, not failure, failure

    def problem(self, now: float) -> str:
        """One line if something is missing for longer than it should; else empty."""
        if self.release is None or self.done or not (self.failure or now - self.since > _PATIENCE):
            return ""
        return f"not all of what release {self.release} asks for is here yet, tried again: {self.failure or 'under way'}"
