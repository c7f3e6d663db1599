"""A control group for each host: what runs on it can be frozen and killed as one, and no two hosts share a unit's group."""

import contextlib
import time
from pathlib import Path


def folders(name: str) -> list[Path]:
    """Where the group of that name is (or would be): in the unified hierarchy first, then in systemd's own where that is another."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    unified = [Path(place) for _, place, kind, *_ in mounts if kind == "cgroup2"]
    named = [Path(place) for _, place, kind, options, *_ in mounts if kind == "cgroup" and "name=systemd" in options]
    return [place / name for place in unified[:1] + named[:1]]


def freeze(name: str, frozen: bool) -> None:
    """Stops everything on a host, or lets it go on; nothing on it notices."""
    (folders(name)[0] / "payload/cgroup.freeze").write_text("1" if frozen else "0")


def remove(name: str) -> None:
    """Ends everything in the group at once, and removes it."""
    unified, *_ = places = folders(name)
    if unified.is_dir():
        (unified / "cgroup.kill").write_text("1")
        until = time.monotonic() + 20
        while "populated 1" in (unified / "cgroup.events").read_text() and time.monotonic() < until:
            time.sleep(0.02)
    for place in places:
        for folder in sorted((path for path in place.rglob("*") if path.is_dir()), reverse=True):
            _rmdir(folder)
        _rmdir(place)


def _rmdir(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()
