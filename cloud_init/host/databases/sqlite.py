"""SQLite: a file in the app's shared folder, copied before a release command, put back when that command fails."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from pathlib import Path
from typing import Any

from ..outcome import Refused, note
from ..user import give
from . import base

_BUSY = 30  # seconds that a copy waits for a writer
# Tables in which migration tools note their revision.
_REVISIONS = ("alembic_version", "django_migrations")


class Database(base.Database):
    """The app is its only user; one host."""

    @property
    def path(self) -> Path:
        return self.places.database

    def variables(self, role: str) -> dict[str, str]:
        return {"DATABASE_URL": f"sqlite:///{self.path}"}

    def schema(self) -> str:
        if not self.path.is_file():
            return ""
        with contextlib.closing(_open(self.path)) as connection:
            rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
            tables = [name for kind, name, _ in rows if kind == "table" and name in _REVISIONS]
            noted = [sorted(connection.execute(f"SELECT * FROM {_quoted(table)}").fetchall(), key=repr) for table in tables]
        return hashlib.sha256(repr((rows, noted)).encode()).hexdigest()[:12]

    def rows(self) -> dict[str, int]:
        if not self.path.is_file():
            return {}
        with contextlib.closing(_open(self.path)) as connection, connection:
            connection.execute("BEGIN")
            question = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
            names = [name for (name,) in connection.execute(question).fetchall()]
            return {name: int(connection.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()[0]) for name in names}

    def snapshot(self) -> Path | None:
        if not self.path.is_file():
            return None
        copy = self._beside(f"{self.release}.sqlite3")
        self.dump(copy)
        return copy

    def undo(self, copy: Path | None, before: str) -> str:
        """The copy back if the schema changed, else rows written meanwhile stay."""
        if self.schema() == before:
            return "; the database's schema is as it was"
        kept = self.restore(copy)
        note(f"the database was put back as it was before the release command; the failed one is kept at {kept}")
        return f"; the database was put back as it was before it (the failed one, with rows written since, is kept at {kept})"

    def restore(self, copy: Path | None) -> Path | None:
        """Puts the copy back. What was there is kept beside; its path."""
        if not self.path.is_file():
            return None
        kept = self._beside(f"{self.release}.failed.sqlite3")
        self.dump(kept)
        if copy is None:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        else:
            self.load(copy)
        return kept

    def dump(self, path: Path) -> None:
        """By way of a part file: a kill leaves the old copy or the new one."""
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        try:
            with contextlib.closing(_open(self.path)) as old, contextlib.closing(_open(part)) as new:
                old.backup(new)
                new.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            part.unlink(missing_ok=True)
            raise Refused(f"{self.path}: wanted a copy at {path}, found: {error}; mend that (or make room), then run it again") from None
        part.chmod(0o600)
        part.rename(path)

    def load(self, path: Path) -> None:
        """Through SQLite itself, so that the app's open connections see it."""
        with contextlib.closing(_open(path)) as old, contextlib.closing(_open(self.path)) as new:
            old.backup(new)
        give(self.path, self.places.user)

    def status(self) -> dict[str, Any]:
        if not self.path.is_file():
            return {}
        return {"path": str(self.path), "bytes": self.path.stat().st_size, "schema": self.schema()}

    def _beside(self, name: str) -> Path:
        folder = self.places.srv / "snapshots"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        return folder / name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY)
