"""Whether this tool works on this host: asked of a new one before it takes another's place."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from .. import stores
from ..base.places import Places
from ..server import roles


def run(places: Places) -> dict[str, Any]:
    """Loads every part, knows the host's role, and reaches its store; what it is."""
    parts = [found.name for found in pkgutil.walk_packages(importlib.import_module(str(__package__)).__path__, f"{__package__}.")]
    for part in parts:
        importlib.import_module(part)
    roles.of(places)
    return {"parts": len(parts), "store": stores.connect(places.store).address}
