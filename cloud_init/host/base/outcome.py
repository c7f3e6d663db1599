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

from .. import contracts
from ..contracts.rollout import HttpAnswer, Step


class Refused(Exception):
    """A step that can't succeed: one line, and what helps to understand it."""

    def __init__(self, message: str, http: HttpAnswer | None = None, log: list[str] | None = None) -> None:
        super().__init__(message)
        self.http = http
        self.log = log or []


def refusal_of(error: OSError) -> Refused:
    """What the system refused, as a person needs it: which file, why, and what to do."""
    mend = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "mend that"
    return Refused(f"{error.filename or 'a file of this host'}: {error.strerror or error}; {mend}, then run it again")


def cause(lines: list[str]) -> str:
    """The last exception that a program's words name, if they name one: `: ValueError: …`."""
    named = _named(lines)
    mend = " (add what has it to the app's requirements)" if named.startswith("ModuleNotFoundError") else ""
    return f": {named}{mend}" if named else ""


def up_to_cause(lines: list[str], count: int = 20) -> list[str]:
    """The lines that lead to what `cause` names; the last ones where it names nothing."""
    named = _named(lines)
    end = len(lines) - lines[::-1].index(named) if named else len(lines)
    return lines[max(end - count, 0) : end]


def _named(lines: list[str]) -> str:
    """Some words come last without being why: what a command makes of its error, and workers ended because another one failed."""
    found = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Exit|Interrupt)\b(: .*)?$", line)]
    telling = [line for line in found if not re.match(r"Error\b|KeyboardInterrupt\b", line)] or found
    return telling[-1] if telling else ""


class Locked(Refused):
    """Somebody else works on this host."""


def emit(event: str, **values: Any) -> None:
    """One line of JSON on standard output, at once. Whoever listened may be gone: the work goes on."""
    try:
        sys.stdout.write(
            json.dumps({"event": event, **contracts.document(values)}, sort_keys=True) + "\n"
        )  # in one go: steps may run side by side
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = sys.stderr


@dataclass
class Steps:
    """The steps of one run, told as they happen and kept for the outcome."""

    done: list[Step] = field(default_factory=list)
    current: str = ""
    _failures: list[tuple[BaseException, str]] = field(default_factory=list)

    def of(self, error: BaseException) -> str:
        """The step that failed with it: others run side by side, and may have begun since. Otherwise the last one."""
        return next((name for one, name in self._failures if one is error), self.current)

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
        except BaseException as error:
            self.current = name  # where it is told in other words
            self._failures.append((error, name))
            raise
        finally:
            seconds = round(time.monotonic() - started, 3)
            self.done.append(Step(name, seconds))
            emit("step", step=name, state=state, seconds=seconds)


def note(text: str) -> None:
    """A sentence for the person who watches."""
    emit("note", text=text)
