"""Restoring a backup: all of it, with the app well on it, or what was there before. A killed one is finished by the next run.

A database host has no app to stop: its app's role is kept out meanwhile, and web hosts have the page up (`hold.py`).
"""

from __future__ import annotations

from typing import Any

from ..base.files import read_object
from ..base.outcome import Refused, Steps, note, refusal_of
from ..base.places import Places
from ..front import maintenance
from ..release import manifests, release_command
from . import backup, hold, restore_journal, users_of_data
from .databases.base import Database
from .restore_journal import BEGUN, HELD, LOADED, LOADING, SERVING, UnderWay
from .users_of_data import Users

STEPS = ("check", "page-up", "stop-app", "load", "verify", "bring-up-schema", "start-app", "page-down")


def run(places: Places, identity: str, newer_schema: bool, steps: Steps) -> dict[str, Any]:
    """Restores that backup; the ID of the backup that was made of what was there. Raises `Refused` with that back in place."""
    with steps.step("check"):
        users = users_of_data.of(places)
        chosen = backup.find(places, identity)
        backup.check(places, chosen)
        database = backup.database_of(places)
        migrate = _fits(places, users, database, chosen, newer_schema)
    work = _begin(places, users, UnderWay(identity, migrate=migrate))
    if work.phase == BEGUN:
        _save(places, users, work, steps)
    else:
        users.close(steps)
    _carry_on(places, users, work, steps)
    return {"backup": identity, "first": work.first, "migrate": migrate}


def settle(places: Places, steps: Steps) -> None:
    """Finishes a restore that was interrupted; undoes it where nothing was changed yet. Nothing to do where there was none."""
    work = restore_journal.read(places)
    if work is None:
        return None
    if work.phase == HELD:
        return hold.settle(places, work, steps)
    users = users_of_data.of(places)
    note(f"the restore of {work.backup} was interrupted ({work.phase})")
    if work.phase == BEGUN:
        _resume(places, users, work, steps)
        return note(f"nothing of the data had been changed; restore {work.backup} again if it is wanted")
    work.well = False  # nobody knows any more how well the app was
    if work.phase == LOADING:
        users.close(steps)
    _carry_on(places, users, work, steps)
    return note(f"the restore of {work.backup} is finished")


def _fits(places: Places, users: Users, database: Database, chosen: dict[str, Any], newer_schema: bool) -> bool:
    """True if the release's own command has to bring the schema up. Refuses a schema that the release can't know."""
    if chosen["engine"] != database.engine:
        raise Refused(f"restore: wanted a backup of {database.engine}, found one of {chosen['engine']}; restore another one")
    record = read_object(places.lib / "released" / f"{users.release}.json")
    if chosen["schema"] in (database.schema(), record.get("schema")):
        return False
    newer = chosen["release"] != users.release and chosen["release_made"] > backup.made(places, users.release)
    if newer and not newer_schema:
        raise Refused(
            f"restore: wanted a schema that release {users.release} knows, found that of the newer release {chosen['release']}; "
            f"release that one first, or pass --newer-schema"
        )
    return not newer


def _begin(places: Places, users: Users, work: UnderWay) -> UnderWay:
    """Notes it before anything changes. Where a killed one left data half loaded its `first` is what can be gone back to."""
    before = restore_journal.read(places)
    work.page = before.page if before else maintenance.is_on(places)
    if before and before.phase == LOADING:
        work.phase, work.first = LOADING, before.first
    else:
        work.well = users.is_well()
    work.write(places)
    return work


def _save(places: Places, users: Users, work: UnderWay, steps: Steps) -> None:
    """The page up, the app stopped, a backup of what is there. Raises with all of it undone."""
    try:
        users.close(steps)
        saved = backup.take(places, backup.database_of(places), f"before restore of {work.backup}", steps)
        work.first = saved["id"] if saved else None
        work.reach(places, LOADING)
    except (Refused, OSError):
        _resume(places, users, work, steps)
        raise


def _carry_on(places: Places, users: Users, work: UnderWay, steps: Steps) -> None:
    """From where the note says to the end, with the app stopped. Raises `Refused` with what was there before in place."""
    try:
        if work.phase == LOADING:
            _load(places, users, work, steps)
        _resume(places, users, work, steps)
    except Exception as error:  # noqa: BLE001  whatever it was, what was there before comes back
        raise _go_back(places, users, work, _refused(error), steps) from None


def _load(places: Places, users: Users, work: UnderWay, steps: Steps) -> None:
    database, chosen = backup.database_of(places), backup.find(places, work.backup)
    with steps.step("load"):
        backup.check(places, chosen)
        database.run(users.manager)
        database.load(backup.dump_of(places, work.backup))
    with steps.step("verify"):
        found = database.rows()
        wrong = [f"{name} {found.get(name)}" for name in {*found, *chosen["rows"]} if found.get(name) != chosen["rows"].get(name)]
        if wrong:
            raise Refused(f"restore of {work.backup}: wanted the rows that backup.json lists, found {', '.join(sorted(wrong))}")
    with steps.step("bring-up-schema"):
        if work.migrate and places.role != "database":  # a web host does it, who has the app
            release_command.again(places, manifests.read(places.release(users.release)))
    work.reach(places, LOADED)


def _resume(places: Places, users: Users, work: UnderWay, steps: Steps) -> None:
    """The app runs again, then the page goes, unless it was there before."""
    if work.phase != SERVING:
        users.open(steps, must_be_well=work.well and work.phase == LOADED)
        if work.phase == LOADED:
            work.reach(places, SERVING)  # from here on the app writes: nothing is loaded again
    users.page_down(steps, work.page)
    restore_journal.forget(places)


def _go_back(places: Places, users: Users, work: UnderWay, why: Refused, steps: Steps) -> Refused:
    """Loads what was there before; the refusal that tells of it. Where even that fails the page stays up and the note stays."""
    failed = f"restore of {work.backup} failed ({why})"
    stays = "the maintenance page stays up; mend that, then restore again"
    if work.phase == SERVING:
        return Refused(f"{failed}; the data is restored, {stays}", why.http, why.log)
    if work.first is None or work.backup == work.first:
        return Refused(f"{failed}; there is nothing to go back to; {stays}", why.http, why.log)
    note(f"{failed}; backup {work.first} of what was there before is loaded again")
    work.backup, work.well, work.migrate = work.first, False, False
    work.reach(places, LOADING)
    try:
        users.close(steps)
        _load(places, users, work, steps)
        _resume(places, users, work, steps)
    except Exception as error:  # noqa: BLE001  told with the first reason
        return Refused(f"{failed}; loading backup {work.first} again failed too ({_refused(error)}); {stays}", why.http, why.log)
    return Refused(f"{failed}; what was there before is back (backup {work.first})", why.http, why.log)


def _refused(error: Exception) -> Refused:
    if isinstance(error, OSError):
        return refusal_of(error)
    return error if isinstance(error, Refused) else Refused(f"{type(error).__name__}: {error}")
