"""The documents of a release: its manifest on this host, and all that the store has of it."""

import json
from pathlib import Path
from typing import Any, Optional

from .. import contracts, stores
from ..base import Refused, masking, read_json
from ..contracts.manifest import INSTALL, Code, DatabasePart, Health, Manifest


def read(folder: Path) -> Manifest:
    """The manifest in a release's folder. Raises `Refused` if there is none, or a damaged one."""
    path = folder / "manifest.json"
    try:
        return checked(read_json(path), folder.name)
    except contracts.Wrong as wrong:
        raise Refused(f"{path}: wanted the manifest of release {folder.name}, found it damaged or gone ({wrong}); run `up` again") from None


def peek(folder: Path) -> Optional[Manifest]:
    """The same, but None where `read` raises."""
    try:
        return read(folder)
    except Refused:
        return None


def checked(document: object, release: str) -> Manifest:
    """The document as the manifest of that release. Raises `contracts.Wrong`."""
    schema = document.get("schema", 1) if isinstance(document, dict) else 1
    if schema != 1:  # another schema has other fields
        raise contracts.Wrong(f"schema: wanted 1, found {schema!r}"[:200])
    manifest = contracts.read(Manifest, document)
    if manifest.id != release:
        raise contracts.Wrong(f"id: wanted {release!r}, found {manifest.id!r}"[:200])
    return manifest


def without_release(engine: str) -> Manifest:
    """A manifest that names a database alone, for one that no release on this host asks for."""
    return Manifest("", Code("", ""), (), (), {}, DatabasePart(engine), {}, Health("/", "", 0), {})


class HostStore:
    """The store at that address, for the host of that name."""

    def __init__(self, address: str, host: str) -> None:
        self.objects = stores.connect(address)
        self.host = host

    def file(self, name: str, place: Path) -> Path:
        """The object as a file, at `place` if it must be fetched. Raises `Refused` without one."""
        path = self.objects.file(name, place)
        if path is None:
            raise self._nothing(name)
        return path

    def json(self, name: str) -> dict[str, Any]:
        """The object read as JSON. Raises `Refused` if there is none, or a damaged one."""
        data = self.objects.get(name)
        if data is None:
            raise self._nothing(name)
        return _object(name, data)

    def secrets(self, release: str, role: str = "web") -> dict[str, Any]:
        """The secrets of a release for that role; empty if there are none."""
        name = f"secrets/{role}/{release}.json"
        data = self.objects.get(name)
        secrets = {} if data is None else _object(name, data)
        masking.know(secrets)
        return secrets

    def installer(self, release: str) -> dict[str, str]:
        """The variables that the installer of a release's requirements alone is given."""
        return dict(json.loads(self.secrets(release).get(INSTALL, "{}")))

    def write(self, what: str, value: object) -> None:
        """Writes `outcomes/HOST/WHAT.json`; WHAT is a generation or `heartbeat`."""
        text = masking.masked(json.dumps(contracts.document(value), indent=1, sort_keys=True)) + "\n"
        self.objects.put(f"outcomes/{self.host}/{what}.json", text.encode())

    def _nothing(self, name: str) -> Refused:
        return Refused(f"store: wanted {name}, found nothing in {self.objects.address}; run `up` again to publish it")


def _object(name: str, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Refused(f"store: {name} is damaged ({error}); run `up` again to publish it") from None
    if not isinstance(value, dict):
        raise Refused(f"store: {name} is damaged (no object); run `up` again to publish it")
    return value
