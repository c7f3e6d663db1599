"""What replaces a resource: a change at a place, as the tables in policy/resource_types say, and
what follows from a replacement.

Inputs that come from a replaced resource get another value, and nothing of that shows in them, as
they are unknown before and after. So it is followed from resource to resource: where the table says
that such an input replaces, its resource is replaced too; where it doesn't, it is altered. What may
be replaced makes others that may be. A provider is followed too: whether what it made can stay, the
provider decides."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ops.display.differences import Difference, Path
from ops.plan.document import PropertyChange
from policy import resource_types
from policy.plan import Resource, is_secret, is_unknown
from policy.resource_types import ResourceType
from policy.values import origins

PROVIDER = "provider"  # the option, as Pulumi calls it
ChangesByUrn = dict[str, list[PropertyChange]]

_STEP = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]|([^.\[]+)""")


def verdict(resource: Resource, place: Difference) -> bool | None:
    """Whether the change replaces it; None: nobody says. What isn't made here isn't replaced."""
    if resource.kind in ("component", "existing"):
        return False
    known = resource_types.find(resource.type)
    if known is None:
        return None
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
        written = f"{written}[]" if isinstance(step, int) else f"{written}.{step}" if written else step
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
    for pattern in patterns:
        steps = [quoted or item or key for quoted, item, key in _STEP.findall(pattern)]
        if 0 < len(steps) <= len(path) and all(step in ("*", str(place)) for step, place in zip(steps, path, strict=False)):
            return True
    return False


def follow(found: ChangesByUrn, kept: Mapping[str, Resource]) -> None:
    """Adds to `found` (changes by URN) what follows. `kept`: what is there in both plans."""
    coming = _by_origin(kept.values())
    followed: dict[str, bool | None] = {}
    while waiting := [urn for urn, one in found.items() if urn in kept and fate(one) not in (False, followed.get(urn, False))]:
        for urn in waiting:
            followed[urn] = fate(found[urn])
            for other, change in coming[urn]:
                if followed[urn] is True or change.replaces is not False:
                    _add(found.setdefault(other, []), change, sure=followed[urn] is True)


def fate(changes: list[PropertyChange]) -> bool | None:
    """Whether they replace: True, None for perhaps, or False."""
    said = {one.replaces for one in changes}
    return True if True in said else None if None in said else False


def _add(there: list[PropertyChange], change: PropertyChange, sure: bool) -> None:
    if not sure:
        change = change.model_copy(update={"replaces": None})
    same = next((place for place, known in enumerate(there) if known.path == change.path), None)
    if same is None:
        there.append(change)
    elif there[same].replaces is not True and sure:
        there[same] = change


def _by_origin(resources: Iterable[Resource]) -> Mapping[str, list[tuple[str, PropertyChange]]]:
    """For each URN the inputs that will be another value once that is another resource: whose they
    are, and the change."""
    found: dict[str, list[tuple[str, PropertyChange]]] = defaultdict(list)
    for resource in (one for one in resources if one.kind != "component"):
        if resource.provider and resource.kind == "resource":
            change = PropertyChange(path=PROVIDER, old=resource.provider, new=resource.provider, replaces=None)
            found[resource.provider].append((resource.urn, change))
        for name, value in resource.inputs.items():
            for place in _unknown((name,), value):
                if not ignored(place.path, resource.ignore_changes):
                    change = PropertyChange(path=str(place), old=place.old, new=place.new, replaces=verdict(resource, place))
                    for origin in dict.fromkeys(origins(place.old)):
                        found[origin].append((resource.urn, change))
    return found


def _unknown(path: Path, value: Any) -> Iterator[Difference]:
    if is_unknown(value):
        yield Difference(path, value, value)
    elif isinstance(value, Mapping) and not is_secret(value):
        for name, inner in value.items():
            yield from _unknown((*path, name), inner)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _unknown((*path, number), inner)
