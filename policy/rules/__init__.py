"""Rules: functions in modules by subject, each module's `RULES`. A rule's id is its function's name
with hyphens.

A docstring says what a rule wants; the first paragraph is its description. A rule is pure, and
never raises, whatever is in a plan."""

from collections.abc import Callable, Iterator
from functools import cache
from inspect import cleandoc
from typing import NamedTuple

from policy.facts import Facts, Problem
from policy.plan import Plan
from policy.rules import data, inputs, servers

Check = Callable[[Plan, Facts], Iterator[Problem]]


class Rule(NamedTuple):
    """`check` says where a plan doesn't keep it."""

    id: str
    description: str
    check: Check


@cache
def every() -> dict[str, Rule]:
    """All rules by their ids, sorted."""
    checks: tuple[Check, ...] = (*data.RULES, *inputs.RULES, *servers.RULES)
    first = {check.__name__.replace("_", "-"): (cleandoc(check.__doc__ or "").partition("\n\n")[0], check) for check in checks}
    return {id: Rule(id, " ".join(text.split()), check) for id, (text, check) in sorted(first.items())}
