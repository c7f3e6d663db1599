"""The manifests of the releases on this host."""

from pathlib import Path
from typing import Optional

from .. import contracts
from ..base.files import read_json
from ..base.outcome import Refused
from ..contracts.manifest import Code, DatabasePart, Health, Manifest


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
