"""The steps of a release that make a server what it is, for every role; on a machine taken as it is there are none."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import managers, packages, system
from .outcome import Refused, Steps
from .places import Places

_ENVIRONMENTS = "python3-venv"  # all that the release's own part waits for


def ensure(places: Places, manifest: dict[str, Any], steps: Steps, beside: Callable[[], None] = lambda: None) -> None:
    """Packages, then the files of the system, then the manager; `beside` them what else a release brings. Raises `Refused`."""
    if places.role is None:
        return beside()
    host = manifest.get("host")
    if not isinstance(host, dict):
        raise Refused(f"release {manifest['id']}: wanted one for servers, found one without the part `host`; publish it for this target")
    names = host["packages"].get(places.role, [])
    with steps.step("packages"):
        packages.ensure([name for name in names if name == _ENVIRONMENTS])
    with ThreadPoolExecutor(1) as other:
        running = other.submit(beside)
        _own(places, manifest, names, steps)
    running.result()


def _own(places: Places, manifest: dict[str, Any], names: list[str], steps: Steps) -> None:
    with steps.step("packages"):
        packages.ensure(names)
    with steps.step("system"):
        system.run(places, manifest)
    with steps.step("manager"):
        managers.module(places, managers.wanted(manifest)).install()
