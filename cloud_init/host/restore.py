"""Restoring a backup: all of it, with the app well on it, or what was there before. A killed one is finished by the next run."""

from __future__ import annotations

from typing import Any

from . import app, backup, maintenance, manifests, release_command, state, under_way
from .databases.base import Database
from .files import read_object
from .outcome import Refused, Steps, note, refusal_of
from .places import Places
from .state import Live
from .supervisor import Supervisor
from .under_way import BEGUN, LOADED, LOADING, SERVING, UnderWay

STEPS = ("check", "page-up", "stop-app", "load", "verify", "bring-up-schema", "start-app", "page-down")


def run(places: Places, identity: str, newer_schema: bool, steps: Steps) -> dict[str, Any]:
    """Restores that backup; the ID of the backup that was made of what was there. Raises `Refused` with that back in place."""
    with steps.step("check"):
        supervisor, live = _serving(places)
        chosen = backup.find(places, identity)
        backup.check(places, chosen)
        database = backup.database_of(places)
        migrate = _fits(places, live, database, chosen, newer_schema)
    work = _begin(places, live, UnderWay(identity, migrate=migrate))
    if work.phase == BEGUN:
        _save(places, supervisor, live, work, steps)
    _carry_on(places, supervisor, live, work, steps)
    return {"backup": identity, "first": work.first}


def settle(places: Places, steps: Steps) -> None:
    """Finishes a restore that was interrupted; undoes it where nothing was changed yet. Nothing to do where there was none."""
    work = under_way.read(places)
    if work is None:
        return
    supervisor, live = _serving(places)
    note(f"the restore of {work.backup} was interrupted ({work.phase})")
    if work.phase == BEGUN:
        _resume(places, supervisor, live, work, steps)
        return note(f"nothing of the data had been changed; restore {work.backup} again if it is wanted")
    work.well = False  # nobody knows any more how well the app was
    _carry_on(places, supervisor, live, work, steps)
    note(f"the restore of {work.backup} is finished")


def _serving(places: Places) -> tuple[Supervisor, Live]:
    supervisor, live = Supervisor(places), state.live(places)
    if live is None or supervisor.pid is None:
        raise Refused("restore: wanted a release that serves, found nothing running; run `./slipway up` first")
    return supervisor, live


def _fits(places: Places, live: Live, database: Database, chosen: dict[str, Any], newer_schema: bool) -> bool:
    """True if the release's own command has to bring the schema up. Refuses a schema that the release can't know."""
    if chosen["engine"] != database.engine:
        raise Refused(f"restore: wanted a backup of {database.engine}, found one of {chosen['engine']}; restore another one")
    record = read_object(places.lib / "released" / f"{live.release}.json")
    if chosen["schema"] in (database.schema(), record.get("schema")):
        return False
    newer = chosen["release"] != live.release and chosen["release_made"] > backup.made(places, live.release)
    if newer and not newer_schema:
        raise Refused(
            f"restore: wanted a schema that release {live.release} knows, found that of the newer release {chosen['release']}; "
            f"release that one first, or pass --newer-schema"
        )
    return not newer


def _begin(places: Places, live: Live, work: UnderWay) -> UnderWay:
    """Notes it before anything changes. Where a killed one left data half loaded its `first` is what can be gone back to."""
    before = under_way.read(places)
    work.page = before.page if before else maintenance.is_on(places)
    if before and before.phase == LOADING:
        work.phase, work.first = LOADING, before.first
    else:
        work.well = app.is_well(places, live)
    work.write(places)
    return work


def _save(places: Places, supervisor: Supervisor, live: Live, work: UnderWay, steps: Steps) -> None:
    """The page up, the app stopped, a backup of what is there. Raises with all of it undone."""
    try:
        _close(places, supervisor, live, steps)
        saved = backup.take(places, backup.database_of(places), f"before restore of {work.backup}", steps)
        work.first = saved["id"] if saved else None
        work.reach(places, LOADING)
    except (Refused, OSError):
        _resume(places, supervisor, live, work, steps)
        raise


def _close(places: Places, supervisor: Supervisor, live: Live, steps: Steps) -> None:
    with steps.step("page-up"):
        maintenance.switch(places, True)
    with steps.step("stop-app"):
        app.stop(places, supervisor, live)


def _carry_on(places: Places, supervisor: Supervisor, live: Live, work: UnderWay, steps: Steps) -> None:
    """From where the note says to the end. Raises `Refused` with what was there before in place."""
    try:
        if work.phase == LOADING:
            _close(places, supervisor, live, steps)
            _load(places, supervisor, live, work, steps)
        _resume(places, supervisor, live, work, steps)
    except Exception as error:  # noqa: BLE001  whatever it was, what was there before comes back
        raise _go_back(places, supervisor, live, work, _refused(error), steps) from None


def _load(places: Places, supervisor: Supervisor, live: Live, work: UnderWay, steps: Steps) -> None:
    database, chosen = backup.database_of(places), backup.find(places, work.backup)
    with steps.step("load"):
        backup.check(places, chosen)
        database.ensure(supervisor)
        database.load(backup.dump_of(places, work.backup))
    with steps.step("verify"):
        found = database.rows()
        wrong = [f"{name} {found.get(name)}" for name in {*found, *chosen["rows"]} if found.get(name) != chosen["rows"].get(name)]
        if wrong:
            raise Refused(f"restore of {work.backup}: wanted the rows that backup.json lists, found {', '.join(sorted(wrong))}")
    with steps.step("bring-up-schema"):
        if work.migrate:
            (places.lib / "released" / f"{live.release}.json").unlink(missing_ok=True)
            release_command.run(places, manifests.read(places.release(live.release)))
    work.reach(places, LOADED)


def _resume(places: Places, supervisor: Supervisor, live: Live, work: UnderWay, steps: Steps) -> None:
    """The app runs again, then the page goes, unless it was there before."""
    if work.phase != SERVING:
        with steps.step("start-app"):
            app.start(places, supervisor, live, must_be_well=work.well and work.phase == LOADED)
        if work.phase == LOADED:
            work.reach(places, SERVING)  # from here on the app writes: nothing is loaded again
    with steps.step("page-down"):
        maintenance.switch(places, work.page)
        under_way.forget(places)


def _go_back(places: Places, supervisor: Supervisor, live: Live, work: UnderWay, why: Refused, steps: Steps) -> Refused:
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
        _close(places, supervisor, live, steps)
        _load(places, supervisor, live, work, steps)
        _resume(places, supervisor, live, work, steps)
    except Exception as error:  # noqa: BLE001  told with the first reason
        return Refused(f"{failed}; loading backup {work.first} again failed too ({_refused(error)}); {stays}", why.http, why.log)
    return Refused(f"{failed}; what was there before is back (backup {work.first})", why.http, why.log)


def _refused(error: Exception) -> Refused:
    if isinstance(error, OSError):
        return refusal_of(error)
    return error if isinstance(error, Refused) else Refused(f"{type(error).__name__}: {error}")
