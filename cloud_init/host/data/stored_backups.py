"""Backups of a server in its store: what is left where the server itself is lost.

They are in `backups/HOST/ID/`. Hosts of a cloud that take each other's place are called `ROLE:INSTANCE`: theirs are together in
`backups/ROLE/ROLE:INSTANCE/ID/`, so that one finds, and may read, what those before it left.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..base.outcome import Refused
from ..base.places import Places
from ..release.store import Store
from . import backup

_NAMES = (backup.DUMP, backup.FACTS)  # the facts last: what has them is whole


def send(places: Places, store: Store, identity: str) -> None:
    """A backup of this host, streamed. Raises `Refused`."""
    for name in _NAMES:
        store.objects.send(_object(places.host, identity, name), backup.folder(places) / identity / name)


def every(places: Places, store: Store, others: bool = True) -> dict[str, dict[str, Any]]:
    """What each whole backup there says of itself, by its ID; `others`: those too of hosts whose place it took, which say so (`host`)."""
    found: dict[str, dict[str, Any]] = {}
    there = _there(store, _together(places.host) if others else _folder(places.host))
    for host, identity in sorted(there, key=lambda one: one[0] == places.host):  # of two that are called alike its own counts
        facts = _facts(store, host, identity)
        if facts:
            found[identity] = facts if host == places.host else {**facts, "host": host}
    return found


def fetch(places: Places, store: Store, identity: str) -> None:
    """Makes it a backup of this host again; nothing to do where it is one. Raises `Refused`."""
    folder = backup.folder(places) / identity
    if folder.is_dir() or not backup.is_id(identity) or identity not in (found := every(places, store)):
        return
    host = found[identity].get("host", places.host)
    part = folder.with_name(f".{identity}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        for name in _NAMES:
            copy = store.objects.file(_object(host, identity, name), part / name)
            if copy is None:
                raise Refused(f"store: wanted {_object(host, identity, name)}, found nothing; restore another backup")
            if copy != part / name:
                link(copy, part / name)
            (part / name).chmod(0o600)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def remove(places: Places, store: Store, identity: str) -> None:
    """The facts first: what is half removed is no backup."""
    store.objects.delete(*(_object(places.host, identity, name) for name in reversed(_NAMES)))


def link(source: Path, target: Path) -> None:
    """One file under two names, where that can be: a second copy on the same disk would save nothing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _together(host: str) -> str:
    """The folder of all that take each other's place."""
    role, colon, _ = host.partition(":")
    return f"backups/{role}/" if colon else _folder(host)


def _folder(host: str) -> str:
    role, colon, _ = host.partition(":")
    return f"backups/{role}/{host}/" if colon else f"backups/{host}/"


def _object(host: str, identity: str, name: str) -> str:
    return f"{_folder(host)}{identity}/{name}"


def _there(store: Store, folder: str) -> Iterator[tuple[str, str]]:
    """(host, ID) of what may be a whole backup."""
    for name in store.objects.names(folder):
        *_, host, identity, last = name.split("/")
        if last == backup.FACTS and backup.is_id(identity) and name == _object(host, identity, last):
            yield host, identity


def _facts(store: Store, host: str, identity: str) -> dict[str, Any] | None:
    data = store.objects.get(_object(host, identity, backup.FACTS))
    try:
        found = json.loads(data) if data is not None else None
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("id") == identity else None
