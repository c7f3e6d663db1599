"""The commands that ask a host about itself, and whether this tool works on it."""

import importlib
import os
import pkgutil
import shutil
import time
from typing import Any

from .. import rollout, stores
from ..base import Places, processes, read_object, size_of, target
from ..data import databases
from ..follow import health
from ..front import certificates, configuration
from ..processes import managers
from ..release import manifests
from ..rollout import state


def status(places: Places) -> dict[str, Any]:
    """All that `status` shows: what serves, processes, database, disk, problems."""
    manager = managers.of(places)
    running, noted = manager.running, state.remembered(places)
    now, live = state.live(places), state.served(places) if running else None
    serves = {"release": live, "colour": now and now.colour.name, "since": noted.get("since")}
    database = databases.of_release(places, noted.get("release"))
    kept = database.status()
    tls = certificates.of_live(places)
    wrong = certificates.problem(places, tls)
    restored = read_object(places.restoring)
    restore = {name: restored.get(name) for name in ("backup", "first", "phase")}
    at_work = processes.recorded(places.restoring) is not None  # else it was interrupted
    return {
        "host": places.host,
        "role": places.role,
        "manager": {"kind": manager.kind, "running": running, "pid": manager.pid},
        "live": serves if live else None,
        "candidate": state.prepared(places) if running else None,
        "processes": [_process(manager, name) for name in manager.programs()] if running else [],
        "front": {"kind": configuration.serving(places) if running else None, "listen": places.facts.front.listen},
        "database": {"engine": database.engine, **kept} if kept else {},
        "disk": {"free": shutil.disk_usage(places.root).free, "used": size_of(places.srv)},
        "generation": noted.get("generation"),
        "maintenance": configuration.is_page_up(places),
        "restore": {**restore, "running": at_work} if restore["backup"] else None,
        "problems": health.noted(places),
        "tls": {"domain": tls.domain, "until": certificates.issued(places, tls).get("until"), "problem": wrong} if tls else None,
    }


def releases(places: Places) -> list[dict[str, Any]]:
    """The releases on this host, the newest first."""
    now = state.live(places)
    previous = os.path.basename(target(places.previous) or "")
    return [
        {
            "id": name,
            "code": manifest.code.id if (manifest := manifests.peek(places.release(name))) else None,
            "prepared_at": read_object(places.release(name) / "ready").get("at"),
            "live": bool(now and now.release == name),
            "previous": previous == name,
            "size": size_of(places.release(name)),
        }
        for name in state.newest(places)
    ]


def check(places: Places) -> dict[str, Any]:
    """Loads every part and finds role and store: a new tool is asked before it takes over."""
    package = importlib.import_module(__package__.rpartition(".")[0])
    parts = [part.name for part in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    for part in parts:
        importlib.import_module(part)
    rollout.of(places)
    return {"parts": len(parts), "store": stores.connect(places.store).address}


def _process(manager: managers.Manager, name: str) -> dict[str, Any]:
    now = manager.status(name)
    return {
        "name": name,
        "state": now.state,
        "pid": now.pid,
        "uptime": round(time.time() - now.since, 1) if now.since else None,
        "memory": processes.memory(now.pid) if now.pid else None,
    }
