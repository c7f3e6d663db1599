"""A plan as a comment on a pull request. What a fork's author wrote stands in code alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from components.errors import one_line
from ops.plan.document import Comparison, Document
from ops.plan.formats import Paper, mermaid, text
from ops.plan.view import words
from ops.plan.view.words import Names
from policy.check import Finding

MOST = 59_000
"""Bytes; GitHub takes 65,536 characters, and who posts the comment may write something above it."""

_WIDTH = 110  # of the trees, where nothing folds
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
    plan, names, comparison = document.plan, Names(document.plan), document.comparison
    head = f"{marker(plan.stack)}\n### Plan of {_code(plan.stack)}: {_code(plan.project)} on {_code(plan.target)}\n\n"
    against = f"Compared with {_code(comparison.base)}: " if comparison else ""
    whole = text.written(text.of_plan(plan, names), Paper(_WIDTH)).splitlines()
    parts = [
        *([_warnings(comparison, names), _changes(comparison, names)] if comparison else ()),
        *_findings(document, names),
        *([] if comparison else [_fenced("lines of the whole plan", "#### Resources", "text", whole)]),
        _folded("the diagram", "What runs where", "mermaid", [mermaid.render(document, paper).rstrip("\n")]),
        *([_folded("lines of the whole plan", "The whole plan", "text", whole)] if comparison else []),
    ]
    return _fitted(f"{head}{against}**{words.summary(document)}**\n", [part for part in parts if part.lines])


def _warnings(comparison: Comparison, names: Names) -> _Part:
    where = {one.urn: f"{_code(names.of(one.urn))}: " if one.urn else "" for one in comparison.warnings}
    return _Part("warnings", "> [!WARNING]\n", [f"> - **{one.kind}** {where[one.urn]}{_code(one.message)}" for one in comparison.warnings])


def _changes(comparison: Comparison, names: Names) -> _Part:
    lines = text.written(text.of_changes(comparison, names), Paper(_WIDTH)).splitlines()
    return _fenced("lines of the changes", "#### Changes", "text", lines)


def _findings(document: Document, names: Names) -> Iterator[_Part]:
    broken = [_finding(one, names) for one in document.findings if not one.waived]
    yield _Part("findings", "#### Rules that aren't kept\n\n", broken)
    waived = [f"{_finding(one, names)} (waived: {_code(one.waived)})" for one in document.findings if one.waived]
    yield _Part("waived findings", "#### Waived\n\n", waived)


def _finding(one: Finding, names: Names) -> str:
    return f"- **{_code(one.rule)}** {f'{_code(names.of(one.urn))}: ' if one.urn else ''}{_code(one.message)}"


def _code(text: str) -> str:
    """A code span that ends where the text ends; what others wrote stands in one."""
    text = one_line(text, _LONGEST)
    if not text:
        return "*empty*"
    ticks = "`" * (_ticks(text) + 1)
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _size(text: str) -> int:
    """Bytes, of which there are never fewer than characters."""
    return len(text.encode("utf-8", "replace"))


def _ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _folded(name: str, summary: str, language: str, lines: Sequence[str]) -> _Part:
    """A text that opens on a click."""
    return _fenced(name, f"<details><summary>{summary}</summary>", language, lines, "\n</details>\n")


def _fenced(name: str, head: str, language: str, lines: Sequence[str], foot: str = "") -> _Part:
    """A text in a fence longer than any in it."""
    fence = "`" * max([3, *(_ticks(line) + 1 for line in lines)])
    return _Part(name, f"{head}\n\n{fence}{language}\n", lines, f"{fence}\n{foot}")


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
