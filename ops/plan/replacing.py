"""Whether a change at a place replaces its resource, as the tables in policy/resource_types say."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.display.differences import Difference, Path
from policy import resource_types
from policy.plan import Resource, is_secret, is_unknown
from policy.resource_types import ResourceType

_STEP = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]|([^.\[]+)""")


def verdict(resource: Resource, place: Difference) -> bool | None:
    """Whether the change replaces it; None: nobody says. What isn't made here isn't replaced."""
    if resource.kind in ("component", "existing"):
        return False
    known = resource_types.find(resource.type)
    return None if known is None else _verdict(known, place)


def _verdict(known: ResourceType, place: Difference) -> bool | None:
    above = list(_patterns(place.path))
    inside = {pattern for value in (place.old, place.new) for pattern in _within(above[-1], value)}
    counted = (place.old is None) != (place.new is None)  # an item or a block comes or goes
    whole = f"{above[-1].removesuffix('[]')}#"
    if known.replaces.intersection(above) or known.replaces & inside or (whole in known.replaces and counted):
        return True
    if known.unknown.intersection(above) or known.unknown & inside or _hides(known, place, above[-1]):
        return None
    return False


def _patterns(path: Path) -> Iterator[str]:
    """The place and all above it, as the tables write them: `a`, `a[]`, `a[].b`."""
    written = ""
    for step in path:
        written = f"{written}[]" if step.is_item else f"{written}.{step.name}" if written else step.name
        yield written


def _within(above: str, value: Any) -> Iterator[str]:
    """All that stands in a value that appears or goes."""
    waiting = [(above, value)]
    while waiting:
        pattern, value = waiting.pop()
        if isinstance(value, list | tuple):
            waiting += [(f"{pattern}[]", one) for one in value]
        elif isinstance(value, Mapping) and not is_unknown(value) and not is_secret(value):
            waiting += [(f"{pattern}.{name}", one) for name, one in value.items()]
        if pattern != above and value is not None:
            yield pattern


def _hides(known: ResourceType, place: Difference, pattern: str) -> bool:
    """A value that isn't known may hold what replaces."""
    if not any(is_unknown(one) or is_secret(one) for one in (place.old, place.new)):
        return False
    return any(one.startswith((f"{pattern}.", f"{pattern}[", f"{pattern}#")) for one in known.replaces | known.unknown)


def ignored(path: Path, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern names the place or what it is in: `ami`, `tags["a.b"]`, `a[0]`, `*`."""
    return any(_covers([quoted or item or key for quoted, item, key in _STEP.findall(pattern)], path) for pattern in patterns)


def _covers(steps: list[str], path: Path) -> bool:
    if not steps or len(steps) > len(path):
        return False
    return all(step in ("*", place.name) for step, place in zip(steps, path, strict=False))
