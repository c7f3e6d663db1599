"""The steps of a release that make a server; a machine taken as it is has none."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..base.lock import held
from ..base.outcome import Refused, Steps
from ..base.places import Places
from ..contracts.manifest import LaterPart, Manifest
from ..processes import managers
from ..release import manifests
from . import packages, roles, system_files

_ENVIRONMENTS = "python3-venv"  # the package that the release's own part waits for


def ensure(places: Places, manifest: Manifest, steps: Steps, beside: Callable[[], None] = lambda: None) -> None:
    """Brings packages, system files, the manager, and `beside`, at once. Raises `Refused`."""
    if places.role is None:
        lacking = [] if places.facts.containers else packages.missing(manifest.packages)  # images have them
        if lacking:
            how = f"apt-get install {' '.join(lacking)}"
            raise Refused(f"slipway:app.packages: wanted {', '.join(lacking)} on this machine, found none; install it with: {how}")
        return beside()
    host = manifest.host
    if host is None:
        raise Refused(f"release {manifest.id}: wanted one for servers, found one without the part `host`; publish it for this target")
    with steps.step("packages"):
        first = [name for name in host.packages.get(places.role, ()) if name == _ENVIRONMENTS]
        packages.ensure([*first, *(manifest.packages if places.role == "web" else ())])
    with ThreadPoolExecutor(1) as other:
        running = other.submit(beside)
        with steps.step("packages"):
            packages.ensure(host.packages.get(places.role, ()))
        with steps.step("system"):
            system_files.run(places, host)
        with steps.step("manager"):
            managers.module(places, managers.wanted(places, manifest)).install()
    running.result()


def later(places: Places, steps: Steps) -> None:
    """Brings what serving doesn't wait for, once a release is live. Raises `Refused`. The host's
    lock is free while apt works."""
    os.nice(10)
    with steps.step("packages"):
        packages.ensure(_later_of_live(places).packages.get(str(places.role), ()))
    with steps.step("archives"):
        packages.ensure_archives(_later_of_live(places).archives.get(str(places.role), ()))
    if _later_of_live(places) == LaterPart():  # there is none, or this is no server any more
        return
    with held(places.lib / "lock", "later"), steps.step("system"):
        system_files.run_later(places, _later_of_live(places))  # another may be live by now


def _later_of_live(places: Places) -> LaterPart:
    """That part of the live release's manifest; empty if there is none."""
    release = roles.of(places).live(places)
    manifest = manifests.peek(places.release(release)) if release else None
    return manifest.host.later if manifest and manifest.host else LaterPart()
