"""What a resource needs first: only what isn't needed by something else that it needs."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from policy.plan import Plan

Needs = Mapping[str, Iterable[str]]


def direct(plan: Plan) -> dict[str, list[str]]:
    """URN to the URNs of its dependencies, without those that follow from others."""
    there = {one.urn for one in plan.resources}
    return reduced({one.urn: [urn for urn in one.depends_on if urn in there and urn != one.urn] for one in plan.resources})


def reduced(wanted: Needs) -> dict[str, list[str]]:
    """The transitive reduction; where things need each other in a circle, all that was there."""
    above: dict[str, set[str]] = {}
    with suppress(CycleError):
        for urn in TopologicalSorter(wanted).static_order():
            first = wanted.get(urn, ())
            above[urn] = set(first).union(*(above[need] for need in first))
        return {urn: _reduced(list(dict.fromkeys(first)), above) for urn, first in wanted.items()}
    return {urn: list(dict.fromkeys(first)) for urn, first in wanted.items()}


def _reduced(first: list[str], above: Mapping[str, set[str]]) -> list[str]:
    return [need for need in first if not any(need in above[other] for other in first)]
