"""The steps of a release that make a server; a machine taken as it is has none."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..base.outcome import Refused, Steps
from ..base.places import Places
from ..contracts.manifest import Manifest
from ..processes import managers
from . import packages, system_files

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
