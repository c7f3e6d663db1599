"""Takes Slipway off a server: all that it runs and made; the app's data only if told."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from ..base.files import remove, size_of
from ..base.outcome import Steps
from ..base.places import Places
from ..contracts.manifest import HostPart
from ..processes import systemd_units
from ..rollout import boot
from . import system_files

_MADE = ("etc/slipway", "opt/slipway", "run/slipway", "var/lib/slipway", "var/log/slipway")
_UNITS = ("etc/systemd/system", "etc/systemd/system/*.wants")
_FILES = (*(f"{folder}/slipway*" for folder in _UNITS), "etc/logrotate.d/slipway*", "var/lib/systemd/timers/stamp-slipway*")
_MOUNTS = tuple(f"{folder}/srv-slipway-*.mount" for folder in _UNITS)


def data_folders(places: Places) -> list[dict[str, Any]]:
    """The folders with data, each as `{"path", "bytes"}`."""
    return [{"path": str(path), "bytes": size_of(path)} for path in _data(places)]


def run(places: Places, with_data: bool, steps: Steps) -> None:
    """Does all of it. Run again, it goes on where it was stopped."""
    if places.role:
        with steps.step("follow"):
            systemd_units.call("stop", "slipway.service", "slipway-*.timer")
    with steps.step("halt"):
        boot.halt(places, steps)
    if places.role:
        with steps.step("system"):
            system_files.run(places, HostPart({}, {}))
    with steps.step("remove"):
        _clear(places, with_data)


def _clear(places: Places, with_data: bool) -> None:
    """Removes the host tool last: until then `leave` can be run again."""
    stay = [] if with_data else [*_data(places), places.disk]
    stay += [places.srv / "data"] if places.facts.containers else []  # a volume by itself
    # The disk last: the folders with data may be bound to it.
    for folder in sorted(places.srv.iterdir(), key=places.disk.__eq__) if places.srv.is_dir() else ():
        if folder not in stay:
            _remove(folder)
    for pattern in (*_FILES, *(_MOUNTS if with_data else ())):
        for path in places.root.glob(pattern):
            remove(path)
    if places.role:
        systemd_units.call("daemon-reload")
    for name in sorted(_MADE, key=lambda one: one.startswith("opt")):
        shutil.rmtree(places.root / name, ignore_errors=True)
    for folder in (places.srv, places.srv.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _remove(folder: Path) -> None:
    """Removes a folder; a disk that is mounted there is emptied and unmounted first."""
    if os.path.ismount(folder):
        for path in folder.iterdir():
            remove(path)
        subprocess.run(["umount", str(folder)], check=True)
    remove(folder)


def _data(places: Places) -> list[Path]:
    return [path for path in places.kept if path.is_dir() and any(path.iterdir())]
