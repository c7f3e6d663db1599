"""Restoring a backup: all of it, with the app well on it, or what was there before. A note of it is
on disk: the next run finishes a killed one, or undoes it.

A database host has no app to stop: the app's role is shut out meanwhile, and each web host is held,
with its app stopped behind the maintenance page. Once the database is loaded, a web host that has
folders of its own loads those, from its backup that is nearest in time."""

import os
import time
from dataclasses import asdict, dataclass, fields
from typing import Any, Optional

from ..base import Places, Refused, Steps, note, processes, read_object, refusal_of, unlink, write_json
from ..front import configuration
from ..processes import app, managers
from ..release import manifests, release_command
from ..rollout import state
from . import backup, folders, stored_backups
from .databases import Database
from .databases.cluster import ADMIN
from .databases.server import ServerDatabase

BEGUN, LOADING, LOADED, SERVING, HELD = "begun", "loading", "loaded", "serving", "held"
"""The phases. begun: nothing of the data changed yet. loading: it may be half loaded. loaded: it is
whole again. serving: the app runs on it, the page is left to take down. held: the restore is on the
database host, and this web host has its page up meanwhile."""


@dataclass
class Restore:
    """A restore, as far as it got."""

    backup: str  # the backup to load: the one asked for, or `first` once that failed
    phase: str = BEGUN
    first: Optional[str] = None  # the backup of what was there before
    page: bool = False  # the maintenance page was up already, and stays
    well: bool = False  # the app was well before: one that isn't afterwards is a failed restore
    folders: str = ""  # on a held host: the backup of its own folders that is loaded once the database is
    beside: str = ""  # the backup of what was there before in another host's database: `first` goes with it
    migrate: bool = False  # the backup is older than the release: its release command brings the schema up

    def reach(self, places: Places, phase: str) -> None:
        """Notes, by rename, the phase that it is in from here on, and the process at work on it."""
        self.phase = phase
        pid = os.getpid()
        write_json(places.restoring, {**asdict(self), "pid": pid, "started": processes.started(pid), "at": time.time()})


def _read(places: Places) -> Optional[Restore]:
    """The restore at work, or one that was interrupted; None: there is none."""
    noted = read_object(places.restoring)
    known = {field.name: noted[field.name] for field in fields(Restore) if field.name in noted}
    return Restore(**known) if "backup" in known else None


class Users:
    """The users of the database: they write nothing between `close` and `open`. `live`: the app
    of this host; None: apps on other hosts, whose role the database itself refuses."""

    def __init__(self, places: Places, manager: managers.Manager, release: str, live: Optional[state.Live]) -> None:
        self.places, self.manager, self.release, self.live = places, manager, release, live

    def is_well(self) -> bool:
        """Whether the app answers, as far as this host can tell."""
        return self.live is not None and app.is_well(self.places, self.live)

    def close(self, steps: Steps) -> None:
        """Keeps all of them from writing, from here on."""
        if self.live is None:
            with steps.step("shut-out"):
                return self._shut_out(True)
        with steps.step("page-up"):
            configuration.switch_page(self.places, True)
        with steps.step("stop-app"):
            app.stop(self.places, self.manager, self.live)

    def open(self, steps: Steps, must_be_well: bool) -> None:
        """Lets them write again. Raises `Refused` if the app must be well and isn't."""
        if self.live is None:
            with steps.step("let-in"):
                return self._shut_out(False)
        with steps.step("start-app"):
            app.start(self.places, self.manager, self.live, must_be_well)

    def _shut_out(self, out: bool) -> None:
        database = backup.database_of(self.places)
        if isinstance(database, ServerDatabase):
            database.run(self.manager)
            with database.asked(database.own().url(ADMIN)) as agent:
                agent.ask("execute", statements=database.own().shut_out(out))


def users_of(places: Places) -> Users:
    """The users of this host's database. Raises `Refused` if nothing runs."""
    manager, live, release = managers.of(places), state.live(places), state.serving(places)
    if manager.running and places.role == "database" and release:
        return Users(places, manager, release, None)
    if manager.running and live:
        return Users(places, manager, live.release, live)
    raise Refused("restore: wanted a release that serves, found nothing running; run `./slipway up` first")


