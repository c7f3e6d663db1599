"""Backups of a server in its store, `backups/HOST/ID/`: what is left where the server itself is lost."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from . import backup
from .outcome import Refused
from .places import Places
from .store import Store

_NAMES = (backup.DUMP, backup.FACTS)  # the facts last: what has them is whole


def send(places: Places, store: Store, identity: str) -> None:
    """A backup of this host, streamed. Raises `Refused`."""
    for name in _NAMES:
        store.objects.send(_object(places, identity, name), backup.folder(places) / identity / name)


def every(places: Places, store: Store) -> dict[str, dict[str, Any]]:
    """What each whole backup there says of itself, by its ID."""
    prefix = f"backups/{places.host}/"
    names = [name[len(prefix) :].split("/") for name in store.objects.names(prefix)]
    found = {words[0]: _facts(places, store, words[0]) for words in names if words[1:] == [backup.FACTS] and backup.is_id(words[0])}
    return {identity: facts for identity, facts in found.items() if facts}


def fetch(places: Places, store: Store, identity: str) -> None:
    """Makes it a backup of this host again; nothing to do where it is one. Raises `Refused`."""
    folder = backup.folder(places) / identity
    if folder.is_dir() or not backup.is_id(identity) or not _facts(places, store, identity):
        return
    part = folder.with_name(f".{identity}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        for name in _NAMES:
            found = store.objects.file(_object(places, identity, name), part / name)
            if found is None:
                raise Refused(f"store: wanted {_object(places, identity, name)}, found nothing; restore another backup")
            if found != part / name:
                link(found, part / name)
            (part / name).chmod(0o600)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def remove(places: Places, store: Store, identity: str) -> None:
    """The facts first: what is half removed is no backup."""
    store.objects.delete(*(_object(places, identity, name) for name in reversed(_NAMES)))


def link(source: Path, target: Path) -> None:
    """One file under two names, where that can be: a second copy on the same disk would save nothing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _object(places: Places, identity: str, name: str) -> str:
    return f"backups/{places.host}/{identity}/{name}"


def _facts(places: Places, store: Store, identity: str) -> dict[str, Any] | None:
    data = store.objects.get(_object(places, identity, backup.FACTS))
    try:
        found = json.loads(data) if data is not None else None
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("id") == identity else None
