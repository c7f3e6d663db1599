"""The errors a user meets: a line that says where, what was wanted, what was found, what to do."""

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

_LONGEST = 60  # characters of what was found


class SlipwayError(pulumi.RunError):
    """A user's mistake or a machine's lack; both engines print it without a traceback."""

    exit_code = 1


class UsageError(SlipwayError):
    """The command line or the settings are wrong; nothing was changed."""

    exit_code = 2


class NoStackError(UsageError):
    """The Pulumi CLI's backend knows no such stack; nothing was changed."""


class MissingError(SlipwayError):
    """This machine lacks something; the message ends with the command that installs it."""

    exit_code = 3


class Lost(SlipwayError):
    """A host can't be reached, or its connection broke: what it did isn't known."""


class NotLaunchedError(SlipwayError):
    """A host has no host tool yet, or an earlier one: `up` brings it."""


class LockedError(SlipwayError):
    """Somebody else is at work on this stack; the message names the holder."""

    exit_code = 4


def shown(value: Any) -> str:
    """The value as a user recognises it, at most 60 characters; what lists and mappings are."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple | set):
        return "a list"
    try:
        text = json.dumps(value) if isinstance(value, bool) else repr(value)
    except ValueError:  # Python refuses to write out a number of thousands of digits
        return "a very large number"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def nearest(name: str, known: Iterable[str]) -> str:
    """`perhaps you meant X`, or the names there are."""
    plain = {_plain(one): one for one in known}
    near = difflib.get_close_matches(_plain(name), plain, n=1)
    return f"perhaps you meant {plain[near[0]]}" if near else "there are: " + ", ".join(sorted(plain.values()))


def one_line(name: object, longest: int | None = _LONGEST) -> str:
    """A name for an error message: no control characters, at most `longest`; None: all of it."""
    text = name if isinstance(name, str) else shown(name)
    text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
    return text if longest is None or len(text) <= longest else text[:longest] + "…"


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
