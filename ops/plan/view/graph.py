"""What needs what in a plan, and which attachments belong to one thing alone."""

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from ops.display.changes import short_type
from ops.plan.view.words import Names
from policy.plan import Plan

_JOINS = re.compile(r".*(Attachment|Association|Rule|Policy|Member|Binding|Permission|Record|Route)(V\d)?")


def needs(plan: Plan) -> dict[str, list[str]]:
    """URN to the URNs of its dependencies, without those that follow from others."""
    there = {one.urn for one in plan.resources}
    return reduced({one.urn: [urn for urn in one.depends_on if urn in there and urn != one.urn] for one in plan.resources})


def reduced(wanted: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The transitive reduction; where things need each other in a circle, all that was there."""
    above: dict[str, set[str]] = {}
    with suppress(CycleError):
        for urn in TopologicalSorter(wanted).static_order():
            first = wanted.get(urn, ())
            above[urn] = set(first).union(*(above[need] for need in first))
        return {
            urn: [need for need in dict.fromkeys(first) if not any(need in above[other] for other in first)]
            for urn, first in wanted.items()
        }
    return {urn: list(dict.fromkeys(first)) for urn, first in wanted.items()}


def attachments(names: Names, wanted: Mapping[str, list[str]], changed: Collection[str]) -> dict[str, str]:
    """What nothing else has an input from, and the URN of its owner: what it is named after
    (`Bucket` of `BucketPolicy`), or all that it needs."""
    used = {urn for one in names.by_urn.values() for urns in one.references.values() for urn in urns}
    found = {}
    for one in names.by_urn.values():
        if one.kind != "resource" or one.protect or one.urn in used or one.urn in changed or names.children.get(one.urn):
            continue
        first = {urn: short_type(names.by_urn[urn].type) for urn in wanted[one.urn]}
        kind = short_type(one.type)
        owners = [urn for urn, needed in first.items() if kind != needed and kind.startswith(re.sub(r"V\d+$", "", needed))]
        if not owners and _JOINS.fullmatch(kind) and len(first) == 1:
            owners = [urn for urn in first if names.by_urn[urn].kind == "resource"]
        if owners:
            found[one.urn] = max(owners, key=lambda urn: len(first[urn]))
    return found
