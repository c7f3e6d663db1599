"""What to think about before a change is merged.

A file for each kind, with `warn(context) -> Iterator[Warning]`; the folder is the registry.
"""

import pkgutil
from collections.abc import Iterator, Sequence
from importlib import import_module

from ops.plan.document import Change, Warning
from ops.plan.warnings.context import Context
from policy.plan import Plan


def all_of(old: Plan, new: Plan, changes: Sequence[Change]) -> Iterator[Warning]:
    """The warnings of every kind."""
    context = Context(old, new, tuple(changes))
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        warn = getattr(import_module(f"{__name__}.{module.name}"), "warn", None)
        if warn:
            yield from warn(context)
