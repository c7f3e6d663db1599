"""A server reached by its cloud's own service for commands: no port, no key, no terminal."""

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from components.blocks import command_output
from components.blocks.command_output import Answer, Service
from components.errors import SlipwayError
from components.hosts.transport import Event, HostTool, asked
from components.release import store

_AGAIN = 2.0  # seconds between two questions for new lines


class CommandTransport(HostTool):
    """A host whose events come when the command has ended.

    `facts`: `host` (its name in `store`, an address), `role`, `address`, `app`, `stack`."""

    ABSENT = "a new server needs a minute or two, see its console"

    def __init__(self, facts: Mapping[str, Any], instance: Service) -> None:
        super().__init__(str(facts["host"]), str(facts["role"]), str(facts["address"]))
        self.facts, self.instance = facts, instance

    def run(self, arguments: Sequence[str], on_event: Callable[[Event], None] | None = None) -> dict[str, Any]:
        return self._outcome(self._run(arguments), arguments, on_event)

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
        whose, where = asked(self.facts), self.facts.get("store")
        return command_output.run(self.instance, arguments, self.host, lambda: store.connect(str(where)), cancel, whose)

    def _lines(self, arguments: Sequence[str]) -> list[str]:
        answer = self._run(arguments)
        if answer.status:
            outcome = self._outcome(answer, arguments, None)
            raise SlipwayError(f"{self.host}: {outcome['message']}")
        return _text(answer.out).split("\n")[:-1]

    def _outcome(self, answer: Answer, arguments: Sequence[str], on_event: Callable[[Event], None] | None) -> dict[str, Any]:
        ended = (answer.status, _text(answer.err))
        return self.outcome(_text(answer.out).splitlines(), arguments, on_event, lambda: ended)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _has_input() -> bool:
    """A person, a file or a pipe; nothing is lost where it is /dev/null or closed."""
    try:
        kind = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return sys.stdin.isatty() or stat.S_ISREG(kind) or stat.S_ISFIFO(kind)
