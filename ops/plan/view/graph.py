"""What a picture of a plan shows: nodes, what folds into another's label, what points where."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from ops.display.changes import short_type, type_of
from ops.plan.document import Document
from ops.plan.view.words import Names
from policy.plan import Plan, Resource

_JOINS = re.compile(r".*(Attachment|Association|Rule|Policy|Member|Binding|Permission|Record|Route)(V\d)?")


@dataclass(frozen=True)
class Graph:
    """`tree`: what is drawn in each component (an empty URN: in none); `folded`: for each node the
    types of what belongs to it alone. An edge points at what is needed first."""

    tree: Mapping[str, list[Resource]]
    folded: Mapping[str, Counter[str]]
    edges: list[tuple[str, str]]


def drawn(document: Document) -> Graph:
    """Every resource but what folds; what a comparison speaks of never does."""
    names, wanted = Names(document.plan), needs(document.plan)
    changes = document.comparison.resources if document.comparison else ()
    owners = _owners(names, wanted, {change.urn for change in changes})
    gone = [Resource(urn=one.urn, type=one.type, name=one.name, parent=one.parent) for one in changes if one.op == "remove"]
    tree = _tree([one for one in document.plan.resources if one.urn not in owners and one.kind != "provider"] + gone)
    folded: dict[str, Counter[str]] = defaultdict(Counter)
    for urn, owner in owners.items():
        folded[owner][type_of(names.by_urn[urn].type)] += 1
    return Graph(tree, folded, _edges(names, tree, wanted, owners))


def _owners(names: Names, wanted: Mapping[str, list[str]], changed: set[str]) -> dict[str, str]:
    """What folds into what: attachments that nothing else has an input from."""
    needed = {urn for one in names.by_urn.values() for urns in one.references.values() for urn in urns}
    leaves = (one for one in names.by_urn.values() if one.urn not in needed | changed and one.kind == "resource" and not one.protect)
    found = {one.urn: _owner(one, [names.by_urn[urn] for urn in wanted[one.urn]]) for one in leaves if not names.children.get(one.urn)}
    return {urn: owner for urn, owner in found.items() if owner}


def _owner(one: Resource, first: list[Resource]) -> str:
    """What an attachment is named after (`Bucket` of `BucketPolicy`), or all that it needs."""
    kind = short_type(one.type)
    named_after = [each for each in first if kind.startswith(re.sub(r"V\d+$", "", short_type(each.type))) and kind != short_type(each.type)]
    if named_after:
        return max(named_after, key=lambda each: len(each.type)).urn
    return first[0].urn if len(first) == 1 and _JOINS.fullmatch(kind) and first[0].kind == "resource" else ""


def _tree(nodes: Iterable[Resource]) -> dict[str, list[Resource]]:
    """Components without anything in them are left out."""
    by_urn = {one.urn: one for one in nodes}
    parents = {one.parent for one in by_urn.values()}
    tree: dict[str, list[Resource]] = defaultdict(list)
    for one in by_urn.values():
        if one.kind != "component" or one.urn in parents:
            tree[one.parent if one.parent in by_urn else ""].append(one)
    return tree


def _edges(
    names: Names, tree: Mapping[str, list[Resource]], wanted: Mapping[str, list[str]], owners: Mapping[str, str]
) -> list[tuple[str, str]]:
    """A folded resource's needs are its owner's; nothing points at itself or at what it is in."""
    there = {one.urn for inside in tree.values() for one in inside}
    kept: dict[str, list[str]] = {}
    for urn, urns in wanted.items():
        for need in urns:
            one, other = owners.get(urn, urn), owners.get(need, need)
            inside = one in _and_above(names, other) or other in _and_above(names, one)
            if {one, other} <= there and not inside:
                kept.setdefault(one, []).append(other)
    return [(one, other) for one, others in reduced(kept).items() for other in others]


def _and_above(names: Names, urn: str) -> set[str]:
    """The resource, and the components that hold it."""
    found = set()
    while urn in names.by_urn and urn not in found:
        found.add(urn)
        urn = names.by_urn[urn].parent
    return found


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
