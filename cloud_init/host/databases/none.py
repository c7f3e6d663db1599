"""No database: nothing to find, to copy or to undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..places import Places


def variables(places: Places) -> dict[str, str]:
    """Nothing that the app would have to find."""
    return {}


def schema(places: Places) -> str:
    """No fingerprint."""
    return ""


def snapshot(places: Places, release: str) -> Path | None:
    """No copy."""
    return None


def undo(places: Places, release: str, copy: Path | None, before: str) -> str:
    """Nothing to undo."""
    return ""


def prune(places: Places, keep: set[str]) -> None:
    """Nothing to remove."""


def status(places: Places) -> dict[str, Any]:
    """Nothing to tell."""
    return {}
