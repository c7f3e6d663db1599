"""SQLite: a file in the app's shared folder, put back when a release command fails."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

from ...base import Refused, done_as, give, note, private, private_file, remove, replacing
from ...release import templates
from . import Database, Words, quoted

_BUSY = 30  # seconds that a copy waits for a writer
_LOCKED = (5, 6)  # SQLITE_BUSY, SQLITE_LOCKED
BESIDE = ("-wal", "-shm", "-journal")  # ends of names of what SQLite keeps beside a database
_REVISIONS = ("alembic_version", "django_migrations")  # tables in which migration tools note their revision
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"


class SqliteDatabase(Database):
    """A file that the app of one host uses alone, in a folder that the app's user may write: all
    that is done to it is done as that user, for it may be a link by now."""

    @property
    def path(self) -> Path:
        return self.places.database

    def words(self, role: str) -> Words:
        url = f"sqlite:///{self.path}"
        known = {"url": url, "driverUrl": url, "DATABASE_URL": url, "scheme": "sqlite", "name": str(self.path)}
        return {**dict.fromkeys(templates.WORDS, ""), **known}

    def shape(self) -> tuple[str, str]:
        schema, revision = self._asked(_shape) or ("", "")
        return str(schema), str(revision)

    def rows(self) -> dict[str, int]:
        return dict(self._asked(_count_rows) or {})

    def _asked(self, question: Callable[[sqlite3.Connection], Any]) -> Any:
        """The answer of the database; None if there is none."""

        def ask() -> Any:
            with _opened(self.path) as connection:
                return question(connection)

        return done_as(self.places.user, ask) if self.path.is_file() else None

    def snapshot(self) -> Optional[Path]:
        if not self.path.is_file():
            return None
        copy = self.beside(f"{self.release}.sqlite3")
        self.dump(copy)
        return copy

    def undo(self, copy: Optional[Path], before: str) -> str:
        """Puts the copy back if the schema changed; otherwise rows written meanwhile stay."""
        if self.schema() == before:
            return "; the database's schema is as it was"
        failed = self.restore(copy)
        note(f"the database was put back as it was before the release command; the failed one is kept at {failed}")
        return f"; the database was put back as it was before it (the failed one, with rows written since, is kept at {failed})"

    def restore(self, copy: Optional[Path]) -> Optional[Path]:
        """Puts the copy back. Returns the path of a copy of what was there."""
        if not self.path.is_file():
            return None
        failed = self.beside(f"{self.release}.failed.sqlite3")
        self.dump(failed, whole=False)  # whatever it is by now
        if copy is None:
            done_as(self.places.user, lambda: self._remove("", *BESIDE))
        else:
            self.load(copy)
        return failed

    def prove(self, path: Path) -> None:
        with _opened(path, alone=True) as copy:
            found = str(copy.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if found != "ok":
            why = " ".join(found.split())
            mend = f"restore another backup, or, if {self.path} itself is damaged, move that away and restore one"
            raise Refused(f"{path}: wanted a whole copy of a database, found a damaged one ({why}); {mend}")

    def dump(self, path: Path, whole: bool = True) -> dict[str, int]:
        """Goes by a part file: a kill leaves the old copy or the new one. `whole`: it must be."""
        with self._handed_over() as between:
            done_as(self.places.user, lambda: copy_to(self.path, between))
            with replacing(path) as part:
                _hand(between, part)
                if not whole:
                    return {}
                self.prove(part)
                with _opened(part, alone=True) as copy:
                    return _count_rows(copy)

    def load(self, path: Path) -> None:
        """Loads it in one transaction of SQLite: others see the old rows, then the new."""

        def copy_in() -> None:
            if not self.path.is_file():
                self._remove(*BESIDE)  # what a database that is gone left behind would be played into the new one
            with _opened(between, alone=True) as old, _opened(self.path) as new:
                pages = [one.execute("PRAGMA page_size").fetchone() for one in (old, new)]
                if pages[0] != pages[1]:
                    new.execute("PRAGMA journal_mode=DELETE")  # with a write-ahead log SQLite can't change it
                _copy(old, new)

        with self._handed_over() as between:
            _hand(path, between)
            give(between, self.places.user)
            done_as(self.places.user, copy_in)

    @contextlib.contextmanager
    def _handed_over(self) -> Iterator[Path]:
        """The path of a copy in a folder of the app's user: root hands one over, or takes it."""
        folder = private(self.places.lib / "handed-over", self.places.user, 0o700)
        try:
            remove(folder / self.path.name)
            yield folder / self.path.name
        finally:
            remove(folder)

    def status(self) -> dict[str, Any]:
        if not self.path.is_file():
            return {}
        return {"path": str(self.path), "bytes": self.path.stat().st_size, "schema": self.schema()}

    def _remove(self, *suffixes: str) -> None:
        for suffix in suffixes:
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)


def is_database(path: Path) -> bool:
    """Whether the file begins as one of SQLite's does."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def copy_to(path: Path, to: Path) -> None:
    """A consistent copy of a database that may be in use. Raises `Refused`."""
    to.unlink(missing_ok=True)
    with _opened(path) as old, contextlib.closing(sqlite3.connect(to)) as new:
        _copy(old, new)


def _hand(source: Path, to: Path) -> None:
    """Copies a file; what is no file, or a link, isn't followed. `to`: none may be there."""
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file, open(to, "xb", opener=private_file) as copy:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused(f"{source}: wanted a file, found something else; see who put it there")
        shutil.copyfileobj(file, copy, 1 << 20)


def _shape(connection: sqlite3.Connection) -> tuple[str, str]:
    tables = [name for (name,) in connection.execute(_TABLES).fetchall() if name in _REVISIONS]
    noted = [sorted(connection.execute(f"SELECT * FROM {quoted(table)}").fetchall(), key=repr) for table in tables]
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    schema = hashlib.sha256(repr((rows, noted)).encode()).hexdigest()[:12]
    return schema, " ".join(str(value) for rows in noted if rows for value in max(rows))


def _count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    with connection:
        connection.execute("BEGIN")
        names = [name for (name,) in connection.execute(_TABLES).fetchall()]
        return {name: int(connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]) for name in names}


def _copy(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """Copies all in one step. Python would try again for ever while somebody else holds a lock."""

    def watch(status: int, remaining: int, total: int) -> None:
        if status in _LOCKED:
            raise sqlite3.OperationalError(f"locked by somebody else for {_BUSY} seconds")

    old.backup(new, progress=watch)


@contextlib.contextmanager
def _opened(path: Path, alone: bool = False) -> Iterator[sqlite3.Connection]:
    """Raises `Refused` for SQLite's errors. `alone`: nobody writes it; nothing is made beside."""
    options = "?immutable=1" if alone else ""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}{options}", timeout=_BUSY, uri=True)) as connection:
            yield connection
    except sqlite3.Error as error:
        mend = "mend that, make room, or move the file away, then run it again"
        raise Refused(f"{path}: wanted a database that can be read and copied, found: {error}; {mend}") from None
