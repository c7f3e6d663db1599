"""Backups of a server in its store, for when the server itself is lost: one is made each night,
sent there, and old ones are removed.

They are in `backups/HOST/ID/`. Hosts of a cloud that take each other's place are called
`ROLE:INSTANCE`: theirs are in `backups/ROLE/ROLE:INSTANCE/ID/`, so that a host finds, and may read,
those of the hosts before it."""

import datetime
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional

from ..base import Places, Refused, Steps, link_or_copy, make_way, note, object_in, read_object, refusal_of, replacing, write_json
from ..release.manifests import HostStore
from ..stores import Store
from . import backup, folders

_REASON = "nightly"
_HERE = 2  # backups that stay on the host where the store is somewhere else
_LATE = 2 * 86400
_PERIODS: tuple[tuple[int, Callable[[datetime.datetime], object]], ...] = (
    (7, lambda at: at.date()), (4, lambda at: tuple(at.isocalendar())[:2]), (3, lambda at: (at.year, at.month)),
)  # fmt: skip
"""The newest backup is kept of each of so many days, weeks and months that have one."""
_NIGHTLY = "nightly.json"
NAMES = (backup.DUMP, backup.FOLDERS, backup.FACTS)  # the facts last: a backup with them is whole


def nightly(places: Places, store: HostStore, steps: Steps) -> Optional[dict[str, Any]]:
    """Makes one; its `backup.json`, or None without a database. Raises `Refused`, noted."""
    try:
        made = backup.take(places, backup.database_of(places, own=True), _REASON, steps)
        if made:
            with steps.step("send"):
                send(places, store, made["id"])
            with steps.step("thin-out"):
                _thin_out(places, store, made["id"])
    except Exception as error:
        _note(places, str(refusal_of(error)))
        raise
    _note(places, "")
    return made


def nightly_problem(places: Places) -> str:
    """The problem with the nightly backups of this host, in one line; empty if they are made."""
    noted = read_object(places.lib / _NIGHTLY)
    good = noted.get("good")
    since = f"; the last good one: {_at(good)}" if good else "; there is no good one yet"
    if noted.get("message"):
        return f"nightly backup of {_at(noted['at'])}: {noted['message']}{since}"
    if good and abs(time.time() - good) > _LATE:  # the clock may have been ahead
        return f"nightly backup: none since {_at(good)}; see `systemctl status slipway-backup.timer`"
    return ""


def to_keep(identities: Iterable[str]) -> set[str]:
    """The IDs of backups to keep. Nights without one don't count."""
    keep, newest_first = set[str](), sorted(identities, reverse=True)
    for number, period in _PERIODS:
        newest: dict[object, str] = {}
        for identity in newest_first:
            newest.setdefault(period(_moment(identity)), identity)
        keep.update(list(newest.values())[:number])
    return keep


def _thin_out(places: Places, store: HostStore, newest: str) -> None:
    """Removes old nightly backups; those with another reason stay, since a person made them.
    `newest`, just made, always stays. What is dated after it was made while a clock was wrong, now
    or then: until that time comes it takes nobody's place, and nobody takes its."""
    there = [identity for identity, facts in every(places, store, others=False).items() if facts.get("reason") == _REASON]
    dated = [one["id"] for one in backup.every(places) if one.get("reason") == _REASON and one["id"] <= newest]
    keep = to_keep(identity for identity in there if identity <= newest)
    stays = keep if store.objects.address.startswith("file:") else {*dated[:_HERE]}
    for identity in there:
        if identity <= newest and identity not in keep:
            remove(places, store, identity)
            note(f"backup {identity} is removed, as newer ones are kept")
    for identity in dated:
        if identity not in stays:
            shutil.rmtree(backup.folder(places) / identity)


def _note(places: Places, message: str) -> None:
    good = read_object(places.lib / _NIGHTLY).get("good") if message else time.time()
    write_json(places.lib / _NIGHTLY, {"at": time.time(), "message": message, "good": good})


