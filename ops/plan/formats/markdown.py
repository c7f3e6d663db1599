"""A plan as a comment on a pull request. What a fork's author wrote stands in code alone."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from components.errors import one_line
from ops.plan.document import Comparison, Document
from ops.plan.formats import text
from ops.plan.formats.text import Paper
from ops.plan.view import words
from ops.plan.view.words import Names
from policy.check import Finding

_WIDTH = 110  # of the trees, where nothing folds
_LONGEST = 300  # characters of one text


def marker(stack: str) -> str:
    """The first line."""
    # All but a name's signs are %XX: none of them ends the HTML comment.
    return f"<!-- slipway plan: {quote(one_line(stack, _LONGEST), safe='')} -->"


def render(document: Document, paper: Paper) -> str:
    """Warnings first; the width is the reader's. All of it: who posts it cuts it."""
    plan, names, comparison = document.plan, Names(document.plan), document.comparison
    head = f"{marker(plan.stack)}\n### Plan of {_code(plan.stack)}: {_code(plan.project)} on {_code(plan.target)}\n\n"
    against = f"Compared with {_code(comparison.base)}: " if comparison else ""
    whole = text.written(text.of_plan(plan, names), Paper(_WIDTH))
    parts = [
        f"{head}{against}**{words.summary(document)}**\n",
        _warnings(comparison, names) if comparison else "",
        _fenced("#### Changes", text.written(text.of_changes(comparison, names), Paper(_WIDTH))) if comparison else "",
        *_findings(document, names),
        f"{_fenced('<details><summary>The whole plan</summary>', whole)}\n</details>\n" if comparison else _fenced("#### Resources", whole),
    ]
    return "\n".join(filter(None, parts))


def _warnings(comparison: Comparison, names: Names) -> str:
    where = {one.urn: f"{_code(names.of(one.urn))}: " if one.urn else "" for one in comparison.warnings}
    return _listed("> [!WARNING]", [f"> - **{one.kind}** {where[one.urn]}{_code(one.message)}" for one in comparison.warnings])


def _findings(document: Document, names: Names) -> Iterator[str]:
    yield _listed("#### Rules that aren't kept\n", [_finding(one, names) for one in document.findings if not one.waived])
    waived = [f"{_finding(one, names)} (waived: {_code(one.waived)})" for one in document.findings if one.waived]
    yield _listed("#### Waived\n", waived)


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


def _ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _listed(head: str, lines: Sequence[str]) -> str:
    """Lines below a head; nothing without any."""
    return "".join(f"{line}\n" for line in (head, *lines)) if lines else ""


def _fenced(head: str, content: str) -> str:
    """A text in a fence longer than any in it; nothing of an empty one."""
    fence = "`" * max(3, _ticks(content) + 1)
    return f"{head}\n\n{fence}text\n{content}{fence}\n" if content else ""
