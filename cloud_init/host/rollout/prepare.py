"""Phase one on a host: the candidate stands ready beside the live release, which isn't touched."""

import json
import time
from dataclasses import replace

from .. import contracts
from ..base.files import link, mark_ready, read_object, write_json
from ..base.outcome import Refused, Steps, cause, note, up_to_cause
from ..base.places import Places
from ..contracts.manifest import TLS, Manifest
from ..data import databases, folders
from ..front import certificates, configuration
from ..processes import app, managers
from ..processes.programs import CRON
from ..release import environment, files, manifests, release_command, unpack
from . import boot, state


def run(places: Places, store: manifests.HostStore, manifest: Manifest, elected: bool, steps: Steps) -> None:
    """Makes ready to serve what `bring` brought. Raises `Refused`, the idle colour stopped."""
    manager = boot.launched(places)
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


def again(places: Places, store: manifests.HostStore, now: state.Live, elected: bool, steps: Steps) -> None:
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


def bring(places: Places, store: manifests.HostStore, manifest: Manifest, steps: Steps) -> None:
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
        boot.make_whole(places, managers.of(places))
