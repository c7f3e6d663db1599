"""A host that serves the app: a release stands ready beside the live one, which isn't touched; then
the flip, gated through the front server, else undone; then the drain, and old releases go."""

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Optional

from .. import contracts
from ..base import COLOURS, Colour, Places, Refused, Steps, link, note, other, read_object, refusal_of, remove, target, unlink, write_json
from ..base.files import mark_ready
from ..base.outcome import all_of, cause, up_to_cause
from ..contracts.manifest import TLS, Manifest
from ..data import databases, folders
from ..front import certificates, configuration
from ..processes import app, managers
from ..processes.programs import CRON, is_database
from ..release import environment, files, manifests, release_command, unpack
from ..server import provision, volume
from . import boot as booting
from . import state

KEEP = 5


def prepare(places: Places, store: manifests.HostStore, release: str, elected: bool, steps: Steps) -> None:
    """Phase one: the candidate stands ready beside the live release. Raises `Refused`."""
    now = state.live(places)
    if now and now.release == release:
        return _again(places, store, now, elected, steps)
    manifest = fetch(store, release, steps)
    provision.ensure(places, manifest, steps, lambda: _bring(places, store, manifest, steps))
    if device := places.facts.disk:
        with steps.step("volume"):
            volume.keep(places, device)
    _make_ready(places, store, manifest, elected, steps)


def _make_ready(places: Places, store: manifests.HostStore, manifest: Manifest, elected: bool, steps: Steps) -> None:
    """Makes ready to serve what `_bring` brought. Raises `Refused`, the idle colour stopped."""
    manager = booting.launched(places)
    folder = places.release(manifest.id)
    with steps.step("files"):
        folders.lay(places, manifest)
        secrets = store.secrets(manifest.id)
        files.write_files(places, manifest, secrets)
        if manifest.tls:
            certificates.ensure(places, manifest.tls, json.loads(secrets.get(TLS, "{}")).get("key", ""))
        write_json(folder / "manifest.json", contracts.document(replace(manifest, files=(), processes=_processes(manifest, elected))))
    with steps.step("validate"):
        files.validate(places, folder)
        configuration.check_port(places)
    if not (folder / "ready").is_file():
        folders.seal(folder / "src")
        mark_ready(folder, {"at": time.time()})
    with steps.step("database"):
        databases.of(places, manifest).ensure(manager)
        files.note_secrets(places, folder, manifest)
    with steps.step("release-command"):
        release_command.run(places, manifest, elected)
        left = read_object(release_command.record(places, manifest.id)).get("schema")
        if left and left != databases.of(places, manifest).schema():
            note(f"the database's schema is newer than release {manifest.id} left it; rolling back changes code, never the schema")
    _start(places, manager, manifest, steps)


def _again(places: Places, store: manifests.HostStore, now: state.Live, elected: bool, steps: Steps) -> None:
    """For a release that serves already: begins or ends what belongs to the elected host alone."""
    whole, folder = fetch(store, now.release, steps), places.release(now.release)
    if elected and not release_command.record(places, now.release).is_file():
        with steps.step("release-command"):
            release_command.run(places, whole)
    mine, wanted = manifests.read(folder), _processes(whole, elected)
    if mine.processes != wanted:
        with steps.step("processes"):
            write_json(folder / "manifest.json", contracts.document(replace(mine, processes=wanted)))
            app.switch_processes(managers.of(places), now.colour)


def _bring(places: Places, store: manifests.HostStore, manifest: Manifest, steps: Steps) -> None:
    """Brings the release's code and its environment; nothing else on the host is changed."""
    folder = places.release(manifest.id)
    with steps.step("unpack"):
        if not (folder / "src").is_dir():
            fetched = folder / "code.tar.gz"
            try:
                archive = store.file(f"releases/code/{manifest.code.id}.tar.gz", fetched)
                unpack.verify(archive, manifest.code)
                unpack.unpack(archive, folder / "src")
            finally:
                fetched.unlink(missing_ok=True)
    with steps.step("venv"):
        environment.ensure(places, manifest, store.objects, store.installer(manifest.id))
        if not (folder / "ready").is_file():
            environment.compile_source(places, folder / "src", manifest.python)


def _processes(manifest: Manifest, elected: bool) -> dict[str, str]:
    """The extra processes that this host runs: cron belongs to the elected one."""
    return {name: command for name, command in manifest.processes.items() if elected or name != CRON}


def fetch(store: manifests.HostStore, release: str, steps: Steps) -> Manifest:
    """The whole manifest of a release. Raises `Refused`."""
    with steps.step("fetch"):
        try:
            return manifests.checked(store.json(f"releases/{release}/manifest.json"), release)
        except contracts.Wrong as wrong:
            raise Refused(f"store: the manifest of release {release} is damaged ({wrong}); run `up` again to publish it") from None


