"""Release stores, a file each by the scheme of its address; the folder is the registry, and this is
the contract, for hosts and deployers alike. Names of objects are slash-separated."""

import importlib
import pkgutil
from pathlib import Path
from typing import NamedTuple, Optional, Protocol, cast

from ..base.outcome import Refused


class Conflict(Exception):
    """Another writer wrote the object since it was read."""


class Away(Refused):
    """The store can't be used now; one line says where, why and what to do."""


class Version(NamedTuple):
    """An object as it was read: its bytes (None: no object) and a mark of them."""

    data: Optional[bytes]
    tag: str


class Objects(Protocol):
    """What hosts and deployers do with a store alike. A missing object is an answer, no error."""

    @property
    def address(self) -> str:
        """The address as boot data and host.json have it."""

    def get(self, name: str) -> Optional[bytes]:
        """The object's bytes, or None."""

    def put(self, name: str, data: bytes) -> None:
        """Writes the object whole or not at all."""

    def replace(self, name: str, old: Optional[bytes], new: bytes) -> None:
        """Writes `new` if the object still is `old`; raises `Conflict` otherwise. For names in no
        folder, and a `new` that was never there before."""

    def names(self, folder: str) -> dict[str, float]:
        """Names, sorted, and times of the objects under a folder (`releases/`; empty: all)."""

    def modified(self, name: str) -> Optional[float]:
        """When the object was written, by the store's clock, since 1970. None: no object."""

    def delete(self, *names: str) -> None:
        """Removes the objects, whether they are there or not."""


class Store(Objects, Protocol):
    """A store as hosts use it. Every method raises `Away`."""

    @property
    def lock_file(self) -> Optional[Path]:
        """A file for the kernel's lock on one machine. None: deployers lock by an object."""

    def changed(self, name: str, tag: str) -> Optional[Version]:
        """The object unless it has that tag (empty: always); None if it has, which costs little."""

    def file(self, name: str, place: Path) -> Optional[Path]:
        """The object as a file: the store's own, or a copy at `place`. None: no object."""

    def send(self, name: str, path: Path) -> None:
        """Writes a file of this machine as an object, however large; whole or not at all."""

    def create(self, name: str, data: bytes) -> None:
        """Writes the object if there is none; raises `Conflict` otherwise."""


def connect(address: str) -> Store:
    """The store at `s3://bucket/prefix?region=eu-west-1` or a folder's path. Raises `Refused`."""
    scheme = address.partition("://")[0] if "://" in address else "file"
    known = sorted({part.name for part in pkgutil.iter_modules(__path__)} - {"bucket", "oss_access"})
    if scheme not in known:
        wanted = ", ".join(f"{name}://" for name in known)
        raise Refused(f"store: wanted an address that starts with {wanted}, found {address!r}")
    return cast(Store, importlib.import_module(f"{__name__}.{scheme}").connect(address))
