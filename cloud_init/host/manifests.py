"""The manifest of a release as it lies on this host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .files import read_json
from .outcome import Refused

_TYPES: dict[str, type] = {
    "id": str, "module": str, "code": dict, "files": list, "requirements": list, "environment": dict, "database": dict, "processes": dict,
    "health": dict, "static": dict,
}  # fmt: skip
_INNER = {"code": ("id", "sha256"), "database": ("engine",), "health": ("path", "host", "timeout")}


def read(folder: Path) -> dict[str, Any]:
    """The manifest in a release's folder. Raises `Refused` where there is none, or a damaged one."""
    found = read_json(folder / "manifest.json")
    why = "none, or no JSON" if not isinstance(found, dict) else problem(found, folder.name)
    if why:
        raise Refused(f"{folder / 'manifest.json'}: wanted the manifest of release {folder.name}, found {why}; run `up` again")
    return dict(found)


def peek(folder: Path) -> dict[str, Any]:
    """As `read`; empty where that is refused."""
    try:
        return read(folder)
    except Refused:
        return {}


def problem(found: dict[str, Any], release: str) -> str:
    """What is wrong with a manifest that should be that release's; nothing if it is whole."""
    if found.get("schema") != 1 or found.get("id") != release:
        return f"schema {found.get('schema')!r} of {found.get('id')!r}"[:200]
    for name, wanted in _TYPES.items():
        if not isinstance(found.get(name), wanted) or any(inner not in found[name] for inner in _INNER.get(name, ())):
            return f"one without a sound {name!r}"
    return ""
