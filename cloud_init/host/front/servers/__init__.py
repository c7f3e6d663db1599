"""Front servers, a file each; the folder is the registry. `apache.py` shows all that one may have.
`NAME.conf` in the configuration is served by NAME, or where that lacks its program by the relay."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...base.places import Places

STAND_IN = "relay"
MAINTENANCE = "maintenance.html"


def find(places: Places, folder: Path) -> str:
    """The name of the front server that serves the configuration in that folder."""
    wanted = kind(folder.glob("*.conf"))
    return wanted if wanted and places.front_binaries.get(wanted) else STAND_IN


def kind(files: Iterable[Path]) -> str | None:
    """The front server that those files are for, whether it is here or not."""
    return next((path.stem for path in sorted(files) if path.suffix == ".conf" and path.stem in known()), None)


def known() -> set[str]:
    return {found.name for found in pkgutil.iter_modules(__path__)}


def module(name: str) -> Any:
    return importlib.import_module(f"{__name__}.{name}")
