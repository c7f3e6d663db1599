"""Backups taken along: copied here from one deployment's hosts, and given to those of another."""

import shutil
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from cloud_init.host import stores
from cloud_init.host.base import files, read_object
from cloud_init.host.base.outcome import Refused
from cloud_init.host.data import backup, stored_backups
from components.deployment.answers import Saved
from components.errors import SlipwayError, UsageError
from components.hosts.names import short
from components.hosts.site import Site
from components.hosts.transport import Launched, Transport, copied
from components.release.store import ReleaseStore

_EMPTY = {"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "bytes": 0}
"""A dump of no database."""
_PUT = Path(__file__).with_name("put-backup.sh")


def take(site: Site, host: Transport, saved: Saved, folder: Path) -> None:
    """Copies that host's backup into the folder, under its ID: checked, and whole. Raises
    `SlipwayError`."""
    assert saved.backup
    identity = saved.backup.id
    if isinstance(host, Launched):
        host.fetch(Path(str(saved.path)), folder / identity)
        return
    with copied(f"backup {identity}", folder / identity, "mend that, then run it again") as part:
        stored_backups.copied(_objects(site), host.host, identity, part)


def give(site: Site, others: Sequence[Transport], folder: Path) -> list[str]:
    """Gives the hosts what `take`, or a `destroy`, left in the folder; the IDs to restore, in
    order. The database goes to its host, the folders to the `others` beside it, wherever they were
    there. Raises `SlipwayError`."""
    found = {path.parent: read_object(path) for path in sorted((*folder.glob("backup.json"), *folder.glob("*/backup.json")))}
    whole = [path for path, facts in found.items() if "beside" not in facts]
    if len(whole) != 1 or not all(backup.is_id(str(facts.get("id"))) for facts in found.values()):
        raise UsageError(f"restore: wanted a folder that `backup --to` wrote, found {len(whole)} backups in {folder}; name another one")
    data, beside = whole[0], [path for path in found if path not in whole]
    identities = [str(found[path]["id"]) for path in (data, *beside)]
    if others and "folders" in found[data] and found[data].get("schema"):
        with TemporaryDirectory(prefix=".", dir=folder) as parts:
            for host, part in zip((site.database_host, others[0]), _apart(found[data], data, Path(parts)), strict=True):
                _send(site, host, identities[0], part)
        return identities[:1]
    hosts = [site.database_host, *(others or [site.database_host] * len(beside))]
    for host, identity, path in zip(hosts, identities, (data, *beside), strict=False):
        _send(site, host, identity, path)
    return identities[:1] if others else identities


def _apart(facts: Mapping[str, Any], whole: Path, parts: Path) -> list[Path]:
    """The database and the folders of one backup as two, by the same ID."""
    alone = {"schema": "", "revision": "", "rows": {}, "dump": _EMPTY, "beside": facts["id"]}
    said = {backup.DUMP: {name: one for name, one in facts.items() if name != "folders"}, backup.FOLDERS: {**facts, **alone}}
    for kept, one in said.items():
        (parts / kept).mkdir()
        (parts / kept / backup.DUMP).touch()
        shutil.copy(whole / kept, parts / kept / kept)
        files.write_json(parts / kept / backup.FACTS, one)
    return [parts / kept for kept in said]


def _send(site: Site, host: Transport, identity: str, place: Path) -> None:
    """Puts a backup where that host looks for its own."""
    try:
        backup.check(place, identity)
        names = [name for name in stored_backups.NAMES if (place / name).is_file()]
        if not isinstance(host, Launched):
            for name in names:
                _objects(site).send(stored_backups.object_name(host.host, identity, name), place / name)
            return
        top = host.run(["backups"])["path"]
        with TemporaryFile(dir=place.parent) as archive:
            with tarfile.open(fileobj=archive, mode="w") as tar:
                for name in names:
                    tar.add(place / name, name)
            archive.seek(0)
            done = host.way.run(["sh", "-euc", _PUT.read_text(), "sh", f"{top}/.{identity}.part", f"{top}/{identity}"], archive, root=True)
        if done.status:
            raise OSError(done.last)
    except (OSError, tarfile.TarError, Refused) as error:
        raise SlipwayError(f"{short(host.host)}: wanted backup {identity} there, found: {error}; mend that, then run it again") from None


def _objects(site: Site) -> stores.Store:
    """The bucket that hosts without a way to them have their backups in."""
    assert isinstance(site.store, ReleaseStore)
    return site.store.objects
