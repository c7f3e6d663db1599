"""What several formats need: names, short values, words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from components.errors import one_line
from ops.display.changes import short, type_of
from ops.plan.document import Comparison, Document, Op, PropertyChange
from policy.plan import Plan, Resource, is_secret, is_unknown, leaves, origins, written

_LONGEST = 60  # characters
_VERBS: dict[Op, str] = {
    "add": "to add",
    "alter": "to alter",
    "replace": "to replace",
    "may-replace": "perhaps to replace",
    "remove": "to remove",
}
_DULL = {"tags", "tagsAll", "labels", "labelsAll", "description"}


class Names:
    """Names of one plan: with the type where a name isn't the only one of its kind."""

    def __init__(self, plan: Plan) -> None:
        self.by_urn = {one.urn: one for one in plan.resources}
        self._counts = Counter(one.name for one in plan.resources)

    def of(self, urn: str) -> str:
        """The name of a resource; of one that is gone the end of its URN."""
        one = self.by_urn.get(urn)
        if one is None:
            return one_line(urn.rpartition("::")[2], _LONGEST)
        name = one_line(one.name, _LONGEST)
        return name if self._counts[one.name] == 1 else f"{name} ({type_of(one.type)})"


def flags(resource: Resource) -> list[str]:
    """What sets a resource apart: `protected`, `ignores ami`."""
    kinds = {"existing": "only read", "provider": "provider"}
    found = [kinds[resource.kind]] if resource.kind in kinds else []
    found += ["protected"] * resource.protect + ["retained"] * resource.retain
    if resource.ignore_changes:
        found.append("ignores " + ", ".join(map(one_line, resource.ignore_changes)))
    return found + ["deleted before it is replaced"] * resource.delete_before_replace


def summary(document: Document) -> str:
    """`1 to add, 2 to alter, 30 unchanged; 1 warning; all rules are kept`."""
    comparison = document.comparison
    said = [_contents(document.plan) if comparison is None else _changes(comparison)]
    if comparison is not None and comparison.warnings:
        said.append(count(len(comparison.warnings), "warning"))
    waived = sum(bool(one.waived) for one in document.findings)
    broken = len(document.findings) - waived
    rules = f"{count(broken, 'finding')} against the rules" if broken else "all rules are kept"
    return "; ".join([*said, rules + (f", {waived} waived" if waived else "")])


def _changes(comparison: Comparison) -> str:
    if comparison.is_empty:
        return f"no change, {count(comparison.unchanged, 'resource')}"
    by_op = Counter(change.op for change in comparison.resources)
    words = [f"{by_op[op]} {verb}" for op, verb in _VERBS.items() if by_op[op]]
    settings = [f"{count(len(comparison.settings), 'setting')} changed"] if comparison.settings else []
    return ", ".join([*words, f"{comparison.unchanged} unchanged", *settings])


def _contents(plan: Plan) -> str:
    by_kind = Counter(one.kind for one in plan.resources)
    protected = sum(one.protect for one in plan.resources)
    words = [count(by_kind["resource"], "resource")] + [count(by_kind["component"], "component")] * bool(by_kind["component"])
    words += [f"{by_kind['existing']} only read"] * bool(by_kind["existing"]) + [f"{protected} protected"] * bool(protected)
    return ", ".join(words + [count(len(plan.lookups), "look-up")] * bool(plan.lookups))


def count(number: int, noun: str) -> str:
    """`1 resource`, `2 resources`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def plain(value: Any, names: Names) -> Any:
    """The same value with words for its marks."""
    if is_secret(value):
        return "[secret]"
    if is_unknown(value):
        urns = origins(value)
        return f"[known after up: {', '.join(map(names.of, urns))}]" if urns else "[known after up]"
    if isinstance(value, Mapping):
        return {one_line(name): plain(item, names) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, names) for item in value]
    return value


def sides(one: PropertyChange, names: Names) -> tuple[Any, Any]:
    """The old value and the new one; two secrets look alike, so the new one says it differs."""
    if is_secret(one.old) and is_secret(one.new):
        return "[secret]", "[another secret]"
    return plain(one.old, names), plain(one.new, names)


def inputs(resource: Resource, names: Names) -> Iterator[tuple[str, str]]:
    """The place and the short value of all that an input holds, but for what tells nothing."""
    yield from told({key: value for key, value in resource.inputs.items() if value != resource.name and key not in _DULL}, names)


def told(values: Mapping[str, Any], names: Names) -> Iterator[tuple[str, str]]:
    """The place and the short value of all that isn't empty."""
    for name, value in values.items():
        for path, inner in leaves(plain(value, names)):
            if inner not in (None, "", [], {}):
                yield one_line(written((name, *path))), short(inner)
