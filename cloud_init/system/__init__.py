"""What a server is made of beyond the app, a file each; the folder is the registry.

Each has `packages(fleet, role)`, names of Debian and Ubuntu packages (`one | other`: the first, unless any of them is there already),
and `files(fleet, role)`, `SystemFile`s. One with `LATER = True` is what serving doesn't wait for: it comes once the release is live.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from cloud_init.fleet import Fleet, SystemFile

__all__ = ["SystemFile", "files", "packages"]


def packages(fleet: Fleet, role: str, later: bool = False) -> tuple[str, ...]:
    """All that a role needs before it serves, or only later; sorted."""
    return tuple(sorted({name for part in _parts(later) for name in part.packages(fleet, role)}))


def files(fleet: Fleet, role: str, later: bool = False) -> tuple[SystemFile, ...]:
    """Every system file that a role needs before it serves, or only later; by path."""
    found = [file for part in _parts(later) for file in part.files(fleet, role)]
    return tuple(sorted(found, key=lambda file: file.path))


def _parts(later: bool) -> Iterator[ModuleType]:
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        part = importlib.import_module(f"{__name__}.{found.name}")
        if getattr(part, "LATER", False) == later:
            yield part
