"""The packages and system files of a release that come once it is live: serving doesn't wait for
them."""

from __future__ import annotations

import os

from ..base.lock import held
from ..base.outcome import Steps
from ..base.places import Places
from ..contracts.manifest import LaterPart
from ..release import manifests
from ..server import packages, roles, system_files


def run(places: Places, steps: Steps) -> None:
    """Brings what is missing. Raises `Refused`. The host's lock is free while apt works."""
    os.nice(10)
    with steps.step("packages"):
        packages.ensure(_of_live(places).packages.get(str(places.role), ()))
    with steps.step("archives"):
        packages.ensure_archives(_of_live(places).archives.get(str(places.role), ()))
    if _of_live(places) == LaterPart():  # there is none, or this is no server any more
        return
    with held(places.lib / "lock", "later"), steps.step("system"):
        system_files.run_later(places, _of_live(places))  # another may be live by now


def _of_live(places: Places) -> LaterPart:
    """That part of the live release's manifest; empty if there is none."""
    release = roles.of(places).live(places)
    manifest = manifests.peek(places.release(release)) if release else None
    return manifest.host.later if manifest and manifest.host else LaterPart()
