"""Events, a line of JSON each; steps with their seconds; refusals, and the outcome of a command."""

import errno
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from .. import contracts
from ..contracts.rollout import HttpAnswer, Outcome, Step
from .masking import masked

_MENDS = (
    (
        r"cannot import name '\w+' from 'collections'|module '(collections|inspect)' has no attribute|No module named '(imp|distutils)'",
        "what the requirements pin is for an older Python: set slipway:app.python to that one, or raise the pins",
    ),
    (
        "unable to open database file|attempt to write a readonly database",
        "the app may write what slipway:app.data names alone: name the file of SQLite, such as data.db, or its folder",
    ),
    ("^ModuleNotFoundError", "add what has it to the app's requirements"),
    ("permission denied to create extension", "name it in slipway:database.extensions"),
    (
        r"permission denied for (?:schema|table|sequence|database)|must be owner of|(?:CREATE|ALTER|DROP|INDEX|REFERENCES) command denied",
        "the app may not change its database's schema: make that slipway:app.releaseCommand, or set slipway:database.appMayMigrate: true",
    ),
    (  # a write into the app's own folder, or of one that should be made there
        r"^(?:PermissionError|OSError): \[Errno (?:13|30)\][^']*'(?:.*/releases/\w{12}/src/|(?!/))(?:([^/']+)/[^']*|([^/'.]+)|[^/']*)'$",
        "the app may write the folders of slipway:app.data alone: name {}",
    ),
)


class Refused(Exception):
    """A step that can't succeed, in one line, with the lines that lead to the cause."""

    def __init__(self, message: str, http: Optional[HttpAnswer] = None, log: Optional[list[str]] = None) -> None:
        super().__init__(message)
        self.http = http
        self.log = log or []


def all_of(*works: Callable[[], None]) -> None:
    """Does each of them, whatever comes of the others; raises the first `Refused` at the end."""
    first: Optional[Refused] = None
    for work in works:
        try:
            work()
        except (Refused, OSError) as error:
            first = first or refusal_of(error)
    if first:
        raise first


def refusal_of(error: Exception) -> Refused:
    """The error as a refusal: for one of the system which file, why, and what to do."""
    if isinstance(error, Refused):
        return error
    if not isinstance(error, OSError):
        return Refused(f"{type(error).__name__}: {error}")
    mend = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "mend that"
    return Refused(f"{error.filename or 'a file of this host'}: {error.strerror or error}; {mend}, then run it again")


def cause(lines: list[str]) -> str:
    """The last exception named in the lines, as `: ValueError: …`; empty without one."""
    named = _named(lines)
    for sign, how in _MENDS:
        if found := re.search(sign, named):
            return f": {named} ({how.format(next(filter(None, found.groups()), 'one, and write it there'))})"
    return f": {named}" if named else ""


def up_to_cause(lines: list[str], count: int = 20) -> list[str]:
    """The lines that lead to what `cause` names; the last ones if it names nothing."""
    named = _named(lines)
    end = len(lines) - lines[::-1].index(named) if named else len(lines)
    return lines[max(end - count, 0) : end]


def _named(lines: list[str]) -> str:
    # A command line's, and those of workers ended because of another, come last but tell nothing.
    named = [line for line in lines if re.match(r"([\w.]*(Error|Exception|Exit|Interrupt)\b|psycopg2?\.errors\.\w+)(: .*)?$", line)]
    telling = [line for line in named if not re.match(r"Error\b|KeyboardInterrupt\b", line)] or named
    return telling[-1] if telling else ""


class Locked(Refused):
    """Another run works on this host."""


def emit(event: str, **values: Any) -> None:
    """One line of JSON on standard output, at once. The reader may be gone: the work goes on."""
    line = masked(json.dumps({"event": event, **contracts.document(values)}, sort_keys=True)) + "\n"
    try:
        sys.stdout.write(line)  # in one go: steps may run side by side
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = sys.stderr


@dataclass
class Steps:
    """The steps of one run: emitted as they happen, and collected for the outcome."""

    done: list[Step] = field(default_factory=list)
    current: str = ""
    _failures: list[tuple[BaseException, str]] = field(default_factory=list)

    def of(self, error: BaseException) -> str:
        """The step that failed with that error, others running beside it; else the last one."""
        return next((name for one, name in self._failures if one is error), self.current)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step: an event at its start, and one with its seconds at its end."""
        self.current = name
        started = time.monotonic()
        emit("step", step=name, state="start")
        state = "failed"
        try:
            yield
            state = "done"
        except BaseException as error:
            self.current = name  # for an error that is raised again as another
            self._failures.append((error, name))
            raise
        finally:
            seconds = round(time.monotonic() - started, 3)
            self.done.append(Step(name, seconds))
            emit("step", step=name, state=state, seconds=seconds)


def note(text: str) -> None:
    """A sentence for the person who watches."""
    emit("note", text=text)


def refusal(refused: Refused, step: str = "") -> Outcome:
    """The outcome of a command that was refused in that step."""
    return Outcome(False, step=step, message=str(refused), http=refused.http, log=tuple(refused.log), phase="failed")


def tell(outcome: Union[Outcome, Mapping[str, Any]]) -> None:
    """Emits the last event of a command: how it ended, with what it was asked for."""
    emit("outcome", **contracts.document(outcome))
