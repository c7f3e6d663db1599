"""Two plans compared: what is added, altered, replaced and removed, and what to think about.

What replaces a resource say the tables in policy/resource_types of a change at a place. Inputs that
come from a replaced resource get another value, and nothing of that shows in them, as they are
unknown before and after. So it is followed from resource to resource: where the table says that
such an input replaces, its resource is replaced too; where it doesn't, it is altered. What may be
replaced makes others that may be. A provider is followed too: whether what it made can stay, the
provider decides."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ops.display.changes import Difference, differing
from ops.plan import warnings
from ops.plan.document import Change, Comparison, Op, PropertyChange
from policy import resource_types
from policy.plan import Path, Plan, Resource, is_secret, is_unknown, leaves, origins, written
from policy.resource_types import ResourceType

PROVIDER = "provider"  # the option, as Pulumi calls it
ChangesByUrn = dict[str, list[PropertyChange]]

_STEP = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]|([^.\[]+)""")
_OPS: dict[bool | None, Op] = {True: "replace", None: "may-replace", False: "alter"}


def compare(base_label: str, old: Plan, new: Plan) -> Comparison:
    """From `old`, called `base_label`, to `new`. Resources are told apart by their URNs."""
    before, after = ({one.urn: one for one in plan.resources} for plan in (old, new))
    kept = {urn: one for urn, one in after.items() if urn in before and before[urn].kind == one.kind}
    found: ChangesByUrn = {urn: differs for urn, one in kept.items() if (differs := list(_properties(before[urn], one)))}
    follow(found, kept)
    changes = tuple(_changes(before, after, kept, found))
    return Comparison(
        base=base_label,
        settings=tuple(PropertyChange(path=str(one), old=one.old, new=one.new) for one in _places(old.settings, new.settings)),
        resources=changes,
        unchanged=len(kept) - len(found),
        warnings=tuple(warnings.all_of(old, new, changes)),
    )


def _changes(before: dict[str, Resource], after: dict[str, Resource], kept: dict[str, Resource], found: ChangesByUrn) -> Iterator[Change]:
    """In the order of the new plan; what goes stands at the end, as it is removed: last first."""
    for urn, one in after.items():
        if urn in found:
            yield _change(_OPS[fate(found[urn])], one, found[urn])
        elif urn not in kept:
            yield _change("add", one, [])
    for urn, one in reversed(before.items()):
        if urn not in kept:
            yield _change("remove", one, [])


def _change(op: Op, resource: Resource, properties: list[PropertyChange]) -> Change:
    return Change(op=op, urn=resource.urn, type=resource.type, name=resource.name, parent=resource.parent, properties=tuple(properties))


def _properties(old: Resource, new: Resource) -> Iterator[PropertyChange]:
    for place in _places(old.inputs, new.inputs):
        if not ignored(place.path, new.ignore_changes):
            yield PropertyChange(path=str(place), old=place.old, new=place.new, replaces=verdict(new, place))
    # Of each option that differs, under the name that Pulumi gives it.
    for name, before, after in (
        ("protect", old.protect, new.protect),
        ("retainOnDelete", old.retain, new.retain),
        ("deleteBeforeReplace", old.delete_before_replace, new.delete_before_replace),
        (PROVIDER, old.provider or None, new.provider or None),
        ("parent", old.parent or None, new.parent or None),
        ("ignoreChanges", sorted(old.ignore_changes), sorted(new.ignore_changes)),
    ):
        if before != after:
            yield PropertyChange(path=name, old=before, new=after, replaces=None if name == PROVIDER and new.kind == "resource" else False)


def _places(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    for name in sorted({*old, *new}):
        yield from differing((name,), old.get(name), new.get(name))


def verdict(resource: Resource, place: Difference) -> bool | None:
    """Whether the change replaces it; None: nobody says. What isn't made here isn't replaced."""
    if resource.kind in ("component", "existing"):
        return False
    known = resource_types.find(resource.type)
    if known is None:
        return None
    above = list(_patterns(place.path))
    there = (path for value in (place.old, place.new) for path, inner in leaves(value) if inner is not None)
    inside = {pattern for path in there for pattern in _patterns((*place.path, *path))}
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
        for path, value in leaves(resource.inputs):
            if is_unknown(value) and not ignored(path, resource.ignore_changes):
                replaces = verdict(resource, Difference(path, value, value))
                change = PropertyChange(path=written(path), old=value, new=value, replaces=replaces)
                for origin in dict.fromkeys(origins(value)):
                    found[origin].append((resource.urn, change))
    return found
