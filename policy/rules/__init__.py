"""Rules: functions in modules by subject, each module's `RULES`. A rule's id is its function's name
with hyphens.

A docstring says what a rule wants; the first paragraph is its description. A rule is pure, and
never raises, whatever is in a plan."""

import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from inspect import cleandoc
from typing import NamedTuple

from policy.facts import Facts, Problem
from policy.plan import Plan

Check = Callable[[Plan, Facts], Iterator[Problem]]


class Rule(NamedTuple):
    """`check` says where a plan doesn't keep it."""

    id: str
    description: str
    check: Check


@cache
def every() -> dict[str, Rule]:
    """All rules by their ids, sorted."""
    modules = [import_module(f"policy.rules.{module.name}") for module in pkgutil.iter_modules(__path__)]
    rules = [_rule(check) for module in modules for check in module.RULES]
    return {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}


def _rule(check: Check) -> Rule:
    first = cleandoc(check.__doc__ or "").partition("\n\n")[0]
    return Rule(check.__name__.replace("_", "-"), " ".join(first.split()), check)
