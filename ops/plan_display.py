"""A plan as a person reads it: what would be created, changed, replaced and deleted, and why."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

from ops import display

if TYPE_CHECKING:
    from ops.engine import Result, Step

_MARKS = {"create": ("+", "green"), "update": ("~", "yellow"), "replace": ("±", "magenta"), "delete": ("-", "red")}
_LONGEST = 100


def changes(counts: Mapping[str, int]) -> int:
    """How many resources a plan touches."""
    return sum(counts.get(kind, 0) for kind in _MARKS)


def summary(counts: Mapping[str, int]) -> str:
    """`2 to create, 1 to update, 3 unchanged`."""
    words = [f"{counts[kind]} to {kind}" for kind in _MARKS if counts.get(kind)]
    return ", ".join([*words, f"{counts.get('same', 0)} unchanged"])


def show(result: "Result") -> None:
    """Prints the tree of changes below their components, then the counts."""
    tree = _tree(result.steps)
    if tree.children:
        display.console().print(tree)
    display.line(summary(result.counts))


def as_json(result: "Result") -> dict[str, Any]:
    """The same for a machine."""
    return {
        "ok": result.ok,
        "error": result.error,
        "counts": dict(result.counts),
        "outputs": {name: "[secret]" if name in result.secret_outputs else value for name, value in result.outputs.items()},
        "steps": [_step_json(step) for step in result.steps],
    }


def _step_json(step: "Step") -> dict[str, Any]:
    changed = {key: {"old": old, "new": new} for key, (old, new) in step.changes.items()}
    return {
        "op": step.op,
        "urn": step.urn,
        "type": step.type,
        "name": step.name,
        "changes": changed,
        "error": step.error,
    }


def _tree(steps: "Sequence[Step]") -> Tree:
    """Unchanged resources show only where something below them changes."""
    root = Tree("Changes", hide_root=True)
    by_urn = {step.urn: step for step in steps}
    branches: dict[str, Tree] = {}

    def branch(step: "Step") -> Tree:
        if step.urn not in branches:
            above = by_urn.get(step.parent or "")
            place = branch(above) if above and above is not step else root
            branches[step.urn] = place.add(_label(step))
            for key, (old, new) in step.changes.items():
                branches[step.urn].add(_change(key, old, new))
        return branches[step.urn]

    for step in steps:
        if step.op in _MARKS:
            branch(step)
    return root


def _label(step: "Step") -> Text:
    mark, colour = _MARKS.get(step.op, (" ", "dim"))
    return Text.assemble((f"{mark} ", colour), (step.name, "bold"), (f"  {short_type(step.type)}", "dim"))


def short_type(token: str) -> str:
    """`pulumi-python:dynamic/components.providers:Host` is `Host`."""
    return token.rpartition(":")[2].rpartition("/")[2]


def _change(key: str, old: Any, new: Any) -> Text:
    if old is None:
        return Text.assemble((f"{key}: ", "dim"), _value(new))
    return Text.assemble((f"{key}: ", "dim"), _value(old), (" -> ", "dim"), _value(new))


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
