"""The last lines of everything that talks on a host, and what comes after them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from .files import tail
from .places import Places

_SOURCES = {"blue": "web", "green": "web", "front": "front", "release": "release"}
_POLL = 0.3


def show(places: Places, lines: int, follow: bool) -> None:
    """Prints `SOURCE | line`; with `follow` until interrupted."""
    paths = {name: places.log / f"{name}.log" for name in _SOURCES}
    marks = {name: _size(path) for name, path in paths.items()}
    for name, path in paths.items():
        for line in tail(path, lines):
            _print(name, line)
    while follow:
        time.sleep(_POLL)
        for name, path in paths.items():
            marks[name] = _news(name, path, marks[name])


def _news(name: str, path: Path, mark: int) -> int:
    """Prints whole lines since `mark`; a log that got shorter was rotated and is read from its start."""
    size = _size(path)
    if size == mark:
        return mark
    with path.open("rb") as file:
        file.seek(mark if size > mark else 0)
        data = file.read()
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].decode("utf-8", "replace").splitlines():
            _print(name, line)
        return file.tell() - len(data) + whole


def _print(name: str, line: str) -> None:
    print(f"{_SOURCES[name]:8}| {line}", flush=True)


def _size(path: Path) -> int:
    return os.path.getsize(path) if path.exists() else 0
