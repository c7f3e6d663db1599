"""A host that serves the app."""

from __future__ import annotations

from ...base.outcome import Steps
from ...base.places import Places
from ...release.store import HostStore
from ...rollout import boot as booting
from ...rollout import commit as committing
from ...rollout import prepare as preparing
from ...rollout import state
from .. import provision

commit, abort, halt = committing.run, preparing.abort, booting.halt


def prepare(places: Places, store: HostStore, release: str, elected: bool, steps: Steps) -> None:
    """Phase one: the candidate stands ready beside the live release. Raises `Refused`."""
    now = state.live(places)
    if now and now.release == release:
        return preparing.again(places, store, now, elected, steps)
    manifest = preparing.fetch(store, release, steps)
    provision.ensure(places, manifest, steps, lambda: preparing.bring(places, store, manifest, steps))
    preparing.run(places, store, manifest, elected, steps)


def boot(places: Places, steps: Steps) -> None:
    """Brings up what served; before its first release a server has nothing that could run."""
    if places.role is None or state.remembered(places):
        booting.run(places, steps)


def live(places: Places) -> str | None:
    now = state.live(places)
    return now.release if now else None


def idle(places: Places) -> str | None:
    return state.linked(places, state.idle(places))
