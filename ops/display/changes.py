"""Resources and changes as a tree, down to the places that differ in mappings, lists and texts: for
`plan`, `preview`, `up`; what an engine would do or has done."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from components.errors import one_line
from ops.display import tables
from ops.engine import Result, Step
from ops.engine.program import shown
from ops.engine.providers import is_dynamic
from policy.plan import Path, decoded, is_secret, is_unknown, leaves, origins, written

MARKS = {
    "replace": ("±", "magenta"),
    "may-replace": ("±?", "magenta"),
    "remove": ("-", "red"),
    "alter": ("~", "yellow"),
    "add": ("+", "green"),
}
"""For each kind of change its sign and colour; what is most serious comes first."""
_REMARKS = {"replace": "  replaced", "may-replace": "  may be replaced", "remove": "  removed"}
_NAME = 60  # characters of a name or a type
_VALUE = 70  # characters: old and new fit a wide line
_SENTENCE = 200  # characters: what replaces nothing may be a sentence about why, and is no use without its end
_MOST = 12  # lines for one property
_DEEPEST = 50  # steps; what differs deeper is one place
_WORDS = {"create": "add", "update": "alter", "replace": "replace", "delete": "remove"}
"""For each operation that changes something the kind of change."""
_NOTHING: tuple[Any, ...] = ("", "{}", "[]", {}, [])
_STACK = "::pulumi:pulumi:Stack::"


class Branch(NamedTuple):
    """A resource in a tree, its parent's URN and what is shown of it."""

    urn: str
    parent: str
    label: RenderableType


def tree(branches: Sequence[Branch], others: Iterable[Branch] = ()) -> Tree:
    """The resources below what holds them: each other, one of `others`, or what a URN ends in."""
    root = Tree("", hide_root=True)
    above, known = ({one.urn: one for one in these} for these in (others, branches))
    made = {"": root}

    def branch(urn: str) -> Tree:
        if urn not in made:
            made[urn] = root  # in a plan that was saved two may say that they are in each other
            *_, token, name = ["", *urn.split("::")]
            one = known.get(urn) or above.get(urn) or Branch(urn, "", heading(name, token))
            made[urn] = branch(one.parent).add(one.label)
        return made[urn]

    for one in branches:
        # What becomes a resource of another kind goes and comes: two changes of one URN.
        if one is known[one.urn]:
            branch(one.urn)
        else:
            branch(one.parent).add(one.label)
    return root


def change(op: str, name: str, token: str, lines: Sequence[RenderableType], words: str = "") -> RenderableType:
    """`± web-host  ec2.Instance  replaced`, and its lines below. `op` is a key of `MARKS`, `words`
    say what a new one is."""
    sign, colour = MARKS[op]
    head = Text.assemble((f"{sign} ", f"bold {colour}"), heading(name, token))
    head.append(_REMARKS.get(op, ""), colour).append(f"  {words}" if words else "")
    return Group(head, *(Padding(line, (0, 0, 0, 4), expand=False) for line in lines)) if lines else head


def property_lines(path: str, old: Any, new: Any, mark: str = "") -> Iterator[Text]:
    """`size: 8 -> 16  (replaces)`: a line for each place that differs, and `mark`."""
    found = list(differences(path, old, new))
    for where, before, after in found[:_MOST]:
        first = Text.assemble((before, "red"), (" -> ", "dim")) if before is not None else ""
        yield Text.assemble((f"{where}: ", "dim"), first, (after, "green"), (f"  ({mark})" if mark else "", "magenta"))
    if len(found) > _MOST:
        yield Text(f"… {len(found) - _MOST} more places in {one_line(path)}", "dim")


def differences(path: str, old: Any, new: Any) -> Iterator[tuple[str, str | None, str]]:
    """(path, old or None for nothing, new) of each place that differs; values are plain."""
    found = list(differing((path,), old, new))
    if not found:
        # Shown alike though it differs: a secret, an output of what is replaced, another look-up.
        yield one_line(path, _VALUE), short(old), "another one"
    for one in found:
        before = None if one.old in (None, "") else short(one.old)
        after = short(one.new, _SENTENCE if one.old == "" else _VALUE)
        yield one_line(str(one), _VALUE), before, "nothing" if one.new is None else after


