"""The way of a release to serving, by the host's role: its module has `prepare`, `commit`, `abort`
and `boot`, for the commands of those names. A machine that is taken as it is is a web host."""

import importlib
from typing import Any

from ..base import Places, Refused

ROLES = ("database", "web")


def of(places: Places) -> Any:
    """The module of this host's role. Raises `Refused`."""
    name = places.role or "web"
    if name not in ROLES:
        raise Refused(f"role: wanted {' or '.join(ROLES)}, found {name!r} in host.json; run the bootstrap again")
    return importlib.import_module(f"{__name__}.{name}")
