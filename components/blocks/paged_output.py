"""The host tool run by a cloud's own service for commands: as root, without a port or a key, and without a stream.

Such a service hands over what a command wrote when it has ended, and of that the first letters alone (24,000, say); that's too little for a
failed release or a page of logs. So `host.pyz carry` runs the command, packs both its streams, and gives them page by page: mostly one is
enough, and what is long comes whole by a few more requests. (Compressing alone has an end, and a bucket in between would need every host to
write where only its deployers read.) The command's words travel as base64: no shell and nothing that the service replaces sees them.
"""

import base64
import json
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from components.errors import SlipwayError

_TOOL = "python3 -I /opt/slipway/host.pyz"
_FIRST, _SLOWEST = 0.3, 3.0  # seconds between two looks
_HEARD = 30.0  # seconds between two looks at whether the host still answers


@dataclass(frozen=True)
class Shown:
    """What the service shows of a command that has ended: its status, and how each stream begins."""

    status: int
    out: str
    err: str


class Service(Protocol):
    """One instance, as its cloud runs commands there. All raise `SlipwayError` where the instance can't be reached."""

    @property
    def id(self) -> str:
        """The instance's."""

    @property
    def called(self) -> str:
        """The service's own name, for people."""

    def send(self, command: str, name: str) -> str:
        """Begins a command line of a shell, once; its id. `name`: what it is about, in a word."""

    def look(self, command: str, age: float) -> Shown | None:
        """What came of the command of that id, which was sent `age` seconds ago; None while it runs."""

    def cancel(self, command: str) -> None:
        """Ends it."""

    def still_there(self) -> None:
        """Raises `SlipwayError` where the instance is silent: a host that ends takes its command along, and the service may show it as
        running for days."""


@dataclass(frozen=True)
class Answer:
    """How the command ended, and what it wrote; of very much, `left_out` bytes are missing in the middle."""

    status: int
    out: bytes
    err: bytes
    left_out: int = 0


def run(service: Service, words: Sequence[str], cancel: bool = False) -> Answer:
    """Runs a command of the host tool to its end. `cancel`: whoever interrupts this ends the command too.

    Raises `SlipwayError` where it can't be run, or what came of it isn't known."""
    packed = base64.urlsafe_b64encode(json.dumps([*words]).encode()).decode()
    shown = _ended(service, f"carry {packed}", words[0], cancel)
    first = _carried(shown)
    if first is None:  # it was refused before the command could run
        return Answer(shown.status or 1, shown.out.encode(), shown.err.encode())
    return _unpacked("".join(_pages(service, first, words[0])), service.id)


def _pages(service: Service, first: dict[str, Any], name: str) -> Iterator[str]:
    yield first["page"]
    got = len(first["page"])
    while got < first["chars"]:
        page = _carried(_ended(service, f"carried {first['token']} {got}", name))
        if page is None or not page["page"]:
            raise SlipwayError(f"{service.id}: {name}: the rest of its output is gone; run it again")
        yield page["page"]
        got += len(page["page"])


def _ended(service: Service, command: str, name: str, cancel: bool = False) -> Shown:
    """What the service shows of a command of the host tool when it has ended."""
    identity = service.send(f"{_TOOL} {command}", name)
    pause, began = _FIRST, time.monotonic()
    heard = began
    try:
        while (shown := service.look(identity, time.monotonic() - began)) is None:
            if time.monotonic() > heard + _HEARD:
                heard = time.monotonic()
                service.still_there()
            time.sleep(pause)
            pause = min(pause * 1.3, _SLOWEST)
    except KeyboardInterrupt:
        if cancel:
            service.cancel(identity)
        raise
    return shown


def _carried(shown: Shown) -> dict[str, Any] | None:
    try:
        found = json.loads(shown.out)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("event") == "carried" else None


def _unpacked(text: str, host: str) -> Answer:
    try:
        line, _, rest = zlib.decompress(base64.b64decode(text)).partition(b"\n")
        head = json.loads(line)
    except (ValueError, zlib.error) as error:
        raise SlipwayError(f"{host}: what the command wrote came back damaged ({error}); run it again") from None
    return Answer(head["status"], rest[: head["out"]], rest[head["out"] :], head["left_out"])
