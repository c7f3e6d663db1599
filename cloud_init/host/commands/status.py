"""What a host has to say of itself."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any

from ..base import processes
from ..base.files import read_object, size_of, target
from ..base.places import Places
from ..data import databases, restore_journal
from ..follow import health
from ..front import certificates, configuration, maintenance
from ..front.certificates import seeking
from ..processes import managers
from ..processes.managers.contract import Manager
from ..release import manifests, prune
from ..rollout import state
from ..server import roles


def status(places: Places) -> dict[str, Any]:
    """What serves, what runs, how much of it there is."""
    manager = managers.of(places)
    running = manager.running
    noted = state.remembered(places)
    return {
        "host": places.host,
        "role": places.role,
        "manager": {"kind": manager.kind, "running": running, "pid": manager.pid, "memory": manager.memory() if running else 0},
        "live": _live(places, noted) if running else None,
        "candidate": roles.of(places).idle(places) if running else None,
        "processes": [_process(manager, name) for name in manager.programs()] if running else [],
        "front": {"kind": configuration.serving(places) if running else None, "listen": places.facts.front.listen},
        "database": _database(places, noted.get("release")),
        "disk": {"free": shutil.disk_usage(places.root).free, "used": size_of(places.srv)},
        "data": str(places.shared),
        "user": places.facts.user,
        "generation": noted.get("generation"),
        "maintenance": maintenance.is_on(places),
        "restore": restore_journal.status(places),
        "problems": health.noted(places),
        "tls": certificates.status(places, seeking.of_live(places)),
    }


def releases(places: Places) -> list[dict[str, Any]]:
    """The releases kept here, the newest first."""
    now = state.live(places)
    previous = os.path.basename(target(places.previous) or "")
    return [
        {
            "id": name,
            "code": found.code.id if (found := manifests.peek(places.release(name))) else None,
            "prepared_at": read_object(places.release(name) / "ready").get("at"),
            "live": bool(now and now.release == name),
            "previous": previous == name,
            "size": size_of(places.release(name)),
        }
        for name in prune.newest(places)
    ]


def _live(places: Places, noted: dict[str, Any]) -> dict[str, Any] | None:
    """A database host has no colours."""
    now, release = state.live(places), roles.of(places).live(places)
    return {"release": release, "colour": now and now.colour.name, "since": noted.get("since")} if release else None


def _process(manager: Manager, name: str) -> dict[str, Any]:
    told = manager.told(name)
    return {
        "name": name,
        "state": told.state,
        "pid": told.pid,
        "uptime": round(time.time() - told.since, 1) if told.since else None,
        "memory": processes.memory(told.pid) if told.pid else None,
    }


def _database(places: Places, release: str | None) -> dict[str, Any]:
    database = databases.of_release(places, release)
    told = database.status()
    return {"engine": database.engine, **told} if told else {}
