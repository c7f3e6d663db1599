"""Phase one on a host: the candidate stands ready beside the live release, gated privately. Nothing that serves is touched."""

from __future__ import annotations

import time
from typing import Any

from . import databases, environment, extra, front, gate, manifests, materialise, release_command, state, unpack
from .files import link, read_object, remove, tail, unlink, write_json
from .outcome import Refused, Steps, cause, note
from .places import Colour, Places
from .programs import CRON
from .store import Store
from .supervisor import Supervisor, log_path

STEPS = ("fetch", "unpack", "venv", "files", "validate", "database", "release-command", "start", "gate")
ABORT_STEPS = ("stop",)


def run(places: Places, store: Store, release: str, elected: bool, steps: Steps) -> None:
    """Prepares the release; returns when it is ready to serve. Raises `Refused`, with the idle colour stopped again."""
    now = state.live(places)
    if now and now.release == release:
        return
    supervisor = Supervisor(places)
    folder = places.release(release)
    manifest = _fetch(places, store, release, steps)
    with steps.step("venv"):
        venv = environment.ensure(places, manifest)
        if not (folder / "ready").is_file():
            environment.compile_source(venv, folder / "src")
    with steps.step("files"):
        materialise.write_files(places, manifest, store.secrets(release))
        write_json(folder / "manifest.json", {**manifest, "files": [], "processes": _processes(manifest, elected)})
    with steps.step("validate"):
        materialise.validate(places, folder)
        front.check_port(places)
    if not (folder / "ready").is_file():
        write_json(folder / "ready", {"at": time.time()})
    with steps.step("database"):
        databases.of(places, manifest).ensure(supervisor)
    with steps.step("release-command"):
        release_command.run(places, manifest, elected)
        _tell_schema(places, manifest)
    _start(places, supervisor, manifest, steps)


def _processes(manifest: dict[str, Any], elected: bool) -> dict[str, str]:
    """The extra processes that this host runs: jobs by the clock belong to one host."""
    return {name: command for name, command in manifest["processes"].items() if elected or name != CRON}


def _fetch(places: Places, store: Store, release: str, steps: Steps) -> dict[str, Any]:
    with steps.step("fetch"):
        manifest = store.json(f"releases/{release}/manifest.json")
        why = manifests.problem(manifest, release)
        if why:
            raise Refused(f"store: wanted the manifest of release {release}, found {why}; run `up` again to publish it")
    source = places.release(release) / "src"
    with steps.step("unpack"):
        if not source.is_dir():
            archive = store.path(f"releases/code/{manifest['code']['id']}.tar.gz")
            unpack.verify(archive, manifest["code"])
            unpack.unpack(archive, source)
    return manifest


def _start(places: Places, supervisor: Supervisor, manifest: dict[str, Any], steps: Steps) -> None:
    idle = state.idle(places)
    log = log_path(places, idle.name)
    mark = log.stat().st_size if log.exists() else 0
    try:
        with steps.step("start"):
            stop(supervisor, idle)
            for socket in idle.folder.glob("app.*"):
                remove(socket)
            link(idle.link, str(places.release(manifest["id"])))
            supervisor.start(idle.name)
        with steps.step("gate"):
            health = manifest["health"]
            gate.wait(gate.over_socket(str(idle.socket)), health, manifest["id"], lambda: dead(supervisor, idle))
    except Refused as refused:
        refused.log = refused.log or tail(log, 20, mark)
        stop(supervisor, idle)
        raise Refused(str(refused) + cause(refused.log), refused.http, refused.log) from None


def abort(places: Places, steps: Steps) -> None:
    """The candidate is not wanted: the idle colour stops. Undoes nothing that serves."""
    with steps.step("stop"):
        stop(Supervisor(places), state.idle(places))


def stop(supervisor: Supervisor, colour: Colour) -> None:
    """Stops a colour with its processes and unlinks its release, so that no restart of the supervisor brings it back."""
    extra.stop(supervisor, colour.name)
    supervisor.stop(colour.name)
    unlink(colour.link)


def dead(supervisor: Supervisor, colour: Colour) -> str | None:
    """Why the server can't answer any more, if so."""
    info = supervisor.info(colour.name)
    if info["statename"] in ("BACKOFF", "FATAL", "EXITED"):
        return "the server ended as it started"
    return None


def _tell_schema(places: Places, manifest: dict[str, Any]) -> None:
    """A rollback changes code, never the schema: say so when they are not of one time."""
    release = manifest["id"]
    record = read_object(places.lib / "released" / f"{release}.json")
    if record.get("schema") and record["schema"] != databases.of(places, manifest).schema():
        note(f"the database's schema is newer than release {release} left it; rolling back changes code, never the schema")
