"""Restoring a backup: all of it, with the app well on it, or what was there before. The next run
finishes a killed one.

A database host has no app to stop: the app's role is shut out meanwhile, and each web host is held,
with its app stopped behind the maintenance page."""

from collections.abc import Callable
from typing import Any

from ..base.files import read_object
from ..base.outcome import Refused, Steps, note, refusal_of
from ..base.places import Places
from ..front import maintenance
from ..release import manifests, release_command
from . import backup, folders, restore_journal, users_of_data
from .databases.base import Database
from .restore_journal import BEGUN, HELD, LOADED, LOADING, SERVING, Restore
from .users_of_data import Users


def run(places: Places, identity: str, newer_schema: bool, steps: Steps) -> dict[str, Any]:
    """Restores that backup. Returns the ID of the one that was made of what was there (`first`).

    Raises `Refused` with what was there back in place."""
    with steps.step("check"):
        users = users_of_data.of(places)
        chosen = backup.find(places, identity)
        backup.check(backup.folder(places) / identity, identity)
        database = backup.database_of(places)
        migrate = _fits(places, users, database, chosen, newer_schema)
        if chosen["schema"]:
            database.prove(backup.part_of(places, identity, backup.DUMP))  # an earlier version kept damaged copies too
        if "folders" in chosen:
            folders.prove(backup.part_of(places, identity, backup.FOLDERS))
    work = _begin(places, users, Restore(identity, migrate=migrate))
    if work.phase == BEGUN:
        _save(places, users, work, steps)
    else:
        users.close(steps)
    _carry_on(places, users, work, steps)
    return {"backup": identity, "first": work.first, "migrate": migrate}


def settle(places: Places, steps: Steps) -> None:
    """Finishes a restore that was interrupted, or undoes one that had changed nothing yet."""
    work = restore_journal.read(places)
    if work is None:
        return None
    users = users_of_data.of(places)
    if work.phase == HELD:
        note(f"the restore of {work.backup} on the database host was interrupted; that host finishes it or undoes it by itself")
        return _release_hold(places, users, work, steps, must_be_well=False)
    note(f"the restore of {work.backup} was interrupted ({work.phase})")
    if work.phase == BEGUN:
        _resume(places, users, work, steps)
        return note(f"nothing of the data had been changed; restore {work.backup} again if it is wanted")
    work.well = False  # nobody knows any more how well the app was
    if work.phase == LOADING:
        users.close(steps)
    _carry_on(places, users, work, steps)
    return note(f"the restore of {work.backup} is finished")


def settled(places: Places, work: Callable[[Steps], None]) -> Callable[[Steps], None]:
    """The work, done after `settle`."""

    def run(steps: Steps) -> None:
        settle(places, steps)
        work(steps)

    return run


def _fits(places: Places, users: Users, database: Database, chosen: dict[str, Any], newer_schema: bool) -> bool:
    """True if the release command has to bring the schema up. Raises `Refused` for a newer one."""
    wanted, found = (places.app, database.engine), (chosen.get("app", places.app), chosen["engine"])
    if not chosen["schema"]:  # of folders alone, which every database's app may have
        wanted = (places.app, chosen["engine"])
    if wanted != found:
        raise Refused(f"restore: wanted a backup of {' on '.join(wanted)}, found one of {' on '.join(found)}; restore another one")
    record = read_object(places.lib / "released" / f"{users.release}.json")
    if chosen["schema"] in ("", database.schema(), record.get("schema")):
        return False
    newer = chosen["release"] != users.release and chosen["release_made"] > backup.made(places, users.release)
    if newer and not newer_schema:
        raise Refused(
            f"restore: wanted a schema that release {users.release} knows, found that of the newer release {chosen['release']}; "
            f"release that one first, or pass --newer-schema"
        )
    return not newer


