"""What each cloud's resource types mean. A file for each package (`aws` for `aws:…` types); the folder is the registry."""

import pkgutil
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module

from policy.facts import Facts
from policy.plan import Plan


def gather(plan: Plan) -> Facts:
    """The facts of all clouds in the plan. A package without a file has none."""
    parts = [*_parts(plan)]
    return Facts(**{field.name: tuple(one for part in parts for one in getattr(part, field.name)) for field in fields(Facts)})


def names() -> list[str]:
    """The packages that have a file."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def _parts(plan: Plan) -> Iterator[Facts]:
    used = {resource.type.removeprefix("pulumi:providers:").partition(":")[0] for resource in plan.resources}
    for name in names():
        if name in used:
            facts: Facts = import_module(f"policy.clouds.{name}").facts(plan)
            yield facts
