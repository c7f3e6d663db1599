"""How a plan is shown: a function per format, which gives a text that ends with a line's end. For a
terminal a tree of what there is, or of what changes; as Markdown, for a comment on a pull request,
the same in code, as a fork's author wrote much of it; as JSON the whole document."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from urllib.parse import quote

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from components.errors import UsageError, nearest, one_line, shown
from ops.display import changes
from ops.plan import view
from ops.plan.document import Change, Comparison, Document, PropertyChange, Warning
from ops.plan.view import Names
from policy.check import Finding
from policy.plan import Plan, Resource

_MOST = 16  # inputs of one resource
_WIDTH = 110  # of a comment, where nothing folds
_LONGEST = 300  # characters of one text


@dataclass(frozen=True)
class Paper:
    """What a text is written on: `width` in characters; colours only where somebody sees them."""

    width: int = 160
    colour: bool = False


Section = tuple[str, Sequence[RenderableType]]
"""A heading and what stands below it; nothing is shown of one without lines."""


def text(document: Document, paper: Paper) -> str:
    """Colours only where the paper has them; no line ends with spaces."""
    plan, names = document.plan, Names(document.plan)
    title = f"Plan of stack {one_line(plan.stack)} ({one_line(plan.project)} on {one_line(plan.target)})"
    middle = of_plan(plan, names)
    if comparison := document.comparison:
        warnings = [_warning(one, names) for one in comparison.warnings]
        base = Text(f"Compared with {one_line(comparison.base)}")
        middle = [("", [base]), ("Warnings", warnings), *of_changes(comparison, names)]
    rules = [_finding(one, names) for one in sorted(document.findings, key=lambda one: bool(one.waived))]
    return written([("", [title]), *middle, ("Rules", rules), ("", [view.summary(document)])], paper)


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
    lookups = [_joined([Text(one_line(one.stand_in), "bold"), *_pairs(view.told(one.arguments, names))]) for one in plan.lookups]
    outputs = _pairs(view.told(plan.outputs, names))
    notes = [Text(one_line(note, None)) for note in plan.notes]
    there = [changes.Branch(one.urn, one.parent, Group(*_lines(one, names))) for one in plan.resources]
    return [("", [changes.tree(there)] if there else []), ("Looked up", lookups), ("Outputs", outputs), ("Notes", notes)]


def of_changes(comparison: Comparison, names: Names) -> list[Section]:
    """What differs, but for what is to be thought about it."""
    there = [changes.Branch(one.urn, one.parent, _heading(one)) for one in names.by_urn.values()]
    shown = [_shown(change, names) for change in comparison.resources]
    settings = [line for one in comparison.settings for line in property_lines(one, names)]
    return [("Settings", settings), ("Resources", [changes.tree(shown, there)] if shown else [])]


def _joined(items: Sequence[Text]) -> Text:
    """One after the other, as they fit on lines."""
    return Text(" · ", "dim").join(items)


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[Text]:
    return [Text.assemble((f"{name}: ", "dim"), value) for name, value in pairs]


def _lines(one: Resource, names: Names) -> Iterator[RenderableType]:
    """Name, type and flags; inputs."""
    yield _heading(one)
    yield from (Padding(line, (0, 0, 0, 2)) for line in _inputs(one, names))


def _inputs(one: Resource, names: Names) -> list[Text]:
    """As many as one reads; none where there is none that tells something."""
    found = _pairs(view.inputs(one, names))
    more = [Text(f"… {len(found) - _MOST} more", "dim")] if len(found) > _MOST else []
    return [_joined([*found[:_MOST], *more])] if found else []


def _heading(one: Resource) -> Text:
    """`web-host  Instance  protected`."""
    return changes.heading(one.name, one.type).append("".join(f"  {flag}" for flag in view.flags(one)), "green")


def _shown(change: Change, names: Names) -> changes.Branch:
    """With its inputs where it is new, else with what differs."""
    added = names.by_urn.get(change.urn) if change.op == "add" else None
    lines = _inputs(added, names) if added else [line for one in change.properties for line in property_lines(one, names)]
    return changes.Branch(change.urn, change.parent, changes.change(change.op, change.name, change.type, lines))


def property_lines(one: PropertyChange, names: Names) -> Iterator[Text]:
    """`size: 8 -> 16  (replaces)`: a line for each place that differs."""
    mark = {True: "replaces", None: "may replace"}.get(one.replaces, "")
    return changes.property_lines(one.path, *view.sides(one, names), mark)


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


def marker(stack: str) -> str:
    """The first line."""
    # All but a name's signs are %XX: none of them ends the HTML comment.
    return f"<!-- slipway plan: {quote(one_line(stack, _LONGEST), safe='')} -->"


def markdown(document: Document, paper: Paper) -> str:
    """The text, and the whole plan below a comparison. The width is the reader's; who posts it cuts
    it."""
    parts = [f"{marker(document.plan.stack)}\n", _fenced(text(document, Paper(_WIDTH)))]
    if document.comparison:
        whole = _fenced(written(of_plan(document.plan, Names(document.plan)), Paper(_WIDTH)))
        parts.append(f"<details><summary>The whole plan</summary>\n\n{whole}\n</details>\n")
    return "\n".join(parts)


def _fenced(content: str) -> str:
    """A text in a fence longer than any in it: nothing in it is a link, a mention or markup."""
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", content)), 3)
    return f"{fence}text\n{content}{fence}\n"


def _json(document: Document, paper: Paper) -> str:
    """The whole document for a machine (docs/plan.schema.json). Sorted keys: plans compare by
    lines; plain ASCII: nothing in it steers a terminal."""
    return json.dumps(document.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"


FORMATS: Mapping[str, Callable[[Document, Paper], str]] = {"json": _json, "markdown": markdown, "text": text}


def find(name: str) -> Callable[[Document, Paper], str]:
    """The format of that name. Raises `UsageError`."""
    if name not in FORMATS:
        raise UsageError(f"--format: wanted the name of a format, found {shown(name)}; {nearest(name, FORMATS)}")
    return FORMATS[name]
