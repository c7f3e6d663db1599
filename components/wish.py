"""`desired.json`: what all hosts are to do, and its history. Written by the coordinator alone, each time on condition."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloud_init.host.lock import actor
from components.store import Store, damaged, get_json, to_json

DESIRED = "desired.json"
HISTORY = 20


@dataclass(frozen=True)
class Desired:
    """What the store wants, with the exact bytes it was read from."""

    data: bytes | None
    value: Mapping[str, Any]

    @property
    def live(self) -> str | None:
        return self.value.get("live")

    @property
    def generation(self) -> int:
        return int(self.value.get("generation", 0))

    @property
    def served(self) -> list[str]:
        """The releases that served, the last one first, each once."""
        return list(dict.fromkeys(str(entry["release"]) for entry in reversed(self.value.get("history", []))))


def desired(store: Store) -> Desired:
    """The store's present wish."""
    data = store.get(DESIRED)
    value = get_json(store, DESIRED) or {} if data is not None else {}
    history = value.get("history", [])
    sound = isinstance(history, list) and all(isinstance(entry, dict) and isinstance(entry.get("release"), str) for entry in history)
    if not sound or type(value.get("generation", 0)) is not int or not isinstance(value.get("live"), str | None):
        raise damaged(DESIRED, "generation, live or history are no such things")
    return Desired(data, value)


def write(store: Store, before: Desired, by: str, **wish: Any) -> Desired:
    """The next generation, if nobody wrote since `before`; raises `Conflict` otherwise."""
    history = list(before.value.get("history", []))
    stamp = {"by": by, "actor": actor(), "at": time.time()}
    if wish["live"] and wish["live"] != before.live:
        history.append({"release": wish["live"], **stamp})
    value = {"generation": before.generation + 1, **wish, **stamp, "history": history[-HISTORY:]}
    data = to_json(value)
    store.replace(DESIRED, before.data, data)
    return Desired(data, value)
