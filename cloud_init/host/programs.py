"""The programs that the supervisor keeps running, and what Supervisor is told of each."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass

from . import shell
from .places import COLOURS, Places

CRON = "cron"  # the one extra process that runs on a single host: the elected one


@dataclass(frozen=True)
class Program:
    """`name` is also what the launcher is called with. `as_user`: run as the app's user from the start."""

    name: str
    as_user: bool = True
    stop_signal: str = "TERM"
    always: bool = False
    """Started again whatever it ended with; otherwise exit 0 means that there is nothing to run."""
    retries: int = 3
    priority: int = 999
    """Low ones start first and stop last."""
    whole_group: bool = False
    """Ask every process of it to stop, not only the first: a shell does not pass a signal on."""


CONSTANT = (Program("blue"), Program("green"), Program("front", as_user=False, retries=10))


def process(colour: str, name: str, command: str = "") -> Program:
    """One of the extra processes of the release that a colour runs."""
    return Program(f"{colour}-{name}", always=True, whole_group=not shell.is_single(command))


def split(program: str) -> tuple[str, str]:
    """Colour and process of an extra process's program; ("", "") for any other."""
    colour, _, name = program.partition("-")
    return (colour, name) if colour in COLOURS and name else ("", "")


def is_database(program: str) -> bool:
    """What is neither constant nor of a colour."""
    return program not in {one.name for one in CONSTANT} and not split(program)[0]


def of_colour(programs: Iterable[str], colour: str) -> list[str]:
    """The extra processes of a colour, of all programs there are."""
    return [name for name in programs if split(name)[0] == colour]


def section(places: Places, program: Program) -> str:
    """The program's part of Supervisor's configuration."""
    user = places.facts.get("user")
    launch = [places.python, "-I", str(places.tool), "--root", str(places.root), "launch"]
    values = {
        "NAME": program.name,
        "LOG": escaped(str(places.log)),
        "LAUNCH": " ".join(_quoted(word) for word in launch),
        "AUTORESTART": "true" if program.always else "unexpected",
        "RETRIES": str(program.retries),
        "PRIORITY": str(program.priority),
        "GROUP": str(program.whole_group).lower(),
        "STOPSIGNAL": program.stop_signal,
        "USER": f"user={user}" if user and program.as_user else "",
    }
    return fill("program.conf", values)


def fill(template: str, values: dict[str, str]) -> str:
    """A template of this folder with its places filled in."""
    text = (pkgutil.get_data(__package__ or "host", template) or b"").decode()
    for name, value in values.items():
        text = text.replace(f"@@{name}@@", value)
    return text


def escaped(value: str) -> str:
    """Supervisor reads `%` as its own and ` ;` as a comment; the target refuses folders with the latter."""
    return value.replace("%", "%%")


def _quoted(word: str) -> str:
    return '"' + escaped(word) + '"' if " " in word else escaped(word)
