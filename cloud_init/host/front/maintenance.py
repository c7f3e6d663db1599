"""The maintenance page: a file that is there or not; front servers look for it at each request."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..base.files import read_object, unlink, write, write_json
from ..base.lock import is_free
from ..base.places import Places
from .servers import MAINTENANCE


def is_on(places: Places) -> bool:
    """Whether users meet the page now."""
    return (places.etc / MAINTENANCE).is_file()


def switch(places: Places, wanted: bool) -> None:
    if wanted:
        write(places.etc / MAINTENANCE, pkgutil.get_data(__package__, MAINTENANCE) or b"")
    else:
        unlink(places.etc / MAINTENANCE)


def order(places: Places, wanted: bool) -> None:
    """An operator's word counts more than what was before a change that a kill interrupted."""
    if is_interrupted(places):
        write_json(_note(places), {"page": wanted})
    switch(places, wanted)


@contextmanager
def window(places: Places) -> Iterator[None]:
    """The page is up inside the block, and afterwards as it was before. A kill leaves it up, with
    a note of how it was: the next window that ends goes by that."""
    if not is_interrupted(places):
        write_json(_note(places), {"page": is_on(places)})
    try:
        switch(places, True)
        yield
    except Exception:
        _close(places)
        raise
    _close(places)


def is_interrupted(places: Places) -> bool:
    """Whether a window was left open by a kill; while a command is at work, by that one."""
    return _note(places).is_file()


def is_left_open(places: Places) -> bool:
    """Whether it was, and nobody is at work who could close it."""
    return is_interrupted(places) and is_free(places.lib / "lock")


def _close(places: Places) -> None:
    switch(places, read_object(_note(places)).get("page") is True)
    unlink(_note(places))


def _note(places: Places) -> Path:
    return places.lib / "maintenance.json"
