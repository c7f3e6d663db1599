"""What each cloud's resource types mean: a module for each package, `aws` for `aws:…` types."""

import pkgutil
from importlib import import_module

from policy.facts import Facts
from policy.plan import Plan


def gather(plan: Plan) -> Facts:
    """The facts of all clouds in the plan. A package without a module has none."""
    used = {resource.type.removeprefix("pulumi:providers:").partition(":")[0] for resource in plan.resources}
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name in used]
    parts = [import_module(f"policy.clouds.{name}").facts(plan) for name in names]
    return Facts(**{name: tuple(one for part in parts for one in getattr(part, name)) for name in Facts._fields})
