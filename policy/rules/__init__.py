"""Rules: a file each with a function `check`; the folder is the registry. A rule's id is its file's name with hyphens.

A module's docstring says what it wants (the first line is its description), `IN_PACK` what the policy pack can't see of it.
"""

import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import cleandoc
from typing import Protocol

from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan


class Check(Protocol):
    """Says where a plan doesn't keep a rule. Pure, and never raises, whatever values are in the plan."""

    def __call__(self, plan: Plan, facts: Facts) -> Iterator[Problem]: ...


@dataclass(frozen=True)
class Rule:
    """One file of the folder."""

    id: str
    description: str
    details: str
    in_pack: str
    check: Check


def ids() -> list[str]:
    """The ids of all rules, sorted."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def every() -> list[Rule]:
    """All rules, by their ids."""
    return [find(id) for id in ids()]


def find(id: str) -> Rule:
    """The rule of that id, which is one of `ids()`."""
    module = import_module(f"policy.rules.{id.replace('-', '_')}")
    description, _, details = cleandoc(module.__doc__ or "").partition("\n")
    return Rule(id, description, " ".join(details.split()), getattr(module, "IN_PACK", ""), module.check)
