"""Runs every rule over a plan, and waives what the stack's settings waive."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from components.errors import one_line
from policy import clouds
from policy.facts import Facts, Problem
from policy.plan import Plan, Strict
from policy.rules import data, inputs, servers

WAIVERS = "waivers"
"""The rule that waivers themselves keep: each names a rule that there is, and waives something."""
_LONGEST = 600  # characters of a message


class Finding(Strict):
    """A rule that isn't kept. `urn` is empty where it is about the stack as a whole; the message
    then begins with the setting."""

    rule: str
    urn: str
    message: str
    """One line: what was wanted, what was found, what to set."""
    waived: str = ""
    """The reason given in `slipway:waivers`, or empty."""


Check = Callable[[Plan, Facts], Iterator[Problem]]


@cache
def every() -> dict[str, Check]:
    """All rules by their ids, sorted: each says where a plan doesn't keep it."""
    checks: tuple[Check, ...] = (*data.RULES, *inputs.RULES, *servers.RULES)
    return dict(sorted((check.__name__.replace("_", "-"), check) for check in checks))


def run(plan: Plan, waivers: Iterable[Mapping[str, Any]] = ()) -> tuple[Finding, ...]:
    """What the rules find, by rule and by the plan's order; then what is wrong with waivers.

    A waiver: `rule`, `resource` (its name, or a setting's key path; left out: any) and `reason`."""
    given, facts = list(waivers), clouds.gather(plan)
    found: list[Finding] = []
    used: set[int] = set()
    for rule, check in every().items():
        for urn, name, message in dict.fromkeys(map(_spelled, check(plan, facts))):
            aims = (None, name, name.removeprefix("slipway:"))
            places = [place for place, one in enumerate(given) if one["rule"] == rule and one.get("resource") in aims]
            reason = one_line(given[places[0]]["reason"], _LONGEST).strip() if places else ""
            found.append(Finding(rule=rule, urn=urn, message=message, waived=reason))
            used.update(places)
    return (*found, *(_unused(place, waiver) for place, waiver in enumerate(given) if place not in used))


def _unused(place: int, waiver: Mapping[str, Any]) -> Finding:
    on = f" on {one_line(waiver['resource'])}" if waiver.get("resource") is not None else ""
    found = f"found {one_line(waiver['rule'])}{on}, so nothing is waived; correct it by docs/policy.md, or take the waiver out"
    return Finding(rule=WAIVERS, urn="", message=one_line(f"slipway:waivers[{place}]: wanted a rule that isn't kept, {found}", _LONGEST))


def _spelled(problem: Problem) -> tuple[str, str, str]:
    """URN, name and message in one line; a setting stands in that, a resource's URN beside it."""
    if isinstance(problem.at, str):
        return "", problem.at, one_line(f"{one_line(problem.at, 200)}: {problem.message}", _LONGEST)
    return problem.at.urn, problem.at.name, one_line(problem.message, _LONGEST)
