"""Databases, a file each; the folder is the registry. `base.py` is the contract."""

from __future__ import annotations

import importlib
from typing import Any

from ...base.places import Places
from ...contracts.manifest import Manifest
from ...release import manifests
from .base import Database


def of(places: Places, manifest: Manifest) -> Database:
    """The database of a release."""
    engine = manifest.database.engine
    made: Database = (Database if engine == "none" else _class(engine, "Database"))(places, manifest)
    return made


def of_release(places: Places, release: str | None, engine: str = "none") -> Database:
    """The database of a release on this host; if there is no such release, one of that engine."""
    manifest = manifests.peek(places.release(release)) if release else None
    return of(places, manifest or manifests.without_release(engine))


def server_command(places: Places, engine: str) -> list[str]:
    """The command of the engine's server, once its data are there. Raises `Refused`."""
    command: list[str] = _class(engine, "Cluster")(places).launch()
    return command


def settle(places: Places) -> None:
    """Has this host's clusters note where they will listen, before a manager starts them."""
    for engine in places.database_binaries:
        if (places.srv / "data" / engine).is_dir():
            _class(engine, "Cluster")(places).settle()


def _class(engine: str, kind: str) -> Any:
    """`PostgresDatabase` in postgres.py, and so on."""
    return getattr(importlib.import_module(f"{__name__}.{engine}"), f"{engine.capitalize()}{kind}")
