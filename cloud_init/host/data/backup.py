"""Backups of the database and of the app's folders: each a folder with a dump, an archive and
`backup.json`, renamed into place whole."""

import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional

from ..base import Places, Refused, Steps, own, read_object, sha256_of, sync, sync_tree, write_json
from ..base.lock import actor
from ..release import manifests
from ..rollout import state
from ..server import volume
from . import databases, folders

DUMP, FOLDERS, FACTS = "dump", "folders.tar.gz", "backup.json"
_FIELDS = {"at", "dump", "engine", "release", "release_made", "rows", "schema"}
_ID = re.compile(r"\d{8}-\d{6}")
ID_FORMAT = "%Y%m%d-%H%M%S"  # of the time in UTC


def folder(places: Places) -> Path:
    """Their folder: private, as they hold all data. Raises `Refused` where the disk is away."""
    volume.settle(places)
    return own(places.srv / "backups", 0o700)


def database_of(places: Places, engine: str = "none", own: bool = False) -> databases.Database:
    """The database of the release that serves; if none does, of one here with that engine.
    `own`: one that is somewhere else counts as none."""
    release = state.serving(places)
    if release:
        found = databases.of_release(places, release, engine)
        away = own and places.role != "database" and found.manifest.database.placement != "same-host"
        return databases.of(places, manifests.without_release("none")) if away else found
    # One that never served may be all there is.
    known = (manifests.peek(path.parent) for path in sorted((places.srv / "releases").glob("*/manifest.json")))
    manifest = next((one for one in known if one and one.database.engine == engine), None)
    return databases.of(places, manifest or manifests.without_release(engine))


def take(places: Places, database: databases.Database, reason: str, steps: Steps, beside: str = "") -> Optional[dict[str, Any]]:
    """Makes a backup; its `backup.json`, or None if there is nothing. `beside`: the backup of
    another host's database that it goes with. Raises `Refused`."""
    with steps.step("tidy"):
        for left in folder(places).glob(".*.part"):  # of a run that was killed
            shutil.rmtree(left)
        schema, revision = database.shape()
        if not schema and not folders.are_there(places):
            return None
        while (folder(places) / (identity := time.strftime(ID_FORMAT, time.gmtime()))).exists():
            time.sleep(0.1)
        part = folder(places) / f".{identity}.part"
    try:
        with steps.step("dump"):
            part.mkdir(mode=0o700)
            head = {"id": identity, "reason": reason, "schema": schema, "revision": revision, **({"beside": beside} if beside else {})}
            facts = _dump(places, database, part, head)
        with steps.step("keep"):
            sync_tree(part)
            part.rename(part.with_name(identity))
            sync(part.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return facts


def is_id(name: str) -> bool:
    """Whether the name is the ID of a backup: its time, `YYYYMMDD-HHMMSS`."""
    with suppress(ValueError):
        return bool(_ID.fullmatch(name) and time.strptime(name, ID_FORMAT))
    return False


def _dump(places: Places, database: databases.Database, part: Path, head: dict[str, Any]) -> dict[str, Any]:
    rows = database.dump(part / DUMP) if head["schema"] else {}
    (part / DUMP).touch(0o600)  # without a database it is empty
    kept = folders.save(places, part / FOLDERS)
    release = state.serving(places)
    facts = {
        **head, "at": time.time(), "by": actor(), "app": places.app, "engine": database.engine, "rows": rows,
        "release": release, "release_made": made(places, release), "tool": sha256_of(places.tool) if places.tool.is_file() else "",
        "dump": {"sha256": sha256_of(part / DUMP), "bytes": (part / DUMP).stat().st_size}, **({"folders": kept} if kept else {}),
    }  # fmt: skip
    write_json(part / FACTS, facts, 0o600)
    return facts


def made(places: Places, release: Optional[str]) -> float:
    """The time when a release was first made ready on this host: seconds since 1970."""
    return float(read_object(places.release(release) / "ready").get("at", 0)) if release else 0.0


def every(places: Places) -> list[dict[str, Any]]:
    """The `backup.json` of each backup, the newest first; the ID alone of a damaged one."""
    names = sorted((path.name for path in folder(places).iterdir() if is_id(path.name)), reverse=True)
    return [_facts(folder(places) / name, name) or {"id": name} for name in names]


def find(places: Places, identity: str) -> dict[str, Any]:
    """The `backup.json` of that backup. Raises `Refused`."""
    known = [one["id"] for one in every(places)]
    if identity not in known:
        raise Refused(f"restore: wanted a backup of this host, found {identity!r}; there are: {', '.join(known) or 'none'}")
    facts = _facts(folder(places) / identity, identity)
    if facts is None:
        raise Refused(f"{folder(places) / identity / FACTS}: wanted what the backup is, found a damaged file; restore another one")
    return facts


def check(folder: Path, identity: str) -> None:
    """Raises `Refused` unless the files in that folder are what was written, byte for byte."""
    facts = _facts(folder, identity) or {"dump": {"bytes": "its", "sha256": ""}}
    for path, noted in ((folder / DUMP, facts["dump"]), (folder / FOLDERS, facts.get("folders"))):
        if noted is None:
            continue
        mend = "the backup is damaged, restore another one"
        size = path.stat().st_size if path.is_file() else "no"
        if size != noted["bytes"]:
            raise Refused(f"{path}: wanted {noted['bytes']} bytes, found {size}; {mend}")
        if (digest := sha256_of(path)) != noted["sha256"]:
            raise Refused(f"{path}: wanted SHA-256 {noted['sha256'][:12]}…, found {digest[:12]}…; {mend}")


def _facts(folder: Path, identity: str) -> Optional[dict[str, Any]]:
    facts = read_object(folder / FACTS)
    if facts.get("id") != identity or not facts.keys() >= _FIELDS:
        return None
    return facts if isinstance(facts["dump"], dict) and {"sha256", "bytes"} <= facts["dump"].keys() else None
