"""Port 22 is never open to the world, in a range of ports neither."""

from collections.abc import Iterator

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan
from policy.values import shown


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    for opening in facts.openings:
        if opening.from_world and opening.covers(22):
            found = shown(opening.from_world[0])
            yield Problem(opening.at, f"wanted port 22 closed to the world, found it open to {found}; name the addresses that may log in")
