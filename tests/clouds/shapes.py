"""What contracts of clouds' stacks look at, whichever the cloud is."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from policy.plan import Plan, is_unknown


def made_of(*parts: Mapping[str, int]) -> Counter[str]:
    """The types of several parts of a stack, counted together."""
    return sum((Counter(part) for part in parts), Counter())


def known(value: Any) -> Any:
    """With `None` for what only a cloud can tell, in a preview and when it was answered alike."""
    if is_unknown(value) or (isinstance(value, str) and (value.startswith(("${", "lookup(")) or value.endswith("-id"))):
        return None
    if isinstance(value, dict):
        return {key: known(item) for key, item in value.items()}
    return [known(item) for item in value] if isinstance(value, list) else value


def kept(plan: Plan) -> set[str]:
    """What is retained beside would be called deleted, and stay, where somebody lifts the protection."""
    assert [one.name for one in plan.resources if one.retain] == []
    return {one.type for one in plan.resources if one.protect}


def goes_below_what_is_kept(plan: Plan) -> list[str]:
    """Names of what isn't protected though something protected was made of it."""
    needed = {urn for resource in plan.resources if resource.protect for urn in resource.depends_on}
    found = (plan.find(urn) for urn in needed)
    return [one.name for one in found if one and one.kind == "resource" and not one.protect]
