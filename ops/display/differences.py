"""Places where two values differ: in mappings, lists, JSON texts and texts of many lines."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from policy.plan import is_secret, is_unknown
from policy.values import decoded, origins

_DEEPEST = 50  # steps; what differs deeper is one place
_PLAIN = re.compile(r"[^\s.\[\]\"]+")


Path = tuple[str | int, ...]
"""Steps down: to a mapping's key, or to a list's item by its number."""


@dataclass(frozen=True)
class Difference:
    """Two values at one place; `old` and `new` are None where there is nothing."""

    path: Path
    old: Any
    new: Any

    def __str__(self) -> str:
        """`rootBlockDevice.volumeSize`, `ingress[0].fromPort`, `tags["a.b"]`."""
        shown = str(self.path[0])
        for step in self.path[1:]:
            shown += f".{step}" if isinstance(step, str) and _PLAIN.fullmatch(step) else f"[{json.dumps(step)}]"
        return shown


def differing(key: str, old: Any, new: Any) -> Iterator[Difference]:
    """All differences below `key`; none where nothing differs."""
    return _below((key,), old, new)


def same(old: Any, new: Any) -> bool:
    """Equal as JSON is: 1 is not true. Unknowns are the same if from the same resources."""
    if is_unknown(old) and is_unknown(new):
        return set(origins(old)) == set(origins(new))
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(same(old[name], new[name]) for name in old)
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        return len(old) == len(new) and all(map(same, old, new))
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def _below(path: Path, old: Any, new: Any) -> Iterator[Difference]:
    if not same(old, new):
        inside = list(_inside(path, _read(old), _read(new))) if len(path) < _DEEPEST else []
        # Nothing inside differs: the same JSON is written in another way.
        yield from inside or [Difference(path, old, new)]


def _inside(path: Path, old: Any, new: Any) -> Iterator[Difference]:
    if any(is_unknown(one) or is_secret(one) for one in (old, new)):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _below((*path, name), old.get(name), new.get(name))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        yield from _by_position(path, old, new)
    elif isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
        pairs = zip_longest(old.split("\n"), new.split("\n"))
        yield Difference(path, *next(pair for pair in pairs if pair[0] != pair[1]))


def _by_position(path: Path, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    """Leaves out what is alike at the beginning and at the end: an item put in moves the rest."""
    shortest = min(len(old), len(new))
    start = next((place for place in range(shortest) if not same(old[place], new[place])), shortest)
    end = next((place for place in range(shortest - start) if not same(old[-1 - place], new[-1 - place])), shortest - start)
    pairs = zip_longest(old[start : len(old) - end], new[start : len(new) - end])
    for number, (before, after) in enumerate(pairs, start):
        yield from _below((*path, number), before, after)


def _read(value: Any) -> Any:
    """A text of JSON as what it says."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    read = decoded(value)
    return value if _deeper(read, _DEEPEST) else read


def _deeper(value: Any, limit: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return limit == 0 or any(_deeper(one, limit - 1) for one in inside)
