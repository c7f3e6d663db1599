"""Two plans compared: what is added, altered, replaced and removed, and what to think about."""

from collections.abc import Iterator
from typing import Any

from ops.display.differences import Difference, differing
from ops.plan import warnings
from ops.plan.document import Change, Comparison, Op, PropertyChange
from ops.plan.replacing import PROVIDER, ChangesByUrn, fate, follow, ignored, verdict
from policy.plan import Plan, Resource

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
    yield from _options(old, new)


def _places(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    for name in sorted({*old, *new}):
        yield from differing(name, old.get(name), new.get(name))


def _options(old: Resource, new: Resource) -> Iterator[PropertyChange]:
    """One for each option that differs, under the name that Pulumi gives it."""
    for name, before, after in (
        ("protect", old.protect, new.protect),
        ("retainOnDelete", old.retain, new.retain),
        ("deleteBeforeReplace", old.delete_before_replace, new.delete_before_replace),
        (PROVIDER, old.provider or None, new.provider or None),
        ("parent", old.parent or None, new.parent or None),
        ("ignoreChanges", sorted(old.ignore_changes), sorted(new.ignore_changes)),
        ("additionalSecretOutputs", sorted(old.secret_outputs), sorted(new.secret_outputs)),
        ("dependsOn", _said(old), _said(new)),
    ):
        if before != after:
            yield PropertyChange(path=name, old=before, new=after, replaces=None if name == PROVIDER and new.kind == "resource" else False)


def _said(resource: Resource) -> list[str]:
    """What it waits for because the program says so, not because an input comes from there."""
    implied = {urn for urns in resource.references.values() for urn in urns}
    return sorted(set(resource.depends_on) - implied)
