"""Backups of a server in its store, for when the server itself is lost.

They are in `backups/HOST/ID/`. Hosts of a cloud that take each other's place are called
`ROLE:INSTANCE`: theirs are in `backups/ROLE/ROLE:INSTANCE/ID/`, so that a host finds, and may read,
those of the hosts before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..base.files import link_or_copy, make_way, object_in, replacing
from ..base.outcome import Refused
from ..base.places import Places
from ..release.store import HostStore
from . import backup

_NAMES = (backup.DUMP, backup.FOLDERS, backup.FACTS)  # the facts last: a backup with them is whole


def send(places: Places, store: HostStore, identity: str) -> None:
    """Streams a backup of this host to the store. Raises `Refused`, for a damaged one too."""
    place = backup.folder(places) / identity
    backup.check(place, identity)
    for name in _NAMES:
        if (place / name).is_file():  # not every backup has folders
            store.objects.send(_object(places.host, identity, name), place / name)


def every(places: Places, store: HostStore, others: bool = True) -> dict[str, dict[str, Any]]:
    """The `backup.json` of each whole backup there, by ID; of `others` with their `host`."""
    backups: dict[str, dict[str, Any]] = {}
    there = _there(store, _folder(places.host, others))
    for host, identity in sorted(there, key=lambda one: one[0] == places.host):  # of two with one ID its own counts
        facts = _facts(store, host, identity)
        if facts:
            backups[identity] = facts if host == places.host else {**facts, "host": host}
    return backups


def fetch(places: Places, store: HostStore, identity: str) -> None:
    """Brings a backup back to this host, if it isn't there, or damaged. Raises `Refused`."""
    folder = backup.folder(places) / identity
    if not backup.is_id(identity) or _is_whole(folder, identity) or identity not in (backups := every(places, store)):
        return
    host = backups[identity].get("host", places.host)
    with replacing(folder) as part:
        part.mkdir(mode=0o700)
        for name in _NAMES:
            if name == backup.FOLDERS and "folders" not in backups[identity]:
                continue
            copy = store.objects.file(_object(host, identity, name), part / name)
            if copy is None:
                raise Refused(f"store: wanted {_object(host, identity, name)}, found nothing; restore another backup")
            if copy != part / name:
                link_or_copy(copy, part / name)
            (part / name).chmod(0o600)
        backup.check(part, identity)
        make_way(folder)


def _is_whole(folder: Path, identity: str) -> bool:
    try:
        backup.check(folder, identity)
    except Refused:
        return False
    return True


def remove(places: Places, store: HostStore, identity: str) -> None:
    """Removes a backup from the store, its facts first: one that is half removed is none."""
    store.objects.delete(*(_object(places.host, identity, name) for name in reversed(_NAMES)))


def _folder(host: str, others: bool = False) -> str:
    """The folder of a host's backups, or that of all hosts that take each other's place."""
    role, colon, _ = host.partition(":")
    if not colon:
        return f"backups/{host}/"
    return f"backups/{role}/" if others else f"backups/{role}/{host}/"


def _object(host: str, identity: str, name: str) -> str:
    return f"{_folder(host)}{identity}/{name}"


def _there(store: HostStore, folder: str) -> Iterator[tuple[str, str]]:
    """(host, ID) of each backup that may be whole."""
    for name in store.objects.names(folder):
        *_, host, identity, last = name.split("/")
        if last == backup.FACTS and backup.is_id(identity) and name == _object(host, identity, last):
            yield host, identity


def _facts(store: HostStore, host: str, identity: str) -> dict[str, Any] | None:
    facts = object_in(store.objects.get(_object(host, identity, backup.FACTS)))
    return facts if facts.get("id") == identity else None
