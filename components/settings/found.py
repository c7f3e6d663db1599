"""How errors show what was found, and the rule for all text: one line, no control characters, no place-holder mark."""

import difflib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_LONGEST = 60  # characters
_DEEPEST = 10
MARK = "@@"


def shown(value: Any) -> str:
    """The value as a user recognises it, shortened; of lists and mappings only what they are."""
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


def bad_text(key: str, value: Any, levels: int = _DEEPEST) -> Iterator[tuple[str, str]]:
    """(key path, what is wrong) of each text in `value`, names included, that can't stand in a configuration file."""
    if isinstance(value, str):
        if wanted := _why_bad(value):
            yield key, f"wanted {wanted}, found {shown(value)}"
    elif isinstance(value, Mapping | list | tuple) and not levels:
        yield key, f"wanted no more than {_DEEPEST} levels of mappings and lists"
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            path = f"{key}.{one_line(name)}"
            if wanted := _why_bad(name if isinstance(name, str) else ""):
                yield path, f"wanted a name that is {wanted}"
            yield from bad_text(path, inner, levels - 1)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from bad_text(f"{key}[{number}]", inner, levels - 1)


def one_line(name: object, longest: int | None = _LONGEST) -> str:
    """A key for an error message, whatever it holds; `longest` None leaves its length alone."""
    text = name if isinstance(name, str) else shown(name)
    text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
    return text if longest is None or len(text) <= longest else text[:longest] + "…"


def _why_bad(text: str) -> str:
    if any(_is_control(letter) for letter in text):
        return "text on one line without control characters"
    return f"text without {MARK!r} (it marks a place that the host fills in)" if MARK in text else ""


def _is_control(letter: str) -> bool:
    """Also line separators, and halves of characters that UTF-8 can't hold."""
    return unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
