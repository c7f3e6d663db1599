"""What of a property differs, down to the place: a long text or a mapping is never shown whole."""

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from rich.text import Text

_LONGEST = 70  # characters: old and new fit a wide line
_SENTENCE = 200  # characters: what replaces nothing may be a sentence about why, and is no use without its end
_MOST = 12  # lines for one property


def lines(key: str, old: Any, new: Any) -> list[Text]:
    """One line for each place that differs."""
    if old is None and new in ("", "{}", "[]", {}, []):
        return []
    found = [_line(place, before, after) for place, before, after in places(key, old, new)]
    more = len(found) - _MOST
    return found if more <= 0 else [*found[:_MOST], Text(f"… and {more} more", "dim")]


def places(key: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """(path, old, new) of what differs inside; JSON texts are read."""
    old, new = _read(old), _read(new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _differing(f"{key}.{name}", old.get(name), new.get(name))
    elif isinstance(old, list) and isinstance(new, list):
        for number, (before, after) in enumerate(zip_longest(old, new)):
            name = _name(after if after is not None else before)
            yield from _differing(f"{key}[{name or number}]", before, after)
    elif isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
        yield (key, *_first_difference(old, new))
    else:
        yield key, old, new


def _differing(key: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if old != new:
        yield from places(key, old, new)


def _read(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _name(value: Any) -> str:
    """A list of files reads better by their paths than by numbers."""
    return str(value.get("path", "")) if isinstance(value, Mapping) else ""


def _first_difference(old: str, new: str) -> tuple[str, str]:
    pairs = zip_longest(old.splitlines(), new.splitlines(), fillvalue="")
    return next(((before, after) for before, after in pairs if before != after), (old, new))


def _line(key: str, old: Any, new: Any) -> Text:
    if old in (None, ""):
        sentence = old == "" and isinstance(new, str)
        return Text.assemble((f"{key}: ", "dim"), _short(new, _SENTENCE if sentence else _LONGEST))
    return Text.assemble((f"{key}: ", "dim"), _short(old), (" -> ", "dim"), _short(new))


def _short(value: Any, longest: int = _LONGEST) -> str:
    value = "nothing" if value is None else value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
