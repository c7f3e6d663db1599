"""A host that has the database alone. What web hosts need is there once it is prepared, and is
taken away only when the release that needs it is gone."""

import time
from dataclasses import replace

from .. import contracts
from ..base import Places, Refused, Steps, note, read_object, refusal_of, unlink, write_json
from ..data import databases, restore
from ..data.databases import APP, OWNER, network
from ..data.databases.server import ServerDatabase
from ..processes import managers
from ..release import environment, files, manifests
from ..server import provision, volume
from . import boot as booting
from . import state, web

_AGENT = "files/database/"
_SECRET = "database.json"


def prepare(places: Places, store: manifests.HostStore, release: str, elected: bool, steps: Steps) -> None:
    """Starts the database for the candidate, and lets its web hosts in beside the live ones."""
    if state.served(places) == release:
        return
    manifest, secret = web.fetch(store, release, steps), store.secrets(release, "database")
    if not secret.keys() >= {"passwords", "certificate", "key"} or not {OWNER, APP} <= set(secret["passwords"]):
        raise Refused("store: wanted passwords, certificate and key of the database, found them not; run `up` again to publish them")
    provision.ensure(places, manifest, steps)
    folder = places.release(release)
    with steps.step("files"):
        agent = tuple(file for file in manifest.files if file.path.startswith(_AGENT))
        files.write_files(places, replace(manifest, files=agent, static={}, environment={}), {})
        write_json(folder / _SECRET, secret, 0o600)
        write_json(folder / "manifest.json", contracts.document(replace(manifest, files=(), processes={})))
    with steps.step("venv"):
        environment.drivers(places, manifest)
    with steps.step("volume"):
        if device := manifest.database.volume:
            volume.keep(places, device)
    with steps.step("database"):
        booting.launched(places)  # the volume is there: what is mounted later a manager's sandbox doesn't see
        _put_in_force(places, release, both=True)
    write_json(folder / "ready", {"at": time.time()})
    write_json(places.lib / state.CANDIDATE, {"release": release})


def commit(places: Places, generation: int, release: str, steps: Steps) -> None:
    """Shuts out whom the new release doesn't name. Raises `Refused` with all as before."""
    before = state.remembered(places)
    if state.prepared(places) != release and before.get("release") != release:
        raise Refused(f"commit: wanted release {release} prepared on this host, found {state.prepared(places) or 'none'}; run `up` again")
    with steps.step("database"):
        try:
            _put_in_force(places, release, both=False)
        except (Refused, OSError) as error:
            if before.get("release"):
                _put_in_force(places, before["release"], both=False)
            raise refusal_of(error) from None
    noted = {"release": release, "previous": before.get("release"), "generation": generation, "since": time.time()}
    write_json(places.lib / "state.json", noted)
    unlink(places.lib / state.CANDIDATE)
    with steps.step("prune"):
        web.prune(places)


def abort(places: Places, steps: Steps) -> None:
    """Gives the candidate up: what the live release has is in force again."""
    with steps.step("database"):
        unlink(places.lib / state.CANDIDATE)
        if release := state.served(places):
            _put_in_force(places, release, both=False)


def boot(places: Places, steps: Steps) -> None:
    """Brings up what ran; before the first release there is nothing that could."""
    release = state.served(places) or state.prepared(places)
    if not release:
        return
    booting.bring_up(places, steps)
    restore.settle(places, steps)
    with steps.step("database"):
        _database(places, release).ensure(managers.of(places))


def _put_in_force(places: Places, release: str, both: bool) -> None:
    """Puts a release's network and passwords in force; `both`: beside those that are in force.
    No connection ends, unless the server must be started again, which is noted. Raises `Refused`,
    with nothing written, where the disk with the data is away."""
    volume.settle(places)
    manager, database, secret = managers.of(places), _database(places, release), read_object(places.release(release) / _SECRET)
    cluster, now, wanted = database.own(), network.read(places), network.wanted(manifests.read(places.release(release)))
    for role in (OWNER, APP):
        cluster.set_password(role, secret["passwords"][role])
    given = wanted.letting(now.clients) if both and now else wanted
    network.install(places, given, secret["certificate"], secret["key"])
    if cluster.is_outdated() and not (both and now and (now.address, now.port) == (wanted.address, wanted.port)):
        note(f"{cluster.engine} is started again for its new settings, which ends its connections")
        manager.restart(cluster.engine)
    elif cluster.is_outdated():
        note(f"{cluster.engine} is started again for its new settings when the release goes live")
    database.ensure(manager)


def _database(places: Places, release: str) -> ServerDatabase:
    database = databases.of(places, manifests.read(places.release(release)))
    if not isinstance(database, ServerDatabase):
        raise Refused(f"slipway:database.engine: wanted a server for a host of its own, found {database.engine}")
    return database
