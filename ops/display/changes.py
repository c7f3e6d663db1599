"""A plan as a person reads it: what would be created, changed, replaced and deleted, and why."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

from ops.display import tables

if TYPE_CHECKING:
    from ops.engine import Result, Step

_DONE = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
_MARKS = {"create": ("+", "green"), "update": ("~", "yellow"), "replace": ("±", "magenta"), "delete": ("-", "red")}
_STACK = "pulumi:pulumi:Stack"


def count(counts: Mapping[str, int]) -> int:
    """How many resources a plan touches."""
    return sum(counts.get(kind, 0) for kind in _MARKS)


def only_creates(plan: "Result") -> bool:
    """Nothing that is there already is touched, and no provider makes anything: that may be anywhere, at a price."""
    from ops.engine.providers import is_dynamic

    changing = [step for step in plan.steps if step.op in _MARKS]
    return all(step.op == "create" and is_dynamic(step.type) for step in changing)


def summary(counts: Mapping[str, int], done: bool = False) -> str:
    """`2 to create, 1 to update, 3 unchanged`; `done`: `2 created`."""
    words = [f"{counts[kind]} {_DONE[kind] if done else f'to {kind}'}" for kind in _MARKS if counts.get(kind)]
    return ", ".join([*words, f"{counts.get('same', 0)} unchanged"])


def show(result: "Result", done: bool = False) -> None:
    """Prints the tree of changes below their components, then the counts; `done`: they have been made."""
    tree = _tree(result.steps)
    if tree.children:
        tables.console().print(tree)
    tables.line(summary(result.counts, done))


def as_json(result: "Result") -> dict[str, Any]:
    """The same for a machine."""
    return {
        "ok": result.ok,
        "error": result.error,
        "counts": {kind: result.counts.get(kind, 0) for kind in (*_MARKS, "same")},
        "outputs": {name: _output(result, name) for name in result.outputs},
        "steps": [_step_json(step) for step in result.steps],
    }


def _output(result: "Result", name: str) -> Any:
    from ops.engine.values import has_unknown

    if name in result.secret_outputs:
        return "[secret]"
    return "[unknown]" if has_unknown(result.outputs[name]) else result.outputs[name]


def _step_json(step: "Step") -> dict[str, Any]:
    changed = {key: {"old": old, "new": new} for key, (old, new) in step.changes.items()}
    head = {"op": step.op, "urn": step.urn, "type": step.type, "name": step.name, "parent": step.parent}
    return {**head, "changes": changed, "seconds": round(step.seconds, 3), "error": step.error}


def _tree(steps: "Sequence[Step]") -> Tree:
    """Unchanged resources show only where something below them changes. Of a new one it is said what it is: all of its inputs are new."""
    from ops.display import differences

    root = Tree("Changes", hide_root=True)
    by_urn = {step.urn: step for step in steps}
    branches: dict[str, Tree] = {}

    def branch(urn: str) -> Tree:
        if not urn or f"::{_STACK}::" in urn:
            return root
        if urn not in branches:
            step = by_urn.get(urn)
            branches[urn] = branch(step.parent if step else "").add(_label(step) if step else _component(urn))
            for key, (old, new) in step.changes.items() if step and step.op != "create" else ():
                for line in differences.lines(key, old, new):
                    branches[urn].add(line)
        return branches[urn]

    for step in steps:
        if step.op in _MARKS:
            branch(step.urn)
    return root


def _label(step: "Step") -> Text:
    mark, colour = _MARKS.get(step.op, (" ", "dim"))
    said = f"  {step.words}" if step.words else ""
    return Text.assemble((f"{mark} ", colour), (step.name, "bold"), (f"  {short_type(step.type)}", "dim"), said)


def _component(urn: str) -> Text:
    """A component has no step of its own; its URN ends in its type and name."""
    *_, token, name = urn.split("::")
    return Text.assemble((name, "bold"), (f"  {short_type(token)}", "dim"))


def short_type(token: str) -> str:
    """`pulumi-python:dynamic/components.providers:Host` is `Host`."""
    return token.rpartition(":")[2].rpartition("/")[2]
