"""What the tool tells: a line of JSON for each event, steps with their seconds, and why something was refused."""

from __future__ import annotations

import errno
import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """A step that can't succeed: one line, and what helps to understand it."""

    def __init__(self, message: str, http: dict[str, Any] | None = None, log: list[str] | None = None) -> None:
        super().__init__(message)
        self.http = http
        self.log = log or []


def refusal_of(error: OSError) -> Refused:
    """What the system refused, as a person needs it: which file, why, and what to do."""
    mend = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "mend that"
    return Refused(f"{error.filename or 'a file of this host'}: {error.strerror or error}; {mend}, then run it again")


def cause(lines: list[str]) -> str:
    """The last exception that a program's words name, if they name one: `: ValueError: …`."""
    found = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Exit|Interrupt)\b(: .*)?$", line)]
    named = [line for line in found if not line.startswith("Error")] or found  # `Error: …` is what a command makes of it
    if not named:
        return ""
    mend = " (add what has it to the app's requirements)" if named[-1].startswith("ModuleNotFoundError") else ""
    return f": {named[-1]}{mend}"


class Locked(Refused):
    """Somebody else works on this host."""


def emit(event: str, **values: Any) -> None:
    """One line of JSON on standard output, at once. Whoever listened may be gone: the work goes on."""
    try:
        print(json.dumps({"event": event, **values}, sort_keys=True), flush=True)
    except BrokenPipeError:
        sys.stdout = sys.stderr


@dataclass
class Steps:
    """The steps of one run, told as they happen and kept for the outcome."""

    done: list[dict[str, Any]] = field(default_factory=list)
    current: str = ""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step: told at its start, with its seconds at its end."""
        self.current = name
        started = time.monotonic()
        emit("step", step=name, state="start")
        state = "failed"
        try:
            yield
            state = "done"
        finally:
            seconds = round(time.monotonic() - started, 3)
            self.done.append({"step": name, "seconds": seconds})
            emit("step", step=name, state=state, seconds=seconds)


def note(text: str) -> None:
    """A sentence for the person who watches."""
    emit("note", text=text)