def run(places: Places, identity: str, newer_schema: bool, steps: Steps, migrate: bool = False, beside: str = "") -> dict[str, Any]:
    """Restores that backup. Returns the ID of the one that was made of what was there (`first`).
    `migrate`: the release command runs again in any case. `beside`: as of `Restore`.
    Raises `Refused` with what was there back in place."""
    with steps.step("check"):
        users = users_of(places)
        chosen, place = backup.find(places, identity), backup.folder(places) / identity
        backup.check(place, identity)
        database = backup.database_of(places, own=not chosen["schema"])
        migrate |= _fits(places, users, database, chosen, newer_schema)
        if chosen["schema"]:
            database.prove(place / backup.DUMP)
        if "folders" in chosen:
            folders.prove(place / backup.FOLDERS)
    work = _begin(places, users, Restore(identity, beside=beside, migrate=migrate))
    if work.phase == BEGUN:
        _save(places, users, work, steps)
    else:
        users.close(steps)
    _carry_on(places, users, work, steps)
    return {"backup": identity, "first": work.first, "migrate": migrate}


def settle(places: Places, steps: Steps) -> None:
    """Finishes a restore that was interrupted, or undoes one that had changed nothing yet."""
    work = _read(places)
    if work is None:
        return None
    users = users_of(places)
    work.well = False  # nobody knows any more how well the app was
    if work.phase == HELD:
        stay = f"; the app's folders here stay as they are (their backup {work.folders} was to be loaded)" if work.folders else ""
        note(f"the restore of {work.backup} on the database host was interrupted; that host finishes it or undoes it by itself{stay}")
        return _resume(places, users, work, steps)
    note(f"the restore of {work.backup} was interrupted ({work.phase})")
    if work.phase == BEGUN:
        _resume(places, users, work, steps)
        return note(f"nothing of the data had been changed; restore {work.backup} again if it is wanted")
    if work.phase == LOADING:
        users.close(steps)
    _carry_on(places, users, work, steps)
    return note(f"the restore of {work.backup} is finished")


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
    before = _read(places)
    work.page = before.page if before else configuration.is_page_up(places)
    if before and before.phase == LOADING:
        work.phase, work.first = LOADING, before.first
    else:
        work.well = before.well if before and before.phase == HELD else users.is_well()
    work.reach(places, work.phase)
    return work


def _save(places: Places, users: Users, work: Restore, steps: Steps) -> None:
    """Puts the page up, stops the app, makes a backup. Raises with all of it undone."""
    try:
        users.close(steps)
        alone = not backup.find(places, work.backup)["schema"]
        saved = backup.take(places, backup.database_of(places, own=alone), f"before restore of {work.backup}", steps, work.beside)
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
        raise _go_back(places, users, work, refusal_of(error), steps) from None


def _load(places: Places, users: Users, work: Restore, steps: Steps) -> None:
    chosen, place = backup.find(places, work.backup), backup.folder(places) / work.backup
    database = backup.database_of(places, own=not chosen["schema"])
    with steps.step("load"):
        backup.check(place, work.backup)
        database.run(users.manager)
        if chosen["schema"]:
            database.load(place / backup.DUMP)
        if kept := chosen.get("folders"):
            folders.load(places, place / backup.FOLDERS, kept["files"])
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
        users.open(steps, must_be_well=work.well and work.phase in (LOADED, HELD))
        if work.phase == LOADED:
            work.reach(places, SERVING)  # the app writes from here on: nothing is loaded again
    if users.live:
        with steps.step("page-down"):
            configuration.switch_page(places, work.page)
    unlink(places.restoring)


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
        return Refused(f"{failed}; loading backup {work.first} again failed too ({refusal_of(error)}); {stays}", why.http, why.log)
    return Refused(f"{failed}; what was there before is back (backup {work.first})", why.http, why.log)


def hold(places: Places, identity: str, steps: Steps) -> None:
    """On a web host: stops the app, behind the page, while another host restores that backup.
    Raises `Refused` where this host's own folders can't be had."""
    users, beside = users_of(places), stored_backups.nearest(places, manifests.HostStore(places.store, places.host), identity)
    Restore(identity, page=configuration.is_page_up(places), well=users.is_well(), folders=beside).reach(places, HELD)
    users.close(steps)


def let_go(places: Places, migrate: bool, load: Optional[str], steps: Steps) -> None:
    """Ends `hold`, if this host is held. `migrate`: the release command runs again. `load`: the
    other host has restored, so the folders here come back too; it is `beside` of what they were."""
    work = _read(places)
    if work is None or work.phase != HELD:
        return
    if load is not None and work.folders:
        first = run(places, work.folders, False, steps, migrate, load)["first"]
        return note(f"the app's folders here are those of backup {work.folders}; what was there before is backup {first}")
    if load is not None and folders.are_there(places):
        note("the app's folders here stay as they are: there is no backup of them")
    users = users_of(places)
    if migrate:
        with steps.step("bring-up-schema"):
            release_command.again(places, manifests.read(places.release(users.release)))
    _resume(places, users, work, steps)
