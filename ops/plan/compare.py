"""Two plans compared: what a change adds, alters, replaces and removes, property by property, and what to think about."""

from collections.abc import Iterator
from typing import Any

from ops.display.differences import differing
from ops.plan import options, warnings
from ops.plan.document import Change, Comparison, Op, PropertyChange
from ops.plan.following import Found, follow
from ops.plan.ignoring import ignored
from ops.plan.replacing import verdict
from ops.plan.short import short
from policy.plan import Plan, Resource


def compare(base_label: str, old: Plan, new: Plan) -> Comparison:
    """From `old`, called `base_label`, to `new`. Resources are told apart by their URNs, which hold parents' types, type and name."""
    before, after = _by_urn(old), _by_urn(new)
    kept = {urn: one for urn, one in after.items() if urn in before and before[urn].kind == one.kind}
    found: Found = {urn: differs for urn, one in kept.items() if (differs := list(_properties(before[urn], one)))}
    follow(found, kept)
    changes = tuple(_changes(before, after, kept, found))
    return Comparison(
        base=base_label,
        settings=tuple(_settings(old.settings, new.settings)),
        resources=changes,
        unchanged=len(kept) - len(found),
        warnings=tuple(warnings.all_of(old, new, changes)),
    )


def _by_urn(plan: Plan) -> dict[str, Resource]:
    return {one.urn: one for one in plan.resources}


def _changes(before: dict[str, Resource], after: dict[str, Resource], kept: dict[str, Resource], found: Found) -> Iterator[Change]:
    """In the order of the new plan; what goes stands at the end, as it is removed: last first."""
    for urn, one in after.items():
        if urn in found:
            yield _change(_op(found[urn]), one, found[urn])
        elif urn not in kept:
            yield _change("add", one, [])
    for urn, one in reversed(before.items()):
        if urn not in kept:
            yield _change("remove", one, [])


def _change(op: Op, resource: Resource, properties: list[PropertyChange]) -> Change:
    shortened = [one.model_copy(update={"old": short(one.old), "new": short(one.new)}) for one in properties]
    return Change(op=op, urn=resource.urn, type=resource.type, name=resource.name, parent=resource.parent, properties=tuple(shortened))


def _op(properties: list[PropertyChange]) -> Op:
    said = {one.replaces for one in properties}
    return "replace" if True in said else "may-replace" if None in said else "alter"


def _properties(old: Resource, new: Resource) -> Iterator[PropertyChange]:
    for name in sorted({*old.inputs, *new.inputs}):
        for place in differing(name, old.inputs.get(name), new.inputs.get(name)):
            if not ignored(place.path, new.ignore_changes):
                yield PropertyChange(path=str(place), old=place.old, new=place.new, replaces=verdict(new, place))
    yield from options.changes(old, new)


def _settings(old: dict[str, Any], new: dict[str, Any]) -> Iterator[PropertyChange]:
    for key in sorted({*old, *new}):
        for place in differing(key, old.get(key), new.get(key)):
            yield PropertyChange(path=str(place), old=short(place.old), new=short(place.new))
