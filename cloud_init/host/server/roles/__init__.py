"""The roles of hosts, a file each; the folder is the registry. A machine that is taken as it is
(`local`) is a web host. Each has `prepare`, `commit`, `abort` and `boot`, for the commands of those
names, and for `watch` `live(places)`, the release that serves, and `idle(places)`, the one beside.
"""

import importlib
import pkgutil
from typing import Any

from ...base import Places, Refused


def of(places: Places) -> Any:
    """The module of this host's role. Raises `Refused`."""
    name, known = places.role or "web", sorted(role.name for role in pkgutil.iter_modules(__path__))
    if name not in known:
        raise Refused(f"role: wanted {' or '.join(known)}, found {name!r} in host.json; run the bootstrap again")
    return importlib.import_module(f"{__name__}.{name}")
