"""What a rollout leaves in the store: the releases that served last; all else goes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cloud_init.host.contracts.manifest import Manifest
from cloud_init.host.release import wheels
from components.errors import SlipwayError
from components.hosts import progress
from components.release.store import Store, parsed
from components.rollout.desired_state import HISTORY, Desired, refuse_another

KEPT = 5  # releases that can be rolled back to
_GONE = 7 * 86400.0  # seconds after which a host that says nothing is forgotten
_UNREAD = 3600.0  # seconds after which nobody reads a command's output any more


def run(store: Store, now: Desired) -> None:
    """Removes what no kept release needs, old outcomes, hosts that are gone, in few requests.
    Raises `Conflict`, with all still there, where `now` isn't what is wanted any more."""
    keep = list(dict.fromkeys([str(now.live), *now.served]))[:KEPT]
    there = store.names("releases/")
    gone = [name for name in there if name.split("/")[1] not in (*keep, "code", "tool", "wheels")]
    gone += [name for name in store.names("secrets/") if name.split("/")[-1].split(".")[0] not in keep]
    gone += [*_code(store, there, keep), *_wheels(store, there, keep)]
    gone += _outcomes(store.names("outcomes/"), now.state.generation)
    if gone:
        refuse_another(store, now.state)  # what another one wants since may need some of it
        store.delete(*gone)


def _code(store: Store, there: Iterable[str], keep: Sequence[str]) -> list[str]:
    """The archives that no kept release uses; none while it can't be told what one uses."""
    try:
        names = {f"releases/{release}/manifest.json" for release in keep}
        used = {parsed(Manifest, name, data).code.id for name in names if (data := store.get(name)) is not None}
    except SlipwayError:
        progress.report("coordinator", "", "note", text="the manifest of a kept release is damaged: no archive is removed")
        return []
    archives = [name for name in there if name.startswith("releases/code/")]
    return [name for name in archives if name.split("/")[-1].split(".")[0] not in used]


def _wheels(store: Store, there: Iterable[str], keep: Sequence[str]) -> list[str]:
    """The files that no kept release's list names."""
    names = [name for name in there if name.startswith(wheels.FOLDER)]
    lists = [store.get(wheels.list_of(release)) for release in keep] if names else []
    used = {one for data in lists for one in wheels.hashes((data or b"").decode(errors="replace"))}
    return [name for name in names if name.split("/")[-2] not in used]


def _outcomes(names: Mapping[str, float], generation: int) -> Iterator[str]:
    """Those of generations that are old, or yet to come; outputs that nobody read; and all of a
    host whose heartbeat is a week older than the newest: servers come and go."""
    beats = {name.split("/")[1]: at for name, at in names.items() if name.endswith("/heartbeat.json")}
    newest, newest_beat = max(names.values(), default=0.0), max(beats.values(), default=0.0)
    for name, at in names.items():
        last = name.split("/")[-1].split(".")[0]
        old = last.isdigit() and not generation - HISTORY <= int(last) <= generation
        unread = last.startswith("output-") and newest - at > _UNREAD
        gone = newest_beat - beats.get(name.split("/")[1], newest_beat) > _GONE
        if old or unread or gone:
            yield name
