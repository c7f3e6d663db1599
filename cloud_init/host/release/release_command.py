"""The release command (migrations): once for each release, by a user of its own where a database
has an owner whose password the app must not know; with SQLite by the app's user."""

import os
import pwd
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Optional

from ..base import Places, Refused, as_user, cause, go_on_as, processes, tail, unlink, write_json
from ..contracts.manifest import Manifest
from ..data import databases
from ..processes import programs
from ..processes.managers import docker
from . import files, manifests

_LOOK = 30  # seconds between two looks whether it waits for a lock


def record(places: Places, release: str) -> Path:
    """This host's note that the release's command ran, here or elsewhere."""
    return places.lib / "released" / f"{release}.json"


def run(places: Places, manifest: Manifest, elected: bool = True) -> None:
    """Runs it unless it is recorded as done. Raises `Refused` with its last lines."""
    command = manifest.release_command
    noted = record(places, manifest.id)
    database = databases.of(places, manifest)
    if not command or not (elected or database.shared):
        return
    with database.turn(noted) as mine:
        if mine:
            before, copy = database.schema(), database.snapshot()
            code, lines, held = _execute(places, manifest, database, before)
            if code:
                undone = database.undo(copy, before)
                raise Refused(f"release command `{command}` ended with {code}{cause(lines)}{held}{undone}", log=lines)
    if mine or not noted.is_file():
        write_json(noted, {"at": time.time(), "schema": database.schema(), "command": command})


def again(places: Places, manifest: Manifest) -> None:
    """Runs it though it is recorded as done: the database is an older one now."""
    unlink(record(places, manifest.id))
    run(places, manifest)


def command(places: Places, release: str, schema: str) -> int:
    """Runs it in a container of the release's image; in there becomes it. Its exit status."""
    manifest = manifests.read(places.release(release))
    if Path(docker.SOCKET).exists():
        return docker.Manager(places).once(release, schema)
    user, environment = _user(places, databases.of(places, manifest)), _environment(places, manifest, schema)
    os.chdir(places.release(release) / "src")
    os.umask(0o007)
    if user:
        go_on_as(user)
    processes.become(programs.words(str(manifest.release_command)), environment)


def _user(places: Places, database: databases.Database) -> Optional[pwd.struct_passwd]:
    return places.release_user if database.program or database.shared else places.user


def _environment(places: Places, manifest: Manifest, schema: str) -> dict[str, str]:
    """`FLASK_APP` unless the settings name the app otherwise."""
    own = files.variables(places, places.release(manifest.id), manifest, databases.OWNER)
    return {"FLASK_APP": manifest.module, **own, "SLIPWAY_SCHEMA": schema}


def _execute(places: Places, manifest: Manifest, database: databases.Database, schema: str) -> tuple[int, list[str], str]:
    folder = places.release(manifest.id)
    words, how = programs.words(str(manifest.release_command)), as_user(_user(places, database))
    environment = _environment(places, manifest, schema)
    if places.facts.containers:  # one of the release's own image, in which `command` goes on
        words, how = [places.python, "-I", str(places.tool), "--root", str(places.root), "release", manifest.id, schema], {}
    log = places.log / "release.log"
    with log.open("ab") as file:
        start = file.tell()
        file.write(f"--- {manifest.id}: {manifest.release_command}\n".encode())
        file.flush()
        running = subprocess.Popen(
            words, cwd=folder / "src", env=environment, stdin=subprocess.DEVNULL,
            stdout=file, stderr=subprocess.STDOUT, pass_fds=database.inherited, umask=0o007, **how,
        )  # fmt: skip
        held = _wait(running, database)
    return programs.failed(running.returncode), tail(log, 20, start), held


def _wait(running: subprocess.Popen[bytes], database: databases.Database) -> str:
    """Until it ends; whose locks were in its way. What waits for one at two looks fails."""
    waits, held = dict[str, str](), ""
    while True:
        with suppress(subprocess.TimeoutExpired):
            running.wait(_LOOK)
            return held
        with suppress(Refused, OSError):  # the command goes on
            seen, waits = waits, database.unblock(waits)
            held = "".join(f"; it waited {_LOOK} s for a lock of {waits[one]}" for one in waits.keys() & seen.keys()) or held
