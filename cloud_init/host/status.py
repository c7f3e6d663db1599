"""What a host has to say of itself."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

from . import databases, front, maintenance, manifests, processes, prune, state, under_way
from .files import read_object, target
from .places import Places
from .supervisor import Supervisor


def status(places: Places) -> dict[str, Any]:
    """What serves, what runs, how much of it there is."""
    supervisor = Supervisor(places)
    running = supervisor.pid is not None
    now = state.live(places) if running else None
    noted = state.remembered(places)
    return {
        "host": places.host,
        "supervisor": {"running": running, "pid": supervisor.pid, "memory": processes.memory(supervisor.pid or 0)},
        "live": {"release": now.release, "colour": now.colour.name, "since": noted.get("since")} if now else None,
        "candidate": state.linked(places, state.idle(places)) if running else None,
        "processes": [_process(supervisor, name) for name in supervisor.programs()] if running else [],
        "front": {"kind": front.serving(places) if running else None, "listen": places.facts["front"]["listen"]},
        "database": _database(places, noted.get("release")),
        "disk": {"free": shutil.disk_usage(places.root).free, "used": _size(places.srv)},
        "data": str(places.shared),
        "user": places.facts.get("user"),
        "generation": noted.get("generation"),
        "maintenance": maintenance.is_on(places),
        "restore": under_way.status(places),
    }


def releases(places: Places) -> list[dict[str, Any]]:
    """The releases kept here, the newest first."""
    now = state.live(places)
    previous = os.path.basename(target(places.previous) or "")
    return [
        {
            "id": name,
            "code": manifests.peek(places.release(name)).get("code", {}).get("id"),
            "prepared_at": read_object(places.release(name) / "ready").get("at"),
            "live": bool(now and now.release == name),
            "previous": previous == name,
            "size": _size(places.release(name)),
        }
        for name in prune.newest(places)
    ]


def _process(supervisor: Supervisor, name: str) -> dict[str, Any]:
    info = supervisor.info(name)
    running = info["statename"] == "RUNNING"
    return {
        "name": name,
        "state": info["statename"].lower(),
        "pid": info["pid"] or None,
        "uptime": round(time.time() - info["start"], 1) if running else None,
        "memory": processes.memory(info["pid"]) if info["pid"] else None,
    }


def _database(places: Places, release: str | None) -> dict[str, Any]:
    database = databases.of_release(places, release)
    told = database.status()
    return {"engine": database.engine, **told} if told else {}


def _size(folder: Path) -> int:
    """Bytes of the files below, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink() and path.is_file())
