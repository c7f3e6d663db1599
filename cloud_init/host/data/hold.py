"""A web host while its database is restored on another host: the page up, the app stopped.

That is noted: where whoever asked for it was killed, the next run here ends it.
"""

from __future__ import annotations

from ..base.outcome import Steps, note
from ..base.places import Places
from ..front import maintenance
from ..release import manifests, release_command
from . import restore_journal, users_of_data
from .restore_journal import HELD, UnderWay


def hold(places: Places, identity: str, steps: Steps) -> None:
    """The app stops, behind the page, for the restore of that backup."""
    users = users_of_data.of(places)
    UnderWay(identity, HELD, page=maintenance.is_on(places), well=users.is_well()).write(places)
    users.close(steps)


def let_go(places: Places, migrate: bool, steps: Steps) -> None:
    """The app runs again and the page goes; nothing to do where it isn't held. `migrate`: the release command brings an older schema up."""
    work = restore_journal.read(places)
    if work is None or work.phase != HELD:
        return
    users = users_of_data.of(places)
    if migrate:
        with steps.step("bring-up-schema"):
            release_command.again(places, manifests.read(places.release(users.release)))
    users.open(steps, work.well)
    users.page_down(steps, work.page)
    restore_journal.forget(places)


def settle(places: Places, work: UnderWay, steps: Steps) -> None:
    """Whoever held it is gone."""
    note(f"the restore of {work.backup} on the database host was interrupted; that host finishes it or undoes it by itself")
    users = users_of_data.of(places)
    users.open(steps, must_be_well=False)
    users.page_down(steps, work.page)
    restore_journal.forget(places)
