"""The tree of components and resources, with their key inputs, and what else a plan says."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from components.errors import one_line
from ops.display import changes
from ops.plan.view import values, words
from ops.plan.view.graph import needs
from ops.plan.view.names import Names
from ops.plan.view.sections import Flow, Section
from policy.plan import Plan, Resource

_MOST = 8  # inputs of one resource
_ROWS = 6  # lines of groups such as rules of a firewall


def sections(plan: Plan, names: Names) -> list[Section]:
    """All of the plan but what the rules say."""
    lookups = [Flow([Text(names.lookup_of(one), "bold"), *_arguments(one.arguments, names)]) for one in plan.lookups]
    outputs = [_pair(one_line(name), values.brief(value, names)) for name, value in plan.outputs.items()]
    notes = [Text(one_line(note, None)) for note in plan.notes]
    tree = [_tree(plan, names)] if plan.resources else []
    return [Section("", tree), Section("Looked up", lookups), Section("Outputs", outputs), Section("Notes", notes)]


def _arguments(arguments: Mapping[str, Any], names: Names) -> Iterator[Text]:
    return (_pair(path, value) for key, item in arguments.items() for path, value in values.flat(key, item, names))


def _tree(plan: Plan, names: Names) -> Tree:
    root = Tree("", hide_root=True)
    direct = needs(plan)

    def grow(branch: Tree, urn: str) -> None:
        for one in names.children[urn]:
            grow(branch.add(Group(*_lines(one, direct[one.urn], names))), one.urn)

    grow(root, "")
    return root


def _lines(one: Resource, first: list[str], names: Names) -> Iterator[RenderableType]:
    """Name, type and flags; inputs; what comes first, where the inputs don't say it."""
    yield heading(one)
    shown = inputs(one, names)
    yield from map(_indented, shown)
    text = "\n".join(item.plain for flow in shown for item in flow.items)
    rest = [names.of(urn) for urn in first if not re.search(rf"[:,] {re.escape(names.of(urn))}[],]", text)]
    if rest:
        yield _indented(Flow([Text(f"after {rest[0]}", "dim"), *(Text(name, "dim") for name in rest[1:])], ", "))


def inputs(one: Resource, names: Names) -> list[Flow]:
    """The key inputs, as many as one reads; groups such as a firewall's rules on own lines."""
    found = values.pairs(one, names)
    rows = [pair for pair in found if pair[0].endswith("]")]
    inline = [pair for pair in found if pair not in rows]
    lines = [[*(_pair(*pair) for pair in inline[:_MOST]), *_more(len(inline) - _MOST)], *([_pair(*pair)] for pair in rows[:_ROWS])]
    return [Flow(line) for line in [*lines, _more(len(rows) - _ROWS)] if line]


def _more(number: int) -> list[Text]:
    return [Text(f"… {number} more", "dim")] if number > 0 else []


def heading(one: Resource) -> Text:
    """`web-host  Instance  protected`."""
    return changes.heading(one.name, one.type).append("".join(f"  {flag}" for flag in words.flags(one)), "green")


def _indented(text: RenderableType) -> Padding:
    return Padding(text, (0, 0, 0, 2))


def _pair(name: str, value: str) -> Text:
    return Text.assemble((f"{name}: ", "dim"), value)
