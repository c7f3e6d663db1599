"""A plan as a comment on a pull request. What a fork's author wrote stands in code alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from components.errors import one_line
from ops.display.changes import MARKS, differences, type_of
from ops.plan.document import Change, Comparison, Document, PropertyChange
from ops.plan.formats import Paper, mermaid, text
from ops.plan.view import values, words
from ops.plan.view.words import Names, name_of
from policy.check import Finding
from policy.plan import Resource

MOST = 59_000
"""Bytes; GitHub takes 65,536 characters, and who posts the comment may write something above it."""

_WIDTH = 110  # of the tree, where nothing folds
_PLACES = 8  # of one resource
_INPUTS = 6
_LONGEST = 300  # characters of one text


@dataclass(frozen=True)
class _Part:
    """Lines between a head and a foot. The last may be left out; `name` is then told."""

    name: str
    head: str
    lines: Sequence[str]
    foot: str = ""

    def cut(self, room: int) -> tuple[str, int]:
        """(what fits, how many lines don't)."""
        room -= _size(self.head) + _size(self.foot) + 1
        kept = 0
        while kept < len(self.lines) and (room := room - _size(self.lines[kept]) - 1) >= 0:
            kept += 1
        if not kept:
            return "", len(self.lines)
        return self.head + "".join(line + "\n" for line in self.lines[:kept]) + self.foot, len(self.lines) - kept


def marker(stack: str) -> str:
    """The first line."""
    # All but a name's signs are %XX: none of them ends the HTML comment.
    return f"<!-- slipway plan: {quote(one_line(stack, _LONGEST), safe='')} -->"


def render(document: Document, paper: Paper) -> str:
    """Warnings first; the width is the reader's."""
    plan, names = document.plan, Names(document.plan)
    head = f"{marker(plan.stack)}\n### Plan of {_code(plan.stack)}: {_code(plan.project)} on {_code(plan.target)}\n\n"
    against = f"Compared with {_code(document.comparison.base)}: " if document.comparison else ""
    tree = text.render(document.model_copy(update={"comparison": None, "findings": ()}), Paper(_WIDTH))
    parts = [
        *(_changes(document.comparison, names) if document.comparison else ()),
        *_findings(document, names),
        *([] if document.comparison else [_resources(document, names)]),
        _folded("the diagram", "What runs where", "mermaid", [mermaid.render(document, paper).rstrip("\n")]),
        _folded("lines of the whole plan", "The whole plan", "text", tree.splitlines()),
    ]
    return _fitted(f"{head}{against}**{words.summary(document)}**\n", [part for part in parts if part.lines])


def _changes(comparison: Comparison, names: Names) -> Iterator[_Part]:
    where = {one.urn: f"{_code(names.of(one.urn))}: " if one.urn else "" for one in comparison.warnings}
    warnings = [f"> - **{one.kind}** {where[one.urn]}{_code(one.message)}" for one in comparison.warnings]
    yield _Part("warnings", "> [!WARNING]\n", warnings)
    rows = [_row(*_setting(one, names)) for one in comparison.settings]
    yield _table("changed settings", "#### Settings", ("setting", "before", "now"), rows)
    order = list(MARKS)
    changed = [_change(one, names) for one in sorted(comparison.resources, key=lambda one: order.index(one.op))]
    yield _table("changes", "#### Changes", ("", "resource", "type", "what"), changed)


def _setting(one: PropertyChange, names: Names) -> tuple[str, str, str]:
    found = list(differences(one.path, *values.sides(one, names)))
    before = "<br>".join("" if old is None else _code(old) for _, old, _ in found[:_PLACES])
    return _code(one.path), before, "<br>".join(_code(new) for _, _, new in found[:_PLACES])


def _change(one: Change, names: Names) -> str:
    added = names.by_urn.get(one.urn) if one.op == "add" else None
    lines = [_inputs(added, names)] if added else [line for each in one.properties for line in _places(each, names)]
    more = [f"… {len(lines) - _PLACES} more"] if len(lines) > _PLACES else []
    what = "<br>".join([*lines[:_PLACES], *more])
    return _row(f"**{one.op}**", _code(one.name), _code(type_of(one.type)), what)


def _places(one: PropertyChange, names: Names) -> Iterator[str]:
    mark = f" **{words.replacing(one)}**" if words.replacing(one) else ""
    for path, old, new in differences(one.path, *values.sides(one, names)):
        yield f"{_code(path)}: {'' if old is None else _code(old) + ' → '}{_code(new)}{mark}"


def _findings(document: Document, names: Names) -> Iterator[_Part]:
    broken = [_finding(one, names) for one in document.findings if not one.waived]
    yield _table("findings", "#### Rules that aren't kept", ("rule", "where", "what"), broken)
    waived = [_finding(one, names, _code(one.waived)) for one in document.findings if one.waived]
    yield _table("waived findings", "#### Waived", ("rule", "where", "what", "reason"), waived)


def _finding(one: Finding, names: Names, *more: str) -> str:
    return _row(_code(one.rule), _code(names.of(one.urn)) if one.urn else "", _code(one.message), *more)


def _resources(document: Document, names: Names) -> _Part:
    there = [one for one in document.plan.resources if one.kind in ("resource", "existing")]
    rows = [
        _row(_code(name_of(one)), _code(type_of(one.type)), _inputs(one, names), ", ".join(map(_code, words.flags(one)))) for one in there
    ]
    return _table("resources", "#### Resources", ("resource", "type", "with", ""), rows)


def _inputs(one: Resource, names: Names) -> str:
    return ", ".join(_code(f"{path}: {value}") for path, value in values.pairs(one, names)[:_INPUTS])


def _code(text: str) -> str:
    """A code span that ends where the text ends; what others wrote stands in one."""
    text = one_line(text, _LONGEST)
    if not text:
        return "*empty*"
    ticks = "`" * (_ticks(text) + 1)
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _row(*cells: str) -> str:
    """A row of a table; a bar would end a cell even in code."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _size(text: str) -> int:
    """Bytes, of which there are never fewer than characters."""
    return len(text.encode("utf-8", "replace"))


def _ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _table(name: str, heading: str, columns: Sequence[str], rows: Sequence[str]) -> _Part:
    """`rows` are made by `_row`."""
    return _Part(name, f"{heading}\n\n{_row(*columns)}\n{_row(*('---' for _ in columns))}\n", rows)


def _folded(name: str, summary: str, language: str, lines: Sequence[str]) -> _Part:
    """A text that opens on a click, in a fence longer than any in it."""
    fence = "`" * max([3, *(_ticks(line) + 1 for line in lines)])
    return _Part(name, f"<details><summary>{summary}</summary>\n\n{fence}{language}\n", lines, f"{fence}\n\n</details>\n")


def _fitted(first: str, parts: Sequence[_Part]) -> str:
    """`first` and of the parts what there is room for in `MOST` bytes, then what was left out."""
    made, left_out = [first], []
    room = MOST - _size(first) - sum(len(part.name) + 40 for part in parts) - 40
    for part in parts:
        kept, missing = part.cut(room)
        room -= _size(kept) + 1
        made.append(kept)
        if missing:
            left_out.append(f"{missing} of {len(part.lines)} {part.name}" if len(part.lines) > 1 else part.name)
    note = f"Left out, because a comment has no room for it: {', '.join(left_out)}.\n" if left_out else ""
    return "\n".join(filter(None, [*made, note]))
