"""Backups taken along: copied here from one deployment's hosts, and given to those of another."""

import shutil
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from cloud_init.host import stores
from cloud_init.host.base import files, read_object
from cloud_init.host.base.outcome import Refused
from cloud_init.host.data import backup, stored_backups
from components.deployment.answers import Saved
from components.errors import SlipwayError, UsageError
from components.hosts import last_backup
from components.hosts.names import short
from components.hosts.site import Site
from components.hosts.transport import Transport, WayTransport
from components.release.store import ReleaseStore

_EMPTY = {"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "bytes": 0}
"""A dump of no database."""
_PUT = '[ -d "$2" ] || { rm -rf "$1"; mkdir -m 700 "$1"; tar -C "$1" --no-same-owner -xf -; mv -T "$1" "$2"; }'
"""Puts the archive at its input at $2, whole or not at all, by way of $1."""


def take(site: Site, host: Transport, saved: Saved, folder: Path) -> None:
    """Copies that host's backup into the folder, under its ID: checked, and whole. Raises
    `SlipwayError`."""
    assert saved.backup
    identity = saved.backup.id
    if isinstance(host, WayTransport):
        last_backup.copied(Path(str(saved.path)), folder / identity, host.way)
        return
    part = folder / f".{identity}.part"
    with _told(f"backup {identity}: wanted a copy at {folder / identity}"):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700, parents=True)
        for name in stored_backups.NAMES:
            _objects(site).file(stored_backups.object_name(host.host, identity, name), part / name)
        backup.check(part, identity)
        files.sync_tree(part)
        part.rename(folder / identity)


def give(site: Site, others: Sequence[Transport], folder: Path) -> list[str]:
    """Gives the hosts what `take` left in the folder; the IDs to restore, in order. The database
    goes to its host, the folders to the `others` beside it, wherever they were there. Raises
    `SlipwayError`."""
    facts = [read_object(path) for path in sorted(folder.glob("*/backup.json")) if backup.is_id(path.parent.name)]
    whole = [one for one in facts if "id" in one and "beside" not in one]
    if len(whole) != 1:
        raise UsageError(f"restore: wanted a folder that `backup --to` wrote, found {len(whole)} backups in {folder}; name another one")
    data, beside = whole[0], [str(one["id"]) for one in facts if "beside" in one]
    if others and "folders" in data and data["schema"]:
        with TemporaryDirectory(prefix=".", dir=folder) as parts:
            for host, part in zip((site.database_host, others[0]), _apart(data, folder, Path(parts)), strict=True):
                _send(site, host, part)
        return [data["id"]]
    _send(site, site.database_host, folder / data["id"])
    for host, identity in zip(others or [site.database_host] * len(beside), beside, strict=False):
        _send(site, host, folder / identity)
    return [data["id"], *([] if others else beside)]


def _apart(facts: Mapping[str, Any], folder: Path, parts: Path) -> list[Path]:
    """The database and the folders of one backup as two, by the same ID."""
    alone = {"schema": "", "revision": "", "rows": {}, "dump": _EMPTY, "beside": facts["id"]}
    said = {backup.DUMP: {name: one for name, one in facts.items() if name != "folders"}, backup.FOLDERS: {**facts, **alone}}
    for kept, one in said.items():
        place = parts / kept / facts["id"]
        place.mkdir(parents=True)
        (place / backup.DUMP).touch()
        shutil.copy(folder / facts["id"] / kept, place / kept)
        files.write_json(place / backup.FACTS, one)
    return [parts / kept / facts["id"] for kept in said]


def _send(site: Site, host: Transport, place: Path) -> None:
    """Puts a backup where that host looks for its own."""
    identity = place.name
    with _told(f"{short(host.host)}: wanted backup {identity} there"):
        backup.check(place, identity)
        if not isinstance(host, WayTransport):
            for name in stored_backups.NAMES:
                if (place / name).is_file():
                    _objects(site).send(stored_backups.object_name(host.host, identity, name), place / name)
            return
        top = host.run(["backups"])["path"]
        with TemporaryFile(dir=place.parent) as archive:
            with tarfile.open(fileobj=archive, mode="w") as tar:
                tar.add(place, ".")
            archive.seek(0)
            done = host.way.run(["sh", "-euc", _PUT, "sh", f"{top}/.{identity}.part", f"{top}/{identity}"], archive, root=True)
        if done.status:
            raise OSError(done.last)


def _objects(site: Site) -> stores.Store:
    """The bucket that hosts without a way to them have their backups in."""
    assert isinstance(site.store, ReleaseStore)
    return site.store.objects


@contextmanager
def _told(wanted: str) -> Iterator[None]:
    try:
        yield
    except (OSError, tarfile.TarError, Refused) as error:
        raise SlipwayError(f"{wanted}, found: {error}; mend that, then run it again") from None
