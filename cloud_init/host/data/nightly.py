"""The nightly backup of a server: made, sent to the store, old ones removed."""

from __future__ import annotations

import datetime
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..base.files import read_object, write_json
from ..base.outcome import Steps, note, refusal_of
from ..base.places import Places
from ..release.store import HostStore
from . import backup, stored_backups

REASON = "nightly"
_HERE = 2  # backups that stay on the host where the store is somewhere else
_LATE = 2 * 86400
_PERIODS: tuple[tuple[int, Callable[[datetime.datetime], object]], ...] = (
    (7, lambda at: at.date()), (4, lambda at: tuple(at.isocalendar())[:2]), (3, lambda at: (at.year, at.month)),
)  # fmt: skip
"""The newest backup is kept of each of so many days, weeks and months that have one."""


def run(places: Places, store: HostStore, steps: Steps) -> dict[str, Any] | None:
    """Makes it; its `backup.json`, or None without a database. Raises `Refused`, noted."""
    try:
        made = backup.take(places, backup.database_of(places, here=True), REASON, steps)
        if made:
            with steps.step("send"):
                stored_backups.send(places, store, made["id"])
            with steps.step("thin-out"):
                _thin_out(places, store, made["id"])
    except Exception as error:
        _note(places, str(refusal_of(error)))
        raise
    _note(places, "")
    return made


def problem(places: Places) -> str:
    """The problem with the nightly backups of this host, in one line; empty if they are made."""
    noted = read_object(_path(places))
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
            newest.setdefault(period(datetime.datetime.strptime(identity, backup.ID_FORMAT)), identity)
        keep.update(list(newest.values())[:number])
    return keep


def _thin_out(places: Places, store: HostStore, newest: str) -> None:
    """Removes old nightly backups; those with another reason stay, since a person made them.

    `newest`, just made, always stays. What is dated after it was made while a clock was wrong, now
    or then: until that time comes it takes nobody's place, and nobody takes its."""
    there = [identity for identity, facts in stored_backups.every(places, store, others=False).items() if facts.get("reason") == REASON]
    here = sorted((one["id"] for one in backup.every(places) if one.get("reason") == REASON), reverse=True)
    dated = [identity for identity in here if identity <= newest]
    keep = to_keep(identity for identity in there if identity <= newest)
    stays = keep if store.objects.address.startswith("file:") else {*dated[:_HERE]}
    for identity in there:
        if identity <= newest and identity not in keep:
            stored_backups.remove(places, store, identity)
            note(f"backup {identity} is removed, as newer ones are kept")
    for identity in dated:
        if identity not in stays:
            shutil.rmtree(backup.folder(places) / identity)


def _note(places: Places, message: str) -> None:
    good = read_object(_path(places)).get("good") if message else time.time()
    write_json(_path(places), {"at": time.time(), "message": message, "good": good})


def _at(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def _path(places: Places) -> Path:
    return places.lib / "nightly.json"
