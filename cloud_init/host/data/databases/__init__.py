"""Databases, a file each; the folder is the registry, and `Database` is the contract."""

import importlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional

from ...base import Places, own
from ...contracts.manifest import Manifest
from ...processes.managers import Manager
from ...release import manifests

APP, OWNER = "app", "owner"  # roles: the app reads and writes rows; the owner, for the release command, schemas too

Words = dict[str, str]  # what `${database.WORD}` stands for, by word, and the address for the app's own driver


def quoted(text: str, mark: str = '"') -> str:
    """An identifier of SQL; between other marks a text, or an identifier of MariaDB's."""
    return mark + text.replace(mark, mark * 2) + mark


class Database:
    """The database of one release. The class itself is none: nothing to copy, lock or undo."""

    def __init__(self, places: Places, manifest: Manifest) -> None:
        self.places, self.manifest = places, manifest
        self.engine, self.release = manifest.database.engine, manifest.id
        self.inherited: tuple[int, ...] = ()  # descriptors for the release command: while it holds them the turn lasts
        self.program: Optional[str] = None  # the name of the program that this database is on this host; None: it is none
        self.shared = False  # whether other hosts use it too; then each takes its turn before it starts the app

    def words(self, role: str) -> Words:
        """What `${database.WORD}` means to that role's processes; empty without a database."""
        return {}

    def ensure(self, manager: Manager) -> None:
        """Starts the database where it is this host's, and tries both roles. Raises `Refused`."""

    def run(self, manager: Manager) -> None:
        """What `ensure` does, without trying the app's role, which may be shut out."""
        self.ensure(manager)

    def shape(self) -> tuple[str, str]:
        """A fingerprint of tables, indexes and revisions, not of rows; and the last revision that a
        migration tool noted, as it spells it. Empty without any."""
        return "", ""

    def schema(self) -> str:
        return self.shape()[0]

    def rows(self) -> dict[str, int]:
        """The number of rows by table."""
        return {}

    @contextmanager
    def turn(self, record: Path) -> Iterator[bool]:
        """Held during the release command; False: it ran already. `record`: this host's note."""
        yield not record.is_file()

    def unblock(self, seen: Iterable[str]) -> dict[str, str]:
        """Holders of locks that the release command waits for, by the connection that waits; those
        that were `seen` to wait before are made to fail."""
        return {}

    def snapshot(self) -> Optional[Path]:
        """A consistent copy before the release command; None if there is nothing to copy."""
        return None

    def beside(self, name: str) -> Path:
        """The path for a copy, in a folder that is its owner's alone."""
        return own(self.places.srv / "snapshots", 0o700) / name

    def undo(self, copy: Optional[Path], before: str) -> str:
        """Called after a failed release command; returns what was undone, for the message."""
        return ""

    def dump(self, path: Path) -> dict[str, int]:
        """Writes a consistent copy, which `prove` has read; returns its number of rows by table.
        Raises `Refused`, and there is none."""
        return {}

    def prove(self, path: Path) -> None:
        """Reads back all of a copy. Raises `Refused` unless it is a whole one."""

    def load(self, path: Path) -> None:
        """Replaces everything there by what `dump` wrote. Raises `Refused`."""

    def prune(self, keep: set[str]) -> None:
        """Removes copies of releases that are gone."""
        for path in (self.places.srv / "snapshots").glob("*.*"):
            if path.name.split(".")[0] not in keep:
                path.unlink()

    def status(self) -> dict[str, Any]:
        """The part of `status` about the database; its problem in one line if it has one."""
        return {}


def of(places: Places, manifest: Manifest) -> Database:
    """The database of a release."""
    engine = manifest.database.engine
    made: Database = (Database if engine == "none" else _class(engine, "Database"))(places, manifest)
    return made


def of_release(places: Places, release: Optional[str], engine: str = "none") -> Database:
    """The database of a release on this host; if there is no such release, one of that engine."""
    manifest = manifests.peek(places.release(release)) if release else None
    return of(places, manifest or manifests.without_release(engine))


def cluster_of(places: Places, engine: str) -> Any:
    """This host's `Cluster` of that engine; None where it has no data here."""
    return _class(engine, "Cluster")(places) if (places.srv / "data" / engine).is_dir() else None


def _class(engine: str, kind: str) -> Any:
    """`PostgresDatabase` in postgres.py, and so on."""
    return getattr(importlib.import_module(f"{__name__}.{engine}"), f"{engine.capitalize()}{kind}")
