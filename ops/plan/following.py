"""What follows from a replacement: a resource whose input comes from a replaced one gets another value there.

Nothing of that shows in the inputs, which are unknown before and after. So it is followed from resource to resource: where the table says
that such an input replaces, its resource is replaced too; where it doesn't, it is altered. What only may be replaced makes others that
may be.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ops.places import Path, Place, Step
from ops.plan.document import PropertyChange
from ops.plan.ignoring import ignored
from ops.plan.replacing import verdict
from policy.plan import Resource, is_secret, is_unknown
from policy.values import origins

Found = dict[str, list[PropertyChange]]


def follow(found: Found, kept: Mapping[str, Resource]) -> None:
    """Adds to `found` (changes by URN) what follows from them. `kept`: what is there before and after."""
    followed: dict[str, bool | None] = {}
    while waiting := [urn for urn, one in found.items() if urn in kept and _fate(one) is not False and _news(followed, urn, _fate(one))]:
        for urn in waiting:
            followed[urn] = _fate(found[urn])
        for resource in kept.values():
            for urn in waiting:
                _add(found, resource, urn, sure=followed[urn] is True)


def _fate(changes: list[PropertyChange]) -> bool | None:
    """Whether they replace: True, None for perhaps, or False."""
    said = {one.replaces for one in changes}
    return True if True in said else None if None in said else False


def _news(followed: Mapping[str, bool | None], urn: str, fate: bool | None) -> bool:
    return urn not in followed or followed[urn] is not fate


def _add(found: Found, resource: Resource, replaced: str, sure: bool) -> None:
    for one in _inputs_from(resource, replaced):
        said = verdict(resource, one)
        if not sure and said is False:
            continue
        change = PropertyChange(path=str(one), old=one.old, new=one.new, replaces=said if sure else None)
        there = found.setdefault(resource.urn, [])
        same = next((place for place, known in enumerate(there) if known.path == change.path), None)
        if same is None:
            there.append(change)
        elif there[same].replaces is not True and sure:
            there[same] = change


def _inputs_from(resource: Resource, urn: str) -> Iterator[Place]:
    """The inputs that will be another value once `urn` is another resource."""
    if resource.kind == "component":
        return
    for name, value in resource.inputs.items():
        for place in _unknown((Step(name),), value):
            if urn in origins(place.old) and not ignored(place.path, resource.ignore_changes):
                yield place


def _unknown(path: Path, value: Any) -> Iterator[Place]:
    if is_unknown(value):
        yield Place(path, value, value)
    elif isinstance(value, Mapping) and not is_secret(value):
        for name, inner in value.items():
            yield from _unknown((*path, Step(name)), inner)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _unknown((*path, Step(str(number), True)), inner)
