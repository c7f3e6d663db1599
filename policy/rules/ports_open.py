"""Nothing but ports 80 and 443 is open to the world, by IPv6 neither.

The world is any range wider than a network of somebody's own (shorter than /8, or /16 with IPv6), so that two halves count too.
Protocols without ports (ping) are let be. Lists of addresses that are kept elsewhere can't be looked into.
"""

from collections.abc import Iterator

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan
from policy.values import shown

_ALLOWED = {80, 443}


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    for opening in facts.openings:
        if opening.ports is not None and opening.from_world and not _ALLOWED.issuperset(opening.ports[:3]):
            found = f"{_spelled(opening.ports)} from {shown(opening.from_world[0])}"
            yield Problem(opening.at, f"wanted only ports 80 and 443 open to the world, found {found}; name who may come in instead")


def _spelled(ports: range) -> str:
    return f"port {ports[0]}" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]}"
