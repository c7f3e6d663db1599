"""Databases, a file each; the folder is the registry. `none.py` shows what each has."""

from __future__ import annotations

import importlib
from typing import Any

from ..files import read_json
from ..places import Places


def find(engine: str) -> Any:
    """The module of that engine."""
    return importlib.import_module(f"{__name__}.{engine}")


def of(places: Places, release: str | None) -> Any:
    """The module of a release's engine; `none` where there is no such release."""
    manifest = read_json(places.release(release) / "manifest.json") if release else None
    return find(manifest["database"]["engine"] if manifest else "none")
