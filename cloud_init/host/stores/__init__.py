"""Release stores, a file each by the scheme of its address; the folder is the registry."""

import importlib
import pkgutil
from typing import cast

from ..base.outcome import Refused
from .contract import Away, Conflict, Store, Version

__all__ = ["Away", "Conflict", "Store", "Version", "connect", "known"]


def connect(address: str) -> Store:
    """The store at an address such as `s3://bucket/prefix?region=eu-west-1`, or at the path of a
    folder. Raises `Refused`."""
    scheme = address.partition("://")[0] if "://" in address else "file"
    if scheme not in known():
        wanted = ", ".join(f"{name}://" for name in known())
        raise Refused(f"store: wanted an address that starts with {wanted}, found {address!r}")
    return cast(Store, importlib.import_module(f"{__name__}.{scheme}").connect(address))


def known() -> list[str]:
    """The schemes of all stores."""
    return sorted({part.name for part in pkgutil.iter_modules(__path__)} - {"bucket", "contract", "oss_access"})
