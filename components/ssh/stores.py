"""Which store a stack's servers have: a folder on each of them, or a bucket."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from components.release import store as release_store
from components.release.store import Store
from components.ssh import agent, login
from components.ssh.store import MirroredStore, Server

_SCHEME = "ssh:"


def address(servers: Sequence[Mapping[str, Any]]) -> str:
    """The store of these servers as resources keep it: a bucket's address, or the servers themselves."""
    bucket = servers[0]["store"]
    return _SCHEME + json.dumps(servers, sort_keys=True) if is_folder(bucket) else str(bucket)


def connect(text: str) -> MirroredStore:
    """The store at an address that begins with `ssh:`."""
    servers = json.loads(text.removeprefix(_SCHEME))
    return MirroredStore([Server(one["host"], one["role"], agent.of(login.of(one), one["store"])) for one in servers], text)


def of(servers: Sequence[Mapping[str, Any]]) -> Store:
    """The store that these servers follow."""
    return release_store.connect(address(servers))


def is_folder(store: str) -> bool:
    """Whether that is a folder of each server."""
    return store.startswith("file:")


def catch_up(servers: Sequence[Mapping[str, Any]], host: str) -> None:
    """Gives a server's folder what it lacks."""
    connect(address(servers)).catch_up(host)


def drift(store: Store, host: str) -> str:
    """One sentence where a server's folder lacks something."""
    return store.drift(host) if isinstance(store, MirroredStore) else ""
