"""What an engine would do or has done, as a person and as a machine read it."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from ops.display.changes import Branch, change, heading, property_lines, tree
from ops.engine import Result, Step
from ops.engine.providers import is_dynamic
from ops.engine.values import shown

_WORDS = {
    "create": ("add", "created"),
    "update": ("alter", "updated"),
    "replace": ("replace", "replaced"),
    "delete": ("remove", "deleted"),
}
"""For each operation that changes something the kind of change, and the word for it when done."""
_NOTHING: tuple[Any, ...] = ("", "{}", "[]", {}, [])
_STACK = "::pulumi:pulumi:Stack::"


def count(counts: Mapping[str, int]) -> int:
    """How many resources are touched."""
    return sum(counts.get(op, 0) for op in _WORDS)


def only_creates(plan: Result) -> bool:
    """Whether nothing that is there is touched, and no provider makes anything, at a price."""
    return all(step.op == "create" and is_dynamic(step.type) for step in plan.steps if step.op in _WORDS)


def summary(counts: Mapping[str, int], done: bool = False) -> str:
    """`2 to create, 1 to update, 3 unchanged`; `done`: `2 created`."""
    words = [f"{counts[op]} {past if done else f'to {op}'}" for op, (_, past) in _WORDS.items() if counts.get(op)]
    return ", ".join([*words, f"{counts.get('same', 0)} unchanged"])


def picture(result: Result, done: bool = False) -> RenderableType:
    """The tree of changes below their components, and the counts; `done`: after the work."""
    by_urn = {step.urn: step for step in result.steps}

    def above(urn: str) -> tuple[Text, str]:
        """A component has no step of its own; its URN ends in its type and name."""
        step = by_urn.get(urn)
        *_, token, name = urn.split("::")
        return (heading(step.name, step.type), _parent(step)) if step else (heading(name, token), "")

    changed = []
    for step in (one for one in result.steps if one.op in _WORDS):
        # Of a new resource only what it is: all of its inputs are new.
        told = [] if step.op == "create" else [(name, *pair) for name, pair in step.changes.items()]
        lines = [line for name, old, new in told if old is not None or new not in _NOTHING for line in property_lines(name, old, new)]
        changed.append(Branch(step.urn, _parent(step), change(_WORDS[step.op][0], step.name, step.type, lines, step.words)))
    counts = summary(result.counts, done)
    return Group(tree(changed, above), counts) if changed else counts


def _parent(step: Step) -> str:
    return "" if _STACK in step.parent else step.parent


def as_json(result: Result) -> dict[str, Any]:
    """The same for a machine."""
    return {
        "ok": result.ok,
        "error": result.error,
        "counts": {op: result.counts.get(op, 0) for op in (*_WORDS, "same")},
        "outputs": {name: shown(value, name in result.secret_outputs) for name, value in result.outputs.items()},
        "steps": [_step_json(step) for step in result.steps],
    }


def _step_json(step: Step) -> dict[str, Any]:
    changed = {key: {"old": old, "new": new} for key, (old, new) in step.changes.items()}
    return {**{key: one for key, one in vars(step).items() if key != "words"}, "changes": changed, "seconds": round(step.seconds, 3)}
