"""What the host tool asks of a database. This class is no database at all: nothing to find, to copy, to lock or to undo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...base.places import Places
from ...contracts.manifest import Manifest
from ...processes.managers.contract import Manager

APP, OWNER = "app", "owner"
"""Roles: the app reads and writes rows; the owner, who runs the release command, changes the schema too."""


class Database:
    """The database of one release."""

    def __init__(self, places: Places, manifest: Manifest) -> None:
        self.places, self.manifest = places, manifest
        self.inherited: tuple[int, ...] = ()
        """Descriptors for the release command: where this tool is killed, its turn lasts until the command has ended too."""

    @property
    def engine(self) -> str:
        return self.manifest.database.engine

    @property
    def program(self) -> str | None:
        """The program that is this database, if one is."""
        return None

    @property
    def shared(self) -> bool:
        """Other hosts use it too: each takes its turn before it starts the app, and the first one runs the release command."""
        return False

    @property
    def release(self) -> str:
        return self.manifest.id

    def variables(self, role: str) -> dict[str, str]:
        """What the app's processes, or the release command, find in their environment."""
        return {}

    def ensure(self, manager: Manager) -> None:
        """The database runs and can be asked. Raises `Refused`."""

    def run(self, manager: Manager) -> None:
        """As `ensure`, but the app's own role is not tried: it may be kept out."""
        self.ensure(manager)

    def schema(self) -> str:
        """A fingerprint of tables, indexes and noted revisions; empty without any. Rows of the app's own don't change it."""
        return ""

    def revision(self) -> str:
        """What the migration tool noted last, as it spells it; empty without one."""
        return ""

    def rows(self) -> dict[str, int]:
        """Rows of each table."""
        return {}

    @contextmanager
    def turn(self, record: Path) -> Iterator[bool]:
        """Held while the release command runs. False: it ran already for this release. `record` is this host's note of it."""
        yield not record.is_file()

    def snapshot(self) -> Path | None:
        """A consistent copy before the release command; None where there is nothing to copy."""
        return None

    def beside(self, name: str) -> Path:
        """A place for a copy, in a folder that is its owner's alone."""
        folder = self.places.srv / "snapshots"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        return folder / name

    def undo(self, copy: Path | None, before: str) -> str:
        """After a failed release command; `before` is the schema that was. Says what was done."""
        return ""

    def dump(self, path: Path) -> dict[str, int]:
        """A consistent copy into a file, while others write; the rows of each table in it. Raises `Refused`."""
        return {}

    def load(self, path: Path) -> None:
        """What `dump` wrote takes the place of everything there. Raises `Refused`."""

    def prune(self, keep: set[str]) -> None:
        """Removes copies of releases that are gone."""
        for path in (self.places.srv / "snapshots").glob("*.*"):
            if path.name.split(".")[0] not in keep:
                path.unlink()

    def status(self) -> dict[str, Any]:
        """What the person who asks for the status sees."""
        return {}
