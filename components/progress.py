"""Progress of the steps on hosts: whoever drives a host reports, whoever shows progress listens."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from components.host_names import short


@dataclass(frozen=True)
class HostStep:
    """One step of the host tool: `state` is "start", "done", "failed" or "note"; `seconds` counts from its start."""

    host: str
    step: str
    state: str
    seconds: float | None = None
    text: str = ""


Listener = Callable[[HostStep], None]

_lock = threading.Lock()
_listeners: tuple[list[Listener], ...] = ()


def report(host: str, step: str, state: str, seconds: float | None = None, text: str = "") -> None:
    """Tells every listener, in the caller's thread."""
    event = HostStep(short(host), step, state, seconds, text)
    for (listener,) in _listeners:
        listener(event)


def note(host: str, text: str) -> None:
    """A sentence for the person who watches."""
    report(host, "", "note", text=text)


def tell(host: str, event: Mapping[str, Any]) -> None:
    """Passes on what a host says: a line of the host tool."""
    if event["event"] == "step":
        report(host, event["step"], event["state"], event.get("seconds"))
    elif event["event"] == "note":
        note(host, event["text"])


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Calls `listener` for every report of any thread until the block ends."""
    global _listeners
    entry = [listener]  # a list of its own, so that the same listener may be there twice
    with _lock:
        _listeners = (*_listeners, entry)
    try:
        yield
    finally:
        with _lock:
            _listeners = tuple(one for one in _listeners if one is not entry)