def _at(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def send(places: Places, store: HostStore, identity: str) -> None:
    """Streams a backup of this host to the store. Raises `Refused`, for a damaged one too."""
    place = backup.folder(places) / identity
    backup.check(place, identity)
    for name in NAMES:
        if (place / name).is_file():  # not every backup has folders
            store.objects.send(object_name(places.host, identity, name), place / name)


def every(places: Places, store: HostStore, others: bool = True) -> dict[str, dict[str, Any]]:
    """The `backup.json` of each whole backup there, by ID; of `others` with their `host`."""
    backups: dict[str, dict[str, Any]] = {}
    for name in store.objects.names(_folder(places.host, others)):
        *_, host, identity, last = name.split("/")
        if last != backup.FACTS or not backup.is_id(identity) or name != object_name(host, identity, last):
            continue
        facts = object_in(store.objects.get(name))
        if facts.get("id") == identity and host == places.host:
            backups[identity] = facts  # of two with one ID its own counts
        elif facts.get("id") == identity:
            backups.setdefault(identity, {**facts, "host": host})
    return backups


def fetch(places: Places, store: HostStore, identity: str) -> None:
    """Brings a backup back to this host, if it isn't there, or damaged. Raises `Refused`."""
    folder = backup.folder(places) / identity
    if not backup.is_id(identity):
        return
    with suppress(Refused):
        return backup.check(folder, identity)  # it is here, and whole
    backups = every(places, store)
    if identity not in backups:
        return
    host = backups[identity].get("host", places.host)
    with replacing(folder) as part:
        copied(store.objects, host, identity, part)
        make_way(folder)


def copied(objects: Store, host: str, identity: str, folder: Path) -> None:
    """Makes the folder, with a copy of that host's backup, checked. Raises `Refused`."""
    folder.mkdir(mode=0o700)
    for name in NAMES:
        copy = objects.file(object_name(host, identity, name), folder / name)
        if copy is None and name == backup.FOLDERS:  # not every backup has them
            continue
        if copy is None:
            raise Refused(f"store: wanted {object_name(host, identity, name)}, found nothing; restore another backup")
        if copy != folder / name:
            link_or_copy(copy, folder / name)
        (folder / name).chmod(0o600)
    backup.check(folder, identity)


def nearest(places: Places, store: HostStore, identity: str) -> str:
    """The backup of this host's folders that goes with another host's, or else is the nearest in
    time, brought here; empty for none. Its own of that day come before those of hosts whose place
    it took. Raises `Refused`."""
    if not backup.is_id(identity) or not folders.are_there(places):
        return ""
    known = {**every(places, store), **{one["id"]: one for one in backup.every(places)}}

    def far(one: str) -> tuple[bool, bool, bool, float]:
        gap = abs((_moment(one) - _moment(identity)).total_seconds())
        return known[one].get("beside") != identity, gap > 86400, "host" in known[one], gap

    if found := min((one for one, facts in known.items() if "folders" in facts), key=far, default=""):
        fetch(places, store, found)
    return found


def _moment(identity: str) -> datetime.datetime:
    return datetime.datetime.strptime(identity, backup.ID_FORMAT)


def remove(places: Places, store: HostStore, identity: str) -> None:
    """Removes a backup from the store, its facts first: one that is half removed is none."""
    store.objects.delete(*(object_name(places.host, identity, name) for name in reversed(NAMES)))


def _folder(host: str, others: bool = False) -> str:
    """The folder of a host's backups, or that of all hosts that take each other's place."""
    role, colon, _ = host.partition(":")
    if not colon:
        return f"backups/{host}/"
    return f"backups/{role}/" if others else f"backups/{role}/{host}/"


def object_name(host: str, identity: str, name: str) -> str:
    """What a file of a host's backup is called in the store."""
    return f"{_folder(host)}{identity}/{name}"