def short(value: Any, longest: int = _VALUE) -> str:
    """The value on one line of at most that many characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return one_line(" ".join(text.split()), longest) if text.strip() else json.dumps(text)


def heading(name: str, token: str) -> Text:
    """`web-host  ec2.Instance`."""
    return Text.assemble((one_line(name, _NAME), "bold"), (f"  {type_of(token)}", "cyan"))


def type_of(token: str) -> str:
    """`aws:ec2/instance:Instance` is `ec2.Instance`, `slipway:aws:Target` is `Target`."""
    module = token.split(":")[1] if token.count(":") == 2 else ""
    folder, inside, _ = module.partition("/")
    is_module = inside and folder not in ("index", "dynamic")
    return one_line(f"{folder}.{short_type(token)}" if is_module else short_type(token), _NAME)


def short_type(token: str) -> str:
    """`pulumi-python:dynamic/components.providers:Host` is `Host`."""
    return token.rpartition(":")[2].rpartition("/")[2]


@dataclass(frozen=True)
class Difference:
    """Two values at one place; `old` and `new` are None where there is nothing."""

    path: Path
    old: Any
    new: Any

    def __str__(self) -> str:
        return written(self.path)


def same(old: Any, new: Any) -> bool:
    """Equal as JSON is: 1 is not true. Unknowns are the same if from the same resources."""
    if is_unknown(old) and is_unknown(new):
        return set(origins(old)) == set(origins(new))
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(same(old[name], new[name]) for name in old)
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        return len(old) == len(new) and all(map(same, old, new))
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def differing(path: Path, old: Any, new: Any) -> Iterator[Difference]:
    """All differences at and below that place; none where nothing differs."""
    if not same(old, new):
        inside = list(_inside(path, _read(old), _read(new))) if len(path) < _DEEPEST else []
        # Nothing inside differs: the same JSON is written in another way.
        yield from inside or [Difference(path, old, new)]


def _inside(path: Path, old: Any, new: Any) -> Iterator[Difference]:
    if any(is_unknown(one) or is_secret(one) for one in (old, new)):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from differing((*path, name), old.get(name), new.get(name))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        yield from _by_position(path, old, new)
    elif isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
        pairs = zip_longest(old.split("\n"), new.split("\n"))
        yield Difference(path, *next(pair for pair in pairs if pair[0] != pair[1]))


def _by_position(path: Path, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    """Leaves out what is alike at the beginning and at the end: an item put in moves the rest."""
    shortest = min(len(old), len(new))
    start = next((place for place in range(shortest) if not same(old[place], new[place])), shortest)
    end = next((place for place in range(shortest - start) if not same(old[-1 - place], new[-1 - place])), shortest - start)
    pairs = zip_longest(old[start : len(old) - end], new[start : len(new) - end])
    for number, (before, after) in enumerate(pairs, start):
        yield from differing((*path, number), before, after)


def _read(value: Any) -> Any:
    """A text of JSON as what it says."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    read = decoded(value)
    return value if any(len(path) >= _DEEPEST for path, _ in leaves(read)) else read


def count(counts: Mapping[str, int]) -> int:
    """How many resources are touched."""
    return sum(counts.get(op, 0) for op in _WORDS)


def only_creates(plan: Result) -> bool:
    """Whether nothing that is there is touched, and no provider makes anything, at a price."""
    return all(step.op == "create" and is_dynamic(step.type) for step in plan.steps if step.op in _WORDS)


def summary(counts: Mapping[str, int]) -> str:
    """`2 to create, 1 to update, 3 unchanged`."""
    words = [f"{counts[op]} to {op}" for op in _WORDS if counts.get(op)]
    return ", ".join([*words, f"{counts.get('same', 0)} unchanged"])


def show(result: Result) -> None:
    """Prints the tree of changes below their components, and the counts."""
    changed, steps = [], [Branch(step.urn, _parent(step), heading(step.name, step.type)) for step in result.steps]
    for step in (one for one in result.steps if one.op in _WORDS):
        # Of a new resource only what it is: all of its inputs are new.
        told = [] if step.op == "create" else [(name, *pair) for name, pair in step.changes.items()]
        lines = [line for name, old, new in told if old is not None or new not in _NOTHING for line in property_lines(name, old, new)]
        changed.append(Branch(step.urn, _parent(step), change(_WORDS[step.op], step.name, step.type, lines, step.words)))
    if changed:
        tables.line(tree(changed, steps))
    tables.line(summary(result.counts))


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
