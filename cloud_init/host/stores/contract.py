"""What every kind of release store does, for hosts and deployers alike. Names are slash-separated; nothing there is an answer, no error."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from ..base.outcome import Refused


class Conflict(Exception):
    """Somebody else wrote the object since it was read."""


class Away(Refused):
    """The store can't be used now: one line that says where, why and what to do."""


class Version(NamedTuple):
    """An object as it was read: its bytes (None: there is none) and a mark that other bytes don't have."""

    data: bytes | None
    tag: str


class Store(Protocol):
    """Every method raises `Away`. Objects under `secrets/` are for the host role alone."""

    @property
    def address(self) -> str:
        """Where it is, as boot data and host.json have it."""

    @property
    def lock_file(self) -> Path | None:
        """Where all deployers share one machine: a file that the kernel locks. None: they take turns by an object."""

    def get(self, name: str) -> bytes | None:
        """The object's bytes, or None."""

    def changed(self, name: str, tag: str) -> Version | None:
        """The object if it isn't the one of that tag (empty: whatever it is), else None; cheap where nothing changed."""

    def file(self, name: str, place: Path) -> Path | None:
        """The object as a file of this machine, or None: its own where it is one, else a copy written to `place`."""

    def put(self, name: str, data: bytes) -> None:
        """Writes the object whole or not at all."""

    def send(self, name: str, path: Path) -> None:
        """A file of this machine as an object, however large; whole or not at all."""

    def create(self, name: str, data: bytes) -> None:
        """Writes the object if there is none; raises `Conflict` otherwise."""

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        """Writes `new`, which was never there before, if the object still is `old`; raises `Conflict` otherwise. For names in no folder."""

    def names(self, folder: str) -> dict[str, float]:
        """Every object under a folder (`releases/`; empty: all), by name, each with when it was written, by the store's own clock."""

    def modified(self, name: str) -> float | None:
        """When the object was written, by the store's own clock: seconds since 1970. None: there is none."""

    def delete(self, *names: str) -> None:
        """Removes the objects; nothing to do for those that aren't there."""
