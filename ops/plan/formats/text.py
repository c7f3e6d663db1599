"""A plan for a terminal: a tree of what there is, or of what changes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from components.errors import one_line
from ops.display import changes
from ops.plan.document import Change, Comparison, Document, PropertyChange, Warning
from ops.plan.view import values, words
from ops.plan.view.words import Names, needs
from policy.check import Finding
from policy.plan import Plan, Resource

_MOST = 8  # inputs of one resource
_ROWS = 6  # lines of groups such as rules of a firewall


@dataclass(frozen=True)
class Paper:
    """What a text is written on: `width` in characters; colours only where somebody sees them."""

    width: int = 160
    colour: bool = False


Section = tuple[str, Sequence[RenderableType]]
"""A heading and what stands below it; nothing is shown of one without lines."""


def render(document: Document, paper: Paper) -> str:
    """Colours only where the paper has them; no line ends with spaces."""
    plan, names = document.plan, Names(document.plan)
    title = f"Plan of stack {one_line(plan.stack)} ({one_line(plan.project)} on {one_line(plan.target)})"
    middle = of_plan(plan, names) if document.comparison is None else _compared(document.comparison, names)
    rules = [_finding(one, names) for one in sorted(document.findings, key=lambda one: bool(one.waived))]
    return written([("", [title]), *middle, ("Rules", rules), ("", [words.summary(document)])], paper)


def written(sections: Sequence[Section], paper: Paper) -> str:
    """The sections with a line between them."""
    file = StringIO()
    console = Console(
        file=file,
        width=paper.width,
        color_system="standard" if paper.colour else None,
        force_terminal=paper.colour,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for heading, lines in sections:
        if lines and file.tell():
            console.print()
        if lines and heading:
            console.print(Text(heading, "bold"))
        for line in lines:
            console.print(Padding(line, (0, 0, 0, 2)) if heading else line)
    return "".join(line.rstrip() + "\n" for line in file.getvalue().splitlines())


def of_plan(plan: Plan, names: Names) -> list[Section]:
    """All of the plan but what the rules say."""
    lookups = [
        _Flow([Text(names.lookup_of(one), "bold"), *(_pair(*pair) for item in one.arguments.items() for pair in values.flat(*item, names))])
        for one in plan.lookups
    ]
    outputs = [_pair(one_line(name), values.brief(value, names)) for name, value in plan.outputs.items()]
    notes = [Text(one_line(note, None)) for note in plan.notes]
    direct = needs(plan)
    there = [changes.Branch(one.urn, one.parent, Group(*_lines(one, direct[one.urn], names))) for one in plan.resources]
    return [("", [changes.tree(there)] if there else []), ("Looked up", lookups), ("Outputs", outputs), ("Notes", notes)]


def _compared(comparison: Comparison, names: Names) -> list[Section]:
    warnings = [_warning(one, names) for one in comparison.warnings]
    return [("", [Text(f"Compared with {one_line(comparison.base)}")]), ("Warnings", warnings), *of_changes(comparison, names)]


def of_changes(comparison: Comparison, names: Names) -> list[Section]:
    """What differs, but for what is to be thought about it."""

    def above(urn: str) -> tuple[Text, str]:
        one = names.by_urn.get(urn)
        return (_heading(one), one.parent) if one else (Text(names.of(urn), "bold"), "")

    shown = [_shown(change, names) for change in comparison.resources]
    settings = [line for one in comparison.settings for line in property_lines(one, names)]
    return [("Settings", settings), ("Resources", [changes.tree(shown, above)] if shown else [])]


@dataclass(frozen=True)
class _Flow:
    """Puts as many items on a line as fit; one that is wider than the line folds."""

    items: Sequence[Text]
    between: str = " · "

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        line = Text()
        for item in self.items:
            if line and line.cell_len + len(self.between) + item.cell_len > options.max_width:
                yield line
                line = Text()
            line = Text.assemble(line, (self.between if line else "", "dim"), item)
        yield line


def _lines(one: Resource, first: list[str], names: Names) -> Iterator[RenderableType]:
    """Name, type and flags; inputs; what comes first, where the inputs don't say it."""
    yield _heading(one)
    shown = _inputs(one, names)
    text = "\n".join(item.plain for flow in shown for item in flow.items)
    rest = [names.of(urn) for urn in first if not re.search(rf"[:,] {re.escape(names.of(urn))}[],]", text)]
    if rest:
        shown.append(_Flow([Text(f"after {rest[0]}", "dim"), *(Text(name, "dim") for name in rest[1:])], ", "))
    yield from (Padding(flow, (0, 0, 0, 2)) for flow in shown)


def _inputs(one: Resource, names: Names) -> list[_Flow]:
    """The key inputs, as many as one reads; groups such as a firewall's rules on own lines."""
    found = values.pairs(one, names)
    rows = [pair for pair in found if pair[0].endswith("]")]
    inline = [pair for pair in found if pair not in rows]
    lines = [[*(_pair(*pair) for pair in inline[:_MOST]), *_more(len(inline) - _MOST)], *([_pair(*pair)] for pair in rows[:_ROWS])]
    return [_Flow(line) for line in [*lines, _more(len(rows) - _ROWS)] if line]


def _more(number: int) -> list[Text]:
    return [Text(f"… {number} more", "dim")] if number > 0 else []


def _heading(one: Resource) -> Text:
    """`web-host  Instance  protected`."""
    return changes.heading(one.name, one.type).append("".join(f"  {flag}" for flag in words.flags(one)), "green")


def _pair(name: str, value: str) -> Text:
    return Text.assemble((f"{name}: ", "dim"), value)


def _shown(change: Change, names: Names) -> changes.Branch:
    """With its inputs where it is new, else with what differs."""
    added = names.by_urn.get(change.urn) if change.op == "add" else None
    lines = _inputs(added, names) if added else [line for one in change.properties for line in property_lines(one, names)]
    return changes.Branch(change.urn, change.parent, changes.change(change.op, change.name, change.type, lines))


def property_lines(one: PropertyChange, names: Names) -> Iterator[Text]:
    """`size: 8 -> 16  (replaces)`: a line for each place that differs."""
    mark = {True: "replaces", None: "may replace"}.get(one.replaces, "")
    return changes.property_lines(one.path, *values.sides(one, names), mark)


def _warning(one: Warning, names: Names) -> Text:
    where = f"{names.of(one.urn)}: " if one.urn else ""
    return Text.assemble((f"! {one.kind}  ", "bold red"), (where, "bold"), one_line(one.message, None))


def _finding(one: Finding, names: Names) -> Text:
    """A rule that isn't kept; one that was waived is dim, with its reason."""
    head = f"{one_line(one.rule)}: " + (f"{names.of(one.urn)}: " if one.urn else "")
    message = one_line(one.message, None)
    if one.waived:
        return Text(f"waived  {head}{message} (waived: {one_line(one.waived, None)})", "dim")
    return Text.assemble(("broken  ", "bold red"), (head, "bold"), message)
