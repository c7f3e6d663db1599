"""The release command (migrations): once per release, as the app's user, the database put back when it fails."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from . import databases, runtime
from .files import read_json, tail, write_json
from .outcome import Refused
from .places import Places
from .user import as_user


def run(places: Places, manifest: dict[str, Any]) -> None:
    """Runs the command unless it is recorded as done for this release. Raises `Refused` with its last lines."""
    record = places.lib / "released" / f"{manifest['id']}.json"
    if not manifest["release_command"] or read_json(record):
        return
    database = databases.find(manifest["database"]["engine"])
    before, copy = database.schema(places), database.snapshot(places, manifest["id"])
    code, lines = _execute(places, manifest)
    if code:
        kept = database.undo(places, manifest["id"], copy, before)
        raise Refused(f"release command `{manifest['release_command']}` ended with {code}{kept}", log=lines)
    write_json(record, {"at": time.time(), "schema": database.schema(places), "command": manifest["release_command"]})


def _execute(places: Places, manifest: dict[str, Any]) -> tuple[int, list[str]]:
    folder = places.release(manifest["id"])
    environment = runtime.variables(places, folder, manifest["database"]["engine"])
    # Flask's own way to name the app, unless the settings say otherwise.
    environment.setdefault("FLASK_APP", manifest["module"])
    log = places.log / "release.log"
    with log.open("ab") as file:
        start = file.tell()
        file.write(f"--- {manifest['id']}: {manifest['release_command']}\n".encode())
        file.flush()
        done = subprocess.run(
            ["/bin/sh", "-c", manifest["release_command"]], cwd=folder / "src", env=environment, stdin=subprocess.DEVNULL,
            stdout=file, stderr=subprocess.STDOUT, check=False, **as_user(places.user),
        )  # fmt: skip
    return done.returncode, tail(log, 20, start)
