"""How a plan is shown: a function per format, which gives a text that ends with a line's end. For a
terminal a tree of what there is, or of what changes; as Markdown, for a comment on a pull request,
the same in code, as a fork's author wrote much of it; as JSON the whole document."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any
from urllib.parse import quote

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from components.errors import UsageError, nearest, one_line, shown
from ops.display import changes
from ops.plan.document import Change, Comparison, Document, PropertyChange, Warning
from policy.check import Finding
from policy.plan import Plan, Resource, is_secret, is_unknown, leaves, origins, written

_MOST = 16  # inputs of one resource
_WIDTH = 110  # of a comment, where nothing folds
_LONGEST = 300  # characters of a stack's name
_NAME = 60  # characters of a resource's
_DULL = {"tags", "tagsAll", "labels", "labelsAll", "description"}


@dataclass(frozen=True)
class Paper:
    """What a text is written on: `width` in characters; colours only where somebody sees them."""

    width: int = 160
    colour: bool = False


class Names:
    """Names of one plan: with the type where a name isn't the only one of its kind."""

    def __init__(self, plan: Plan) -> None:
        self.by_urn = {one.urn: one for one in plan.resources}
        self._counts = Counter(one.name for one in plan.resources)

    def of(self, urn: str) -> str:
        """The name of a resource; of one that is gone the end of its URN."""
        one = self.by_urn.get(urn)
        if one is None:
            return one_line(urn.rpartition("::")[2], _NAME)
        name = one_line(one.name, _NAME)
        return name if self._counts[one.name] == 1 else f"{name} ({changes.type_of(one.type)})"


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
    return rendered([("", [title]), *middle, ("Rules", rules), ("", [_summary(document)])], paper)


def rendered(sections: Sequence[Section], paper: Paper) -> str:
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
    lookups = [_joined([Text(one_line(one.stand_in), "bold"), *_pairs(_told(one.arguments, names))]) for one in plan.lookups]
    outputs = _pairs(_told(plan.outputs, names))
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
    """The first inputs that tell something, as many as one reads."""
    telling = {key: value for key, value in one.inputs.items() if value != one.name and key not in _DULL}
    found = _pairs(_told(telling, names))
    more = [Text(f"… {len(found) - _MOST} more", "dim")] if len(found) > _MOST else []
    return [_joined([*found[:_MOST], *more])] if found else []


def _heading(one: Resource) -> Text:
    """`web-host  Instance  protected`."""
    return changes.heading(one.name, one.type).append("".join(f"  {flag}" for flag in _flags(one)), "green")


def _shown(change: Change, names: Names) -> changes.Branch:
    """With its inputs where it is new, else with what differs."""
    added = names.by_urn.get(change.urn) if change.op == "add" else None
    lines = _inputs(added, names) if added else [line for one in change.properties for line in property_lines(one, names)]
    return changes.Branch(change.urn, change.parent, changes.change(change.op, change.name, change.type, lines))


def property_lines(one: PropertyChange, names: Names) -> Iterator[Text]:
    """`size: 8 -> 16  (replaces)`: a line for each place that differs."""
    mark = {True: "replaces", None: "may replace"}.get(one.replaces, "")
    return changes.property_lines(one.path, *sides(one, names), mark)


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


def _flags(resource: Resource) -> list[str]:
    """What sets a resource apart: `protected`, `ignores ami`."""
    kinds = {"existing": "only read", "provider": "provider"}
    found = [kinds[resource.kind]] if resource.kind in kinds else []
    found += ["protected"] * resource.protect + ["retained"] * resource.retain
    if resource.ignore_changes:
        found.append("ignores " + ", ".join(map(one_line, resource.ignore_changes)))
    return found + ["deleted before it is replaced"] * resource.delete_before_replace


def _summary(document: Document) -> str:
    """`2 to alter, 1 to add, 30 unchanged; 1 warning; all rules are kept`."""
    plan, comparison = document.plan, document.comparison
    if comparison is None:
        kinds, protected = Counter(one.kind for one in plan.resources), sum(one.protect for one in plan.resources)
        said = [_count(kinds["resource"], "resource")] + [_count(kinds["component"], "component")] * bool(kinds["component"])
        said += [f"{kinds['existing']} only read"] * bool(kinds["existing"]) + [f"{protected} protected"] * bool(protected)
        said += [_count(len(plan.lookups), "look-up")] * bool(plan.lookups)
    else:
        ops = Counter[str](change.op for change in comparison.resources)
        said = [f"{ops[op]} {'perhaps ' * (op == 'may-replace')}to {op.removeprefix('may-')}" for op in changes.MARKS if ops[op]]
        said += ["no change"] * comparison.is_empty + [f"{comparison.unchanged} unchanged"]
        said += [_count(len(comparison.settings), "changed setting")] * bool(comparison.settings)
    waived = sum(bool(one.waived) for one in document.findings)
    broken = len(document.findings) - waived
    rules = f"{_count(broken, 'finding')} against the rules" if broken else "all rules are kept"
    warnings = [_count(len(comparison.warnings), "warning")] if comparison and comparison.warnings else []
    return "; ".join([", ".join(said), *warnings, rules + (f", {waived} waived" if waived else "")])


def _count(number: int, noun: str) -> str:
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


def _told(values: Mapping[str, Any], names: Names) -> Iterator[tuple[str, str]]:
    """The place and the short value of all that isn't empty."""
    for name, value in values.items():
        for path, inner in leaves(plain(value, names)):
            if inner not in (None, "", [], {}):
                yield one_line(written((name, *path))), changes.short(inner)


def marker(stack: str) -> str:
    """The first line."""
    # All but a name's signs are %XX: none of them ends the HTML comment.
    return f"<!-- slipway plan: {quote(one_line(stack, _LONGEST), safe='')} -->"


def markdown(document: Document, paper: Paper) -> str:
    """The text, and the whole plan below a comparison. The width is the reader's; who posts it cuts
    it."""
    parts = [f"{marker(document.plan.stack)}\n", _fenced(text(document, Paper(_WIDTH)))]
    if document.comparison:
        whole = _fenced(rendered(of_plan(document.plan, Names(document.plan)), Paper(_WIDTH)))
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
