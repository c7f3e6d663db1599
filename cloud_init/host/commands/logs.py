"""The last lines of everything that talks on a host, and what comes after them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from ..base import masking
from ..base.files import tail
from ..base.places import COLOURS, Places
from ..processes.programs import split

_OWN = ("supervisord", "tool")  # of whoever mends the host, not of the app
_POLL = 0.3


def show(places: Places, lines: int, follow: bool) -> None:
    """Prints `SOURCE | line`; with `follow` until interrupted."""
    marks = _show_last(places, lines)
    while follow:
        time.sleep(_POLL)
        for path in _paths(places):
            marks[path] = _news(path, marks.get(path, 0))


def since(places: Places, lines: int, noted: str) -> None:
    """What came since; then, as the last line, the marks to give next time. Without any, the last
    `lines` of each.

    For whoever can't listen and asks again and again. `noted`: as that last line had it, JSON
    {name: bytes}."""
    if noted:
        seen = json.loads(noted)
        marks = {path: _news(path, int(seen.get(path.stem, 0))) for path in _paths(places)}
    else:
        marks = _show_last(places, lines)
    print(json.dumps({path.stem: mark for path, mark in marks.items()}))


def _show_last(places: Places, lines: int) -> dict[Path, int]:
    """Prints the last lines of each log; the marks where they end."""
    marks = {path: _size(path) for path in _paths(places)}
    for path in marks:
        for line in tail(path, lines):
            _print(path, line)
    return marks


def _paths(places: Places) -> list[Path]:
    """A file for each program, those included that came with a release."""
    return [path for path in sorted(places.log.glob("*.log")) if path.stem not in _OWN]


def _news(path: Path, mark: int) -> int:
    """Prints whole lines since `mark`; a shorter log was rotated and is read from its start."""
    size = _size(path)
    if size == mark:
        return mark
    with path.open("rb") as file:
        file.seek(mark if size > mark else 0)
        data = file.read()
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].decode("utf-8", "replace").splitlines():
            _print(path, line)
        return file.tell() - len(data) + whole


def _print(path: Path, line: str) -> None:
    source = split(path.stem)[1] or ("web" if path.stem in COLOURS else path.stem)
    print(f"{source:8}| {masking.masked(line)}", flush=True)


def _size(path: Path) -> int:
    return os.path.getsize(path) if path.exists() else 0
