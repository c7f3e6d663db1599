"""Everything that can be tagged says which project and stack it is of, and who owns it.

Tags `project`, `stack` and `owner`, on the resource or by its provider's default tags.
"""

from collections.abc import Iterator
from typing import Any

from policy import resource_types
from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan, is_known
from policy.values import at, items, mapping

_WANTED = ("project", "stack", "owner")


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    defaults = {one.at.urn: one for one in facts.default_tags}
    for resource in plan.resources:
        input = resource_types.tags(resource.type) if resource.kind == "resource" else None
        if input is None:
            continue
        default = defaults.get(resource.provider)
        by_default = default.tags if default and resource.type not in default.without else None
        given = [value for value in (at(resource.inputs, input), by_default) if value is not None]
        if all(is_known(value) for value in given):
            missing = [name for name in _WANTED if not any(name in _names(value) for value in given)]
            if missing:
                yield Problem(resource, f"wanted the tags {', '.join(_WANTED)}, found no {', '.join(missing)}; add to {input}")


def _names(tags: Any) -> set[str]:
    """Of a mapping, or of a list of {key, value}. A tag without a value is none; nor is one that isn't known missing."""
    entries = [(mapping(one).get("key"), mapping(one).get("value")) for one in items(tags)] if isinstance(tags, list | tuple) else []
    return {name for name, value in [*entries, *mapping(tags).items()] if isinstance(name, str) and value not in (None, "")}
