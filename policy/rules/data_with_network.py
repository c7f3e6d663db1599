"""Whatever kept data stands in is kept too, or a destroy that keeps data fails half-way.

Subnets, subnet groups, networks, firewalls, parameter groups and keys of what is `protect` must be `protect`, and of what is
`retainOnDelete` be `retainOnDelete`.
"""

from collections.abc import Iterator

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan, Resource

IN_PACK = "`protect` alone is followed: the engine doesn't tell what is retained."


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    needs: dict[str, list[Resource]] = {}
    for tie in facts.ties:
        needs.setdefault(tie.at.urn, []).append(tie.needs)
    for kept in plan.resources:
        for needed in _all(kept, needs):
            marks = [word for word, has, wants in _marks(kept, needed) if wants and not has]
            if marks:
                wanted = f"wanted it kept with {kept.name}, which stands in it"
                yield Problem(needed, f"{wanted}, found it would be removed; make it with {' and '.join(marks)}")


def _marks(kept: Resource, needed: Resource) -> tuple[tuple[str, bool, bool], ...]:
    return ("protect=True", needed.protect, kept.protect), ("retain_on_delete=True", needed.retain, kept.retain)


def _all(kept: Resource, needs: dict[str, list[Resource]]) -> Iterator[Resource]:
    """What it needs, and what that needs, each once."""
    waiting, met = [kept], {kept.urn}
    while waiting:
        for needed in needs.get(waiting.pop(0).urn, []):
            if needed.urn not in met:
                met.add(needed.urn)
                waiting.append(needed)
                yield needed
