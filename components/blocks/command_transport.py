"""A server reached by its cloud's own service for commands: as root, without a port or a key.

Such a service shows how a command's output begins, once it has ended. `host.pyz carry` packs both
streams; what is too long for the service is an object of the store, read and removed here. The
command's words travel as base64: no shell sees them, nor what a service replaces."""

import base64
import json
import os
import re
import stat
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, Protocol

from components.errors import SlipwayError, one_line
from components.hosts import progress
from components.hosts.transport import Event, asked, outcome
from components.release.store import connect

_TOOL = "python3 -I /opt/slipway/host.pyz"
_FIRST, _SLOWEST = 0.3, 3.0  # seconds between two looks
_LONGEST = 9_000_000  # bytes unpacked; a host tool keeps 4 MB of each stream, a bit over 8.4 million
_HEARD = 30.0  # seconds between two looks at whether the host still answers
_AGAIN = 2.0  # seconds between two questions for new lines
_ABSENT = "a new server needs a minute or two, see its console"


@dataclass(frozen=True)
class Shown:
    """A command that has ended as the service shows it: its status, and how each stream begins."""

    status: int
    out: str
    err: str


class Service(Protocol):
    """One instance, as its cloud runs commands there. All raise `SlipwayError` where it can't."""

    @property
    def id(self) -> str:
        """The instance's."""

    @property
    def called(self) -> str:
        """The service's own name, for people."""

    def send(self, command: str, name: str) -> str:
        """Begins a command line of a shell, once; its id. `name`: what it is about, in a word."""

    def look(self, command: str, age: float) -> Shown | None:
        """How the command of that id, sent `age` seconds ago, has ended; None while it runs."""

    def cancel(self, command: str) -> None:
        """Ends it."""

    def still_there(self) -> None:
        """Raises `SlipwayError` where the instance is silent: a host that ends takes its command
        along, and the service may show that as running for days."""


@dataclass(frozen=True)
class Answer:
    """How the command ended, and its output, which lacks `left_out` bytes in its middle."""

    status: int
    out: bytes
    err: bytes
    left_out: int = 0


def _ended(service: Service, command: str, name: str, cancel: bool) -> Shown:
    """Runs a command line; returns it as the service shows it in the end."""
    identity = service.send(command, name)
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


def _unpacked(packed: bytes | str, host: str) -> Answer:
    """A server that was broken into may answer anything: its size and form aren't believed."""
    try:
        unpacker = zlib.decompressobj()
        whole = unpacker.decompress(packed if isinstance(packed, bytes) else base64.b64decode(packed), _LONGEST)
        if not unpacker.eof:
            raise ValueError(f"cut off, or of more than {_LONGEST // 10**6} MB")
        line, _, rest = whole.partition(b"\n")
        head = json.loads(line)
        status, out, left_out = (index(head[name]) for name in ("status", "out", "left_out"))
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error) as error:
        raise SlipwayError(f"{host}: what the command wrote came back damaged ({error}); run it again") from None
    return Answer(status, rest[:out], rest[out:], left_out)


class CommandTransport:
    """A host whose events come when the command has ended. `facts`: `host` (its name in `store`, an
    address), `role`, `address`, `app`, `stack`."""

    def __init__(self, facts: Mapping[str, Any], instance: Service) -> None:
        self.host, self.role, self.address = str(facts["host"]), str(facts["role"]), str(facts["address"])
        self.facts, self.instance = facts, instance

    def run(self, arguments: Sequence[str], on_event: Callable[[Event], None] | None = None) -> dict[str, Any]:
        return self._outcome(self.answer(arguments), arguments, on_event)

    def stream(self, arguments: Sequence[str]) -> Iterator[str]:
        asked, marks = [word for word in arguments if word != "-f"], ""
        if asked == [*arguments]:
            return (yield from self._lines(arguments))
        while True:
            *lines, marks = self._lines([*asked, f"--marks={marks}"])
            yield from lines
            time.sleep(_AGAIN)

    def attach(self, arguments: Sequence[str]) -> int:
        if _has_input():
            why = f"by {self.instance.called} a command has no input and no terminal; what it writes is shown when it has ended"
            print(f"slipway: {self.host}: {why}", file=sys.stderr, flush=True)
        answer = self.answer(arguments, cancel=True)
        for stream, data in ((sys.stdout, answer.out), (sys.stderr, answer.err)):
            stream.buffer.write(data)
            stream.flush()
        if answer.left_out:
            print(f"slipway: {self.host}: {answer.left_out} bytes were left out: let the command write a file", file=sys.stderr)
        return answer.status if answer.status >= 0 else 128 - answer.status  # as a shell has it where a signal ended it

    def answer(self, arguments: Sequence[str], cancel: bool = False) -> Answer:
        """Runs a command of the host tool to its end; `cancel`: an interrupt ends it too. Raises
        `SlipwayError` where it can't be run, or what came of it isn't known."""
        packed = base64.urlsafe_b64encode(json.dumps([*arguments]).encode()).decode()
        shown = _ended(self.instance, f"{asked(self.facts)} {_TOOL} carry {packed}", arguments[0], cancel)
        try:
            found = json.loads(shown.out)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or found.get("event") != "carried":
            # The command was refused before it could run, or its output couldn't be stored.
            return Answer(shown.status or 1, shown.out.encode(), shown.err.encode())
        page, token = str(found.get("page")), str(found.get("token"))
        if not token:
            return _unpacked(page, self.instance.id)
        where = f"{self.instance.id}: {arguments[0]}"
        if not re.fullmatch("[0-9a-f]{16}", token):
            wrong = f"wanted the token of an output, 16 hex digits, found {one_line(token)}"
            raise SlipwayError(f"{where}: {wrong}; look at that server, its host tool says no such thing")
        store, name = connect(str(self.facts.get("store"))), f"outcomes/{self.host}/output-{token}"
        data = store.get(name)
        if data is None:
            raise SlipwayError(f"store: wanted {name}, what the command wrote, found none; run the command again")
        try:
            store.delete(name)
        except SlipwayError as error:
            progress.note(self.host, f"{name} stays until a rollout cleans up ({error})")
        return _unpacked(data, self.instance.id)

    def _lines(self, arguments: Sequence[str]) -> list[str]:
        answer = self.answer(arguments)
        if answer.status:
            raise SlipwayError(f"{self.host}: {self._outcome(answer, arguments, None)['message']}")
        return _text(answer.out).split("\n")[:-1]

    def _outcome(self, answer: Answer, arguments: Sequence[str], on_event: Callable[[Event], None] | None) -> dict[str, Any]:
        lines = _text(answer.out).splitlines()
        return outcome(self.host, lines, arguments, on_event, lambda: (_text(answer.err), answer.status), _ABSENT)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _has_input() -> bool:
    """A person, a file or a pipe; nothing is lost where it is /dev/null or closed."""
    try:
        kind = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return sys.stdin.isatty() or stat.S_ISREG(kind) or stat.S_ISFIFO(kind)