def _start(places: Places, manager: managers.Manager, manifest: Manifest, steps: Steps) -> None:
    idle = state.idle(places)
    log = manager.log_from_now(idle.name)
    try:
        with steps.step("start"):
            app.unload(manager, idle)
            link(idle.link, str(places.release(manifest.id)))
            manager.start(idle.name)
        with steps.step("gate"):
            app.await_well(manager, idle, manifest)
    except Refused as refused:
        app.unload(manager, idle)
        words = refused.log or log(400)
        raise Refused(str(refused) + cause(words) + environment.hint("\n".join(words)), refused.http, up_to_cause(words)) from None


def abort(places: Places, steps: Steps) -> None:
    """Stops the idle colour; what serves gets back what a commit that was killed took from it."""
    with steps.step("stop"):
        app.unload(managers.of(places), state.idle(places))
        booting.make_whole(places, managers.of(places))


def boot(places: Places, steps: Steps) -> None:
    """Brings up what served; before its first release a server has nothing that could run."""
    if places.role is None or state.remembered(places):
        booting.run(places, steps)


def commit(places: Places, generation: int, release: str, steps: Steps) -> None:
    """Phase two: the prepared one becomes live. Raises `Refused` with the old one live again."""
    before = state.live(places)
    candidate = next((colour for colour in map(places.colour, COLOURS) if state.linked(colour) == release), None)
    if candidate is None:
        raise Refused(f"commit: wanted release {release} prepared on this host, found it in neither colour; run `up` again")
    _flip(places, managers.of(places), candidate, generation, steps)
    try:
        with steps.step("drain"):
            manager, old = managers.of(places), places.colour(other(candidate.name))
            if before and before.colour.name == old.name and manager.status(old.name).state == managers.RUNNING:
                app.drain(old.socket)
            app.unload(manager, old)
        with steps.step("prune"):
            prune(places)
        certificates.ask_now(places)
    except OSError as error:  # the release is live and well: what is left lying is no reason to take it back
        note(f"clean-up after the release is not complete: {refusal_of(error)}")


def _flip(places: Places, manager: managers.Manager, candidate: Colour, generation: int, steps: Steps) -> None:
    release = str(state.linked(candidate))
    old_colour, old_previous, noted = target(places.live), target(places.previous), state.remembered(places)
    log = manager.log_from_now("front")
    try:
        # Noted before the flip: a disk that is full refuses here, while nothing has changed.
        state.remember(places, candidate, generation)
        with steps.step("front"):
            configuration.install(places, manager, places.release(release) / "etc")
        with steps.step("processes"):
            app.switch_processes(manager, candidate)
        with steps.step("flip"):
            if old_colour and old_colour != candidate.name:
                link(places.previous, str(target(places.colour(old_colour).link)))
            link(places.live, candidate.name)
            if old_colour is None or not manager.status("front").runs:
                manager.restart("front")
        with steps.step("gate-front"):
            booting.await_front(places, manager, release)
    except Exception as error:  # whatever it was, the old one must be live again
        lines = [line for line in log(20) if not line.startswith("{")]
        state.put_back(places, noted)
        _undo(places, manager, old_colour, old_previous)
        if not isinstance(error, (Refused, OSError)):
            raise
        refused = refusal_of(error)
        refused.log = refused.log or lines
        raise refused from None


def _undo(places: Places, manager: managers.Manager, colour: Optional[str], previous: Optional[str]) -> None:
    try:
        if colour:
            all_of(
                lambda: link(places.live, colour),
                lambda: link(places.previous, previous) if previous else None,
                lambda: booting.make_whole(places, manager),
            )
        else:
            unlink(places.live)
            manager.stop("front")
    except Refused as refused:
        note(f"the release before is live again, but not whole: {refused}")
    app.unload(manager, state.idle(places))


def prune(places: Places) -> None:
    """Removes old releases with their environments, copies, records and database servers: the live
    one, the one before it and the newest others stay, five in all."""
    previous = target(places.previous)
    first = [name for name in (state.serving(places), previous and os.path.basename(previous)) if name]
    keep = set(list(dict.fromkeys([*first, *state.newest(places)]))[:KEEP])
    manager = managers.of(places)
    for folder in (places.srv / "releases").iterdir():
        if folder.name not in keep:
            _remove(folder)
            manager.discard(folder.name)
    used = environment.used(places)
    for folder in (places.srv / "venvs").glob("*"):
        if folder.name not in used:
            shutil.rmtree(folder, ignore_errors=True)
    for record in (places.lib / "released").glob("*.json"):
        if record.stem not in keep:
            record.unlink()
    certificates.prune(places)
    database = databases.of_release(places, state.serving(places))
    database.prune(keep)
    for name in manager.programs():
        if is_database(name) and name != database.program:
            note(f"{name} is stopped, its data stay: the live release does not use it")
            manager.remove(name)


def _remove(folder: Path) -> None:
    """Renames it first: a kill in the middle must not leave half a release under its name."""
    gone = folder.with_name(f".{folder.name.lstrip('.')}.gone")
    if folder != gone:
        remove(gone)
        folder.rename(gone)
    remove(gone)
