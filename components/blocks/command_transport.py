"""A server reached by its cloud's own service for commands: no port, no key, no terminal."""

import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from components.blocks import command_output
from components.blocks.command_output import Answer, Service
from components.errors import LockedError, SlipwayError
from components.hosts.transport import Event
from components.release import store

_AGAIN = 2.0  # seconds between two questions for new lines


class CommandTransport:
    """A host whose events come when the command has ended.

    `facts`: `host` (its name in `store`, an address), `role`, `address`."""

    def __init__(self, facts: Mapping[str, Any], instance: Service) -> None:
        self.facts, self.instance = facts, instance

    @property
    def host(self) -> str:
        return str(self.facts["host"])

    @property
    def role(self) -> str:
        return str(self.facts["role"])

    @property
    def address(self) -> str:
        return str(self.facts["address"])

    def run(self, arguments: Sequence[str], on_event: Callable[[Event], None] | None = None) -> dict[str, Any]:
        answer = self._run(arguments)
        outcome: dict[str, Any] = {}
        for event in _events(answer):
            if event.get("event") == "outcome":
                outcome = event
            elif on_event:
                on_event(event)
        return self._checked(answer, outcome, arguments)

    def stream(self, arguments: Sequence[str]) -> Iterator[str]:
        follow = {"-f", "--follow"} & {*arguments}
        if not follow:
            yield from self._lines(arguments)
            return
        asked, marks = [word for word in arguments if word not in follow], ""
        while True:
            *lines, marks = self._lines([*asked, f"--marks={marks}"])
            yield from lines
            time.sleep(_AGAIN)

    def attach(self, arguments: Sequence[str]) -> int:
        if _has_input():
            print(f"slipway: {self.host}: by {self.instance.called} a command has no input and no terminal;", file=sys.stderr, end=" ")
            print("what it writes is shown when it has ended", file=sys.stderr, flush=True)
        answer = self._run(arguments, cancel=True)
        for stream, data in ((sys.stdout, answer.out), (sys.stderr, answer.err)):
            stream.buffer.write(data)
            stream.flush()
        if answer.left_out:
            print(f"slipway: {self.host}: {answer.left_out} bytes were left out: let the command write a file", file=sys.stderr)
        return answer.status if answer.status >= 0 else 128 - answer.status  # as a shell has it where a signal ended it

    def _run(self, arguments: Sequence[str], cancel: bool = False) -> Answer:
        return command_output.run(self.instance, arguments, self.host, lambda: store.connect(self.facts["store"]), cancel)

    def _lines(self, arguments: Sequence[str]) -> list[str]:
        answer = self._run(arguments)
        if answer.status:
            outcome = next((event for event in _events(answer) if event.get("event") == "outcome"), {})
            self._checked(answer, outcome, arguments)
            raise SlipwayError(f"{self.host}: {outcome.get('message') or _last_words(answer)}")
        return answer.out.decode("utf-8", "replace").split("\n")[:-1]

    def _checked(self, answer: Answer, outcome: dict[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
        if answer.status == 3:
            raise LockedError(f"{self.host}: {outcome.get('message', 'locked by another run')}")
        if outcome:
            return outcome
        if b"can't open file" in answer.err:
            raise SlipwayError(f"{self.host}: nothing is launched there yet; a new server needs a minute or two, see its console")
        message = f"the host tool ended early: {_last_words(answer)}"
        return {"ok": False, "host": self.host, "step": arguments[0], "message": message, "log": []}


def _events(answer: Answer) -> Iterator[dict[str, Any]]:
    """The host tool's lines; all others are passed over, also one that lacks its middle."""
    for line in answer.out.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _last_words(answer: Answer) -> str:
    return (answer.err.decode("utf-8", "replace").strip().splitlines() or [f"exit status {answer.status}"])[-1]


def _has_input() -> bool:
    """A person, a file or a pipe; nothing is lost where it is /dev/null or closed."""
    try:
        kind = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return sys.stdin.isatty() or stat.S_ISREG(kind) or stat.S_ISFIFO(kind)
