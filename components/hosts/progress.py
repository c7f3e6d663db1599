"""Progress of the steps on hosts: whoever drives a host reports, whoever shows progress listens."""

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.hosts.names import short


@dataclass(frozen=True)
class HostStep:
    """A step of the host tool: `state` is start, done, failed or note; `seconds` since it began."""

    host: str
    step: str
    state: str
    seconds: float | None = None
    text: str = ""


_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}


def readable(told: Any) -> Any:
    """What a host told, JSON or text, with control characters as text: an app's log, or who broke
    into a host, could write the operator's terminal anew."""
    if isinstance(told, str):
        return told.translate(_CONTROLS)
    if isinstance(told, list):
        return [readable(one) for one in told]
    return {name: readable(one) for name, one in told.items()} if isinstance(told, dict) else told


FILE = "SLIPWAY_PROGRESS"
"""The variable that names a file for reports of the CLI's own processes, a JSON object a line."""

_listeners: list[Callable[[HostStep], None]] = []


def report(host: str, step: str, state: str, seconds: float | None = None, text: str = "") -> None:
    """Tells every listener, in the caller's thread, and whoever follows this process by `FILE`."""
    event = HostStep(short(host), step, state, seconds, text)
    _hear(event)
    if path := os.environ.get(FILE):
        line = json.dumps(asdict(event)) + "\n"
        with suppress(OSError), open(path, "ab", buffering=0) as file:  # who followed may be gone
            file.write(line.encode())


@contextmanager
def step(host: str, name: str) -> Iterator[None]:
    """Reports a step of this side's own: its start, and its end with its seconds."""
    began, state = time.monotonic(), "failed"
    report(host, name, "start")
    try:
        yield
        state = "done"
    finally:
        report(host, name, state, time.monotonic() - began)


def note(host: str, text: str) -> None:
    """A sentence for the person who watches; who runs the bare CLI sees what a provider prints."""
    report(host, "", "note", text=text)
    if not is_heard():
        print(f"{short(host)}: {text}", file=sys.stderr)


def is_heard() -> bool:
    """Whether `./slipway` shows what is reported; the bare CLI doesn't."""
    return bool(_listeners) or FILE in os.environ


def tell(host: str, event: Mapping[str, Any]) -> None:
    """Passes on what a host says: a line of the host tool."""
    if event["event"] == "step":
        report(host, event["step"], event["state"], event.get("seconds"))
    elif event["event"] == "note":
        note(host, event["text"])


def _hear(event: HostStep) -> None:
    for listener in tuple(_listeners):
        listener(event)


@contextmanager
def listen(listener: Callable[[HostStep], None]) -> Iterator[None]:
    """Calls `listener` for every report of any thread until the block ends."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def followed() -> Iterator[str]:
    """Gives a path for `FILE` of other processes, and passes on what they report meanwhile."""
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        path, ended = Path(folder) / "progress", threading.Event()
        path.touch()
        follower = threading.Thread(target=_follow, args=(path, ended))
        follower.start()
        try:
            yield str(path)
        finally:
            ended.set()
            follower.join()


def _follow(path: Path, ended: threading.Event) -> None:
    rest = ""
    with path.open(encoding="utf-8") as file:
        for last in iter(lambda: ended.wait(0.1), None):
            *lines, rest = (rest + file.read()).split("\n")
            for line in lines:
                _hear(HostStep(**json.loads(line)))
            if last:
                return
