"""Changes of resources as a tree, down to the places that differ: for `plan`, `preview`, `up`."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from components.errors import one_line
from ops.display.differences import differing

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


@dataclass(frozen=True)
class Change:
    """A change of the resource `urn`; `op` is a key of `MARKS`, `words` say what a new one is."""

    op: str
    urn: str
    type: str
    name: str
    parent: str
    lines: Sequence[RenderableType] = ()
    words: str = ""

    def label(self) -> RenderableType:
        """`± web-host  ec2.Instance  replaced`, and its lines below."""
        sign, colour = MARKS[self.op]
        head = Text.assemble((f"{sign} ", f"bold {colour}"), heading(self.name, self.type))
        head.append(_REMARKS.get(self.op, ""), colour).append(f"  {self.words}" if self.words else "")
        return Group(head, *(Padding(line, (0, 0, 0, 4), expand=False) for line in self.lines)) if self.lines else head


def tree(changes: Sequence[Change], above: Callable[[str], tuple[Text, str]]) -> Tree:
    """The changes below what holds them. `above`: an unchanged URN -> label, parent's URN."""
    root = Tree("", hide_root=True)
    changed = {one.urn: one for one in changes}
    branches = {"": root}

    def branch(urn: str) -> Tree:
        if urn not in branches:
            branches[urn] = root  # in a plan that was saved two may say that they are in each other
            change = changed.get(urn)
            label, parent = (change.label(), change.parent) if change else above(urn)
            branches[urn] = branch(parent).add(label)
        return branches[urn]

    for change in changes:
        # What becomes a resource of another kind goes and comes: two changes of one URN.
        if change is changed[change.urn]:
            branch(change.urn)
        else:
            branch(change.parent).add(change.label())
    return root


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
    found = list(differing(path, old, new))
    if not found:
        # Shown alike though it differs: a secret, an output of what is replaced, another look-up.
        yield one_line(path, _VALUE), _short(old), "another one"
    for one in found:
        before = None if one.old in (None, "") else _short(one.old)
        after = _short(one.new, _SENTENCE if one.old == "" else _VALUE)
        yield one_line(str(one), _VALUE), before, "nothing" if one.new is None else after


def _short(value: Any, longest: int = _VALUE) -> str:
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
