"""Backups of the database: a dump, and what it is. Made beside and renamed into place, so that a kill leaves none or a whole one."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

from ..base.files import read_object, write_json
from ..base.lock import actor
from ..base.outcome import Refused, Steps
from ..base.places import Places
from ..release import manifests
from ..rollout import state
from . import databases
from .databases.base import Database

STEPS = ("tidy", "dump", "keep")
DUMP, FACTS = "dump", "backup.json"
_CHUNK = 1 << 20
_WANTED = {"at", "dump", "engine", "release", "release_made", "rows", "schema"}
_ID = re.compile(r"\d{8}-\d{6}")


def folder(places: Places) -> Path:
    """Where the backups are; its owner's alone, as they hold everything that the app knows."""
    path = places.srv / "backups"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def database_of(places: Places, engine: str = "none") -> Database:
    """The database of the release that serves; where there is none, the one of that engine on this host, asked by any release there is."""
    release = state.serving(places) or _any_with(places, engine)
    manifest = manifests.peek(places.release(release)) if release else None
    return databases.of(places, manifest or manifests.without_release(engine))


def _any_with(places: Places, engine: str) -> str | None:
    """A release on this host that has that engine; one whose first rollout was refused may be all there is."""
    folders = (path for path in sorted((places.srv / "releases").glob("*")) if path.is_dir())
    return next((path.name for path in folders if (found := manifests.peek(path)) and found.database.engine == engine), None)


def take(places: Places, database: Database, reason: str, steps: Steps) -> dict[str, Any] | None:
    """Makes a backup; what `backup.json` says of it. None where there is no database yet. Raises `Refused`."""
    with steps.step("tidy"):
        for left in folder(places).glob(".*.part"):  # of a run that was killed
            shutil.rmtree(left)
        schema = database.schema()
        if not schema:
            return None
        identity = _free(places)
        part = folder(places) / f".{identity}.part"
    try:
        with steps.step("dump"):
            part.mkdir(mode=0o700)
            facts = _dump(places, database, part, {"id": identity, "reason": reason, "schema": schema})
        with steps.step("keep"):
            _settle(part)
            part.rename(part.with_name(identity))
            _settle(part.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return facts


def is_id(name: str) -> bool:
    """Whether that is how backups are named."""
    return bool(_ID.fullmatch(name))


def _free(places: Places) -> str:
    """The time now, of which there is no backup yet."""
    while True:
        identity = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        if not (folder(places) / identity).exists():
            return identity
        time.sleep(0.1)


def _dump(places: Places, database: Database, part: Path, head: dict[str, Any]) -> dict[str, Any]:
    revision = database.revision()
    rows = database.dump(part / DUMP)
    (part / DUMP).chmod(0o600)
    release = state.serving(places)
    facts = {
        **head, "at": time.time(), "by": actor(), "engine": database.engine, "revision": revision, "rows": rows,
        "release": release, "release_made": made(places, release), "tool": _tool(places),
        "dump": {"sha256": _digest(part / DUMP), "bytes": (part / DUMP).stat().st_size},
    }  # fmt: skip
    write_json(part / FACTS, facts, 0o600)
    return facts


def made(places: Places, release: str | None) -> float:
    """When a release was first made ready on this host."""
    return float(read_object(places.release(release) / "ready").get("at", 0)) if release else 0.0


def every(places: Places) -> list[dict[str, Any]]:
    """What each backup says of itself, the newest first; only the ID of one that says nothing."""
    names = sorted((path.name for path in folder(places).iterdir() if is_id(path.name)), reverse=True)
    return [_facts(places, name) or {"id": name} for name in names]


def find(places: Places, identity: str) -> dict[str, Any]:
    """What that backup says of itself. Raises `Refused`."""
    known = [one["id"] for one in every(places)]
    if identity not in known:
        raise Refused(f"restore: wanted a backup of this host, found {identity!r}; there are: {', '.join(known) or 'none'}")
    facts = _facts(places, identity)
    if facts is None:
        raise Refused(f"{folder(places) / identity / FACTS}: wanted what the backup is, found a damaged file; restore another one")
    return facts


def dump_of(places: Places, identity: str) -> Path:
    """The dump's file."""
    return folder(places) / identity / DUMP


def check(places: Places, facts: dict[str, Any]) -> None:
    """The dump is what was written, byte for byte. Raises `Refused`."""
    path = dump_of(places, facts["id"])
    wanted = facts["dump"]
    if not path.is_file() or path.stat().st_size != wanted["bytes"]:
        size = path.stat().st_size if path.is_file() else "no"
        raise Refused(f"{path}: wanted {wanted['bytes']} bytes, found {size}; the backup is damaged, restore another one")
    found = _digest(path)
    if found != wanted["sha256"]:
        raise Refused(f"{path}: wanted SHA-256 {wanted['sha256'][:12]}…, found {found[:12]}…; the backup is damaged, restore another one")


def _facts(places: Places, identity: str) -> dict[str, Any] | None:
    found = read_object(folder(places) / identity / FACTS)
    if found.get("id") != identity or not set(found) >= _WANTED:
        return None
    return found if isinstance(found["dump"], dict) and {"sha256", "bytes"} <= set(found["dump"]) else None


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _tool(places: Places) -> str:
    return _digest(places.tool) if places.tool.is_file() else ""


def _settle(path: Path) -> None:
    """A folder's names, and the files in it, are on the disk before anything counts on them."""
    for one in (*(child for child in path.iterdir() if child.is_file()), path):
        descriptor = os.open(one, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
