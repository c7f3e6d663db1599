"""What follows from a replacement: inputs that come from a replaced resource get another value.

Nothing of that shows in the inputs, which are unknown before and after. So it is followed from
resource to resource: where the table says that such an input replaces, its resource is replaced
too; where it doesn't, it is altered. What may be replaced makes others that may be. A provider is
followed too: whether what it made can stay, the provider decides."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ops.display.differences import Difference, Key, Path
from ops.plan.document import PropertyChange
from ops.plan.replacing import ignored, verdict
from policy.plan import Resource, is_secret, is_unknown
from policy.values import origins

PROVIDER = "provider"  # the option, as Pulumi calls it
ChangesByUrn = dict[str, list[PropertyChange]]


class _Input(NamedTuple):
    """`urn`: whose it is."""

    urn: str
    place: Difference
    replaces: bool | None


def follow(found: ChangesByUrn, kept: Mapping[str, Resource]) -> None:
    """Adds to `found` (changes by URN) what follows. `kept`: what is there in both plans."""
    coming = _by_origin(kept.values())
    followed: dict[str, bool | None] = {}
    while waiting := [urn for urn, one in found.items() if urn in kept and fate(one) not in (False, followed.get(urn, False))]:
        for urn in waiting:
            followed[urn] = fate(found[urn])
        for urn in waiting:
            for one in coming[urn]:
                _add(found, one, sure=followed[urn] is True)


def fate(changes: list[PropertyChange]) -> bool | None:
    """Whether they replace: True, None for perhaps, or False."""
    said = {one.replaces for one in changes}
    return True if True in said else None if None in said else False


def _add(found: ChangesByUrn, one: _Input, sure: bool) -> None:
    if not sure and one.replaces is False:
        return
    change = PropertyChange(path=str(one.place), old=one.place.old, new=one.place.new, replaces=one.replaces if sure else None)
    there = found.setdefault(one.urn, [])
    same = next((place for place, known in enumerate(there) if known.path == change.path), None)
    if same is None:
        there.append(change)
    elif there[same].replaces is not True and sure:
        there[same] = change


def _by_origin(resources: Iterable[Resource]) -> Mapping[str, list[_Input]]:
    """For each URN the inputs that will be another value once that is another resource."""
    found: dict[str, list[_Input]] = defaultdict(list)
    for resource in resources:
        for origin, place, replaces in _inputs(resource):
            found[origin].append(_Input(resource.urn, place, replaces))
    return found


def _inputs(resource: Resource) -> Iterator[tuple[str, Difference, bool | None]]:
    """(origin, where its value goes in, whether another value replaces) of each."""
    if resource.kind == "component":
        return
    if resource.provider and resource.kind == "resource":
        yield resource.provider, Difference((Key(PROVIDER),), resource.provider, resource.provider), None
    for name, value in resource.inputs.items():
        for place in _unknown((Key(name),), value):
            if not ignored(place.path, resource.ignore_changes):
                said = verdict(resource, place)
                yield from ((origin, place, said) for origin in dict.fromkeys(origins(place.old)))


def _unknown(path: Path, value: Any) -> Iterator[Difference]:
    if is_unknown(value):
        yield Difference(path, value, value)
    elif isinstance(value, Mapping) and not is_secret(value):
        for name, inner in value.items():
            yield from _unknown((*path, Key(name)), inner)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _unknown((*path, Key(str(number), True)), inner)
