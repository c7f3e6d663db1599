"""The maintenance page: a file that is there or not. The front server looks for it on each request, so nothing is reloaded."""

from __future__ import annotations

import pkgutil
from pathlib import Path

from ..base.files import write
from ..base.places import Places
from .servers import MAINTENANCE


def is_on(places: Places) -> bool:
    """Whether users meet the page now."""
    return _path(places).is_file()


def switch(places: Places, wanted: bool) -> None:
    """Puts the page up, or takes it down."""
    if wanted:
        write(_path(places), pkgutil.get_data(__package__, MAINTENANCE) or b"")
    else:
        _path(places).unlink(missing_ok=True)


def _path(places: Places) -> Path:
    return places.etc / MAINTENANCE
