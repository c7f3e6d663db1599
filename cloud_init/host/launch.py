"""What the supervisor starts: becomes a colour's server, or the front server. Constant over releases."""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path
from typing import Any

from . import databases, fronts, manifests, processes, runtime, shell
from .files import write
from .places import COLOURS, Colour, Places
from .programs import split

# Supervisor takes an exit within `startsecs` for a failure and tries again; after it, exit 0 means there is nothing to run.
_LONGER_THAN_STARTSECS = 1.3


def run(places: Places, program: str) -> None:
    """Never returns where there is something to run."""
    colour, process = split(program)
    if program == "front":
        _front(places)
    elif process:
        _process(places, colour, process)
    elif program in COLOURS:
        _colour(places, program)
    else:
        _database(places, program)
    time.sleep(_LONGER_THAN_STARTSECS)


def _colour(places: Places, name: str) -> None:
    colour = places.colour(name)
    if not colour.link.exists():
        return
    folder, _, environment = _release(places, colour)
    processes.record(colour.process, os.getpid())
    processes.become([str(folder / "venv/bin/python"), str(folder / "files/start.py"), str(colour.socket)], environment)


def _process(places: Places, name: str, process: str) -> None:
    """An extra process of the release."""
    colour = places.colour(name)
    if not colour.link.exists():
        return
    _, manifest, environment = _release(places, colour)
    environment.setdefault("FLASK_APP", manifest["module"])
    processes.record(colour.folder / f"{process}.json", os.getpid())
    processes.become(shell.becoming(manifest["processes"][process]), environment)


def _release(places: Places, colour: Colour) -> tuple[Path, dict[str, Any], dict[str, str]]:
    """The colour's release: its folder, manifest and environment; from here on in its sources."""
    folder = colour.link.resolve()
    manifest = manifests.read(folder)
    os.chdir(folder / "src")
    return folder, manifest, runtime.variables(places, folder, manifest)


def _database(places: Places, engine: str) -> None:
    processes.record(places.run / "database" / f"{engine}.json", os.getpid())
    os.chdir("/")
    command = importlib.import_module(f"{databases.__name__}.{engine}").launch(places)
    processes.become(command, {**os.environ, "LC_ALL": "C.UTF-8"})


def _front(places: Places) -> None:
    if not places.front.exists():
        return
    # A master that was killed leaves workers that hold the port.
    processes.end(places.front_process, patience=2)
    processes.record(places.front_process, os.getpid())
    front = fronts.find(places, places.front)
    write(places.serving, fronts.name(front).encode())
    front.serve(places, places.front)
