"""What a server is for, a file each; the folder is the registry. A machine taken as it is (`local`) is a web host.

Each has `prepare`, `commit`, `abort`, `boot` and `halt`, which the commands of the same names run, and for `watch`: `live(places)`, the
release that serves, and `idle(places)`, the one that the idle side holds.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from ...base.outcome import Refused
from ...base.places import Places

USUAL = "web"


def of(places: Places) -> Any:
    """The module of this host's role."""
    name = places.role or USUAL
    if name not in known():
        raise Refused(f"role: wanted {' or '.join(known())}, found {name!r} in host.json; run the bootstrap again")
    return importlib.import_module(f"{__name__}.{name}")


def known() -> list[str]:
    """The roles there are."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__))
