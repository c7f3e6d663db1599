"""A host that serves the app. What a phase needs is imported with it: `status` asks for less."""

from __future__ import annotations

from ...base import Places, Steps
from ...release.manifests import HostStore
from ...rollout import state


def prepare(places: Places, store: HostStore, release: str, elected: bool, steps: Steps) -> None:
    """Phase one: the candidate stands ready beside the live release. Raises `Refused`."""
    from ...rollout import prepare as preparing
    from .. import provision, volume

    now = state.live(places)
    if now and now.release == release:
        return preparing.again(places, store, now, elected, steps)
    manifest = preparing.fetch(store, release, steps)
    provision.ensure(places, manifest, steps, lambda: preparing.bring(places, store, manifest, steps))
    if device := places.facts.disk:
        with steps.step("volume"):
            volume.keep(places, device)
    preparing.run(places, store, manifest, elected, steps)


def commit(places: Places, generation: int, release: str, steps: Steps) -> None:
    """Phase two: the flip. Raises `Refused` with the release before live again."""
    from ...rollout import commit as committing

    committing.run(places, generation, release, steps)


def abort(places: Places, steps: Steps) -> None:
    from ...rollout import prepare as preparing

    preparing.abort(places, steps)


def boot(places: Places, steps: Steps) -> None:
    """Brings up what served; before its first release a server has nothing that could run."""
    from ...rollout import boot as booting

    if places.role is None or state.remembered(places):
        booting.run(places, steps)


def live(places: Places) -> str | None:
    now = state.live(places)
    return now.release if now else None


def idle(places: Places) -> str | None:
    return state.linked(state.idle(places))