def _begin(places: Places, users: Users, work: Restore) -> Restore:
    """Notes it before anything changes. A killed one's `first` stays the way back."""
    before = restore_journal.read(places)
    work.page = before.page if before else maintenance.is_on(places)
    if before and before.phase == LOADING:
        work.phase, work.first = LOADING, before.first
    else:
        work.well = users.is_well()
    work.write(places)
    return work


def _save(places: Places, users: Users, work: Restore, steps: Steps) -> None:
    """Puts the page up, stops the app, makes a backup. Raises with all of it undone."""
    try:
        users.close(steps)
        saved = backup.take(places, backup.database_of(places), f"before restore of {work.backup}", steps)
        work.first = saved["id"] if saved else None
        work.reach(places, LOADING)
    except (Refused, OSError):
        _resume(places, users, work, steps)
        raise


def _carry_on(places: Places, users: Users, work: Restore, steps: Steps) -> None:
    """Goes on from the noted phase. Raises `Refused` with what was there before back."""
    try:
        if work.phase == LOADING:
            _load(places, users, work, steps)
        _resume(places, users, work, steps)
    except Exception as error:  # noqa: BLE001  what was there before comes back, whatever it was
        raise _go_back(places, users, work, _refused(error), steps) from None


def _load(places: Places, users: Users, work: Restore, steps: Steps) -> None:
    database, chosen = backup.database_of(places), backup.find(places, work.backup)
    with steps.step("load"):
        backup.check(backup.folder(places) / work.backup, work.backup)
        database.run(users.manager)
        if chosen["schema"]:
            database.load(backup.part_of(places, work.backup, backup.DUMP))
        if kept := chosen.get("folders"):
            folders.load(places, backup.part_of(places, work.backup, backup.FOLDERS), kept["files"])
    with steps.step("verify"):
        rows, noted = database.rows() if chosen["schema"] else {}, chosen["rows"]
        wrong = [f"{name} {rows.get(name)}" for name in {*rows, *noted} if rows.get(name) != noted.get(name)]
        if wrong:
            raise Refused(f"restore of {work.backup}: wanted the rows that backup.json lists, found {', '.join(sorted(wrong))}")
    with steps.step("bring-up-schema"):
        if work.migrate and places.role != "database":  # a web host does it, which has the app
            release_command.again(places, manifests.read(places.release(users.release)))
    work.reach(places, LOADED)


def _resume(places: Places, users: Users, work: Restore, steps: Steps) -> None:
    """Starts the app again, then takes the page down, unless it was up before."""
    if work.phase != SERVING:
        users.open(steps, must_be_well=work.well and work.phase == LOADED)
        if work.phase == LOADED:
            work.reach(places, SERVING)  # the app writes from here on: nothing is loaded again
    users.page_down(steps, work.page)
    restore_journal.forget(places)


def _go_back(places: Places, users: Users, work: Restore, why: Refused, steps: Steps) -> Refused:
    """Loads what was there before; returns the refusal. If that fails, the page stays."""
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
    return refusal_of(error) if isinstance(error, (OSError, Refused)) else Refused(f"{type(error).__name__}: {error}")


def hold(places: Places, identity: str, steps: Steps) -> None:
    """On a web host: stops the app, behind the page, while the database host restores."""
    users = users_of_data.of(places)
    Restore(identity, HELD, page=maintenance.is_on(places), well=users.is_well()).write(places)
    users.close(steps)


def let_go(places: Places, migrate: bool, steps: Steps) -> None:
    """Ends `hold`, if this host is held. `migrate`: the release command runs again."""
    work = restore_journal.read(places)
    if work is None or work.phase != HELD:
        return
    users = users_of_data.of(places)
    if migrate:
        with steps.step("bring-up-schema"):
            release_command.again(places, manifests.read(places.release(users.release)))
    _release_hold(places, users, work, steps, must_be_well=work.well)


def _release_hold(places: Places, users: Users, work: Restore, steps: Steps, must_be_well: bool) -> None:
    users.open(steps, must_be_well)
    users.page_down(steps, work.page)
    restore_journal.forget(places)
