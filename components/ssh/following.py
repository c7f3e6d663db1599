"""How one server's folder is brought to what another one knows, what is immutable first, what is wanted last; and how it is locked."""

import time
from contextlib import ExitStack

from cloud_init.host.contracts.rollout import DesiredState
from components.errors import LockedError
from components.hosts import progress
from components.release.store import parsed
from components.ssh.agent import HostStore

_DESIRED, _TOOL = "desired.json", "tool.json"
_WAIT = 900  # seconds for another rollout to end
_SHARED = ("releases/", "secrets/")


def bring(leader: HostStore, follower: HostStore, role: str) -> None:
    """Copies what a role should have and hasn't; removes what the leader has no more."""
    wanted = {name for folder in _SHARED for name in leader.names(folder) if is_for(role, name)}
    there = {name for folder in _SHARED for name in follower.names(folder)}
    for name in sorted(wanted - there):
        _copy(leader, follower, name)
    _copy(leader, follower, _TOOL)
    if generation(leader) > generation(follower):
        _copy(leader, follower, _DESIRED)
    gone = {name for name in there - wanted if name.startswith("releases/") or not is_for(role, name)}
    if gone:
        follower.delete(*sorted(gone))


def is_for(role: str, name: str) -> bool:
    """Secrets are for their role alone; what a server says of itself belongs to no other."""
    top, _, rest = name.partition("/")
    return rest.startswith(f"{role}/") if top == "secrets" else top != "outcomes"


def generation(store: HostStore) -> int:
    """Which generation of what is wanted a server knows; 0: none."""
    return generation_in(store.get(_DESIRED))


def generation_in(data: bytes | None) -> int:
    """The generation in `desired.json`."""
    return 0 if data is None else parsed(DesiredState, _DESIRED, data).generation


def lock(store: HostStore, reason: str, held: ExitStack) -> None:
    """Waits until it is held, and says for whom."""
    deadline, told = time.monotonic() + _WAIT, ""
    while True:
        try:
            store.lock(reason)
            held.callback(store.unlock)
            return
        except LockedError as error:
            if time.monotonic() > deadline:
                raise
            if str(error) != told:
                told = str(error)
                progress.report("coordinator", "", "note", text=f"waiting: {told}")
        time.sleep(1)


def _copy(leader: HostStore, follower: HostStore, name: str) -> None:
    data = leader.get(name)
    if data is not None:
        follower.put(name, data)
