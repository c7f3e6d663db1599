"""The SQLite database of a host: copied before a release command, put back when that command fails."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from pathlib import Path
from typing import Any

from ..outcome import Refused, note
from ..places import Places
from ..user import give

_BUSY = 30  # seconds that a copy waits for a writer
# Tables in which migration tools note their revision.
_REVISIONS = ("alembic_version", "django_migrations")


def variables(places: Places) -> dict[str, str]:
    """Where the app finds its database."""
    return {"DATABASE_URL": f"sqlite:///{places.database}"}


def schema(places: Places) -> str:
    """A fingerprint of tables, indexes and noted revisions; empty without a database. Rows of the app's own don't change it."""
    if not places.database.is_file():
        return ""
    with contextlib.closing(_open(places.database)) as connection:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        tables = [name for kind, name, _ in rows if kind == "table" and name in _REVISIONS]
        noted = [sorted(connection.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr) for table in tables]
    return hashlib.sha256(repr((rows, noted)).encode()).hexdigest()[:12]


def snapshot(places: Places, release: str) -> Path | None:
    """A consistent copy while others write; None if there is no database yet."""
    if not places.database.is_file():
        return None
    copy = places.srv / "snapshots" / f"{release}.sqlite3"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.parent.chmod(0o700)
    _copy(places.database, copy)
    return copy


def undo(places: Places, release: str, copy: Path | None, before: str) -> str:
    """After a failed release command: the copy back if the schema changed, else rows written meanwhile stay. Says what was done."""
    if schema(places) == before:
        return "; the database's schema is as it was"
    kept = restore(places, copy, release)
    note(f"the database was put back as it was before the release command; the failed one is kept at {kept}")
    return f"; the database was put back as it was before it (the failed one, with rows written since, is kept at {kept})"


def restore(places: Places, copy: Path | None, release: str) -> Path | None:
    """Puts the copy back through SQLite itself, so that the app's open connections see it. What was there is kept beside; its path."""
    if not places.database.is_file():
        return None
    kept = places.srv / "snapshots" / f"{release}.failed.sqlite3"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.parent.chmod(0o700)
    _copy(places.database, kept)
    if copy is None:
        for suffix in ("", "-wal", "-shm"):
            places.database.with_name(places.database.name + suffix).unlink(missing_ok=True)
    else:
        _write_back(copy, places.database)
        give(places.database, places.user)
    return kept


def prune(places: Places, keep: set[str]) -> None:
    """Removes copies of releases that are gone."""
    for path in (places.srv / "snapshots").glob("*.sqlite3"):
        if path.name.split(".")[0] not in keep:
            path.unlink()


def status(places: Places) -> dict[str, Any]:
    """What the person who asks for the status sees; empty without a database."""
    if not places.database.is_file():
        return {}
    return {"path": str(places.database), "bytes": places.database.stat().st_size, "schema": schema(places)}


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY)


def _copy(source: Path, target: Path) -> None:
    """Copies by way of a part file: a kill leaves the old copy or the new one."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with contextlib.closing(_open(source)) as old, contextlib.closing(_open(part)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        part.unlink(missing_ok=True)
        raise Refused(f"{source}: wanted a copy at {target}, found: {error}; mend that (or make room), then run it again") from None
    part.rename(target)


def _write_back(source: Path, target: Path) -> None:
    with contextlib.closing(_open(source)) as old, contextlib.closing(_open(target)) as new:
        old.backup(new)
