"""A plan for a terminal: a tree of what there is, or of what changes."""

from io import StringIO

from rich.console import Console

from ops.plan.document import Document
from ops.plan.formats import Paper
from ops.plan.view import changes, resources, words
from ops.plan.view.names import Names
from ops.plan.view.sections import Section, findings


def render(document: Document, paper: Paper) -> str:
    """Colours only where the paper has them; no line ends with spaces."""
    names = Names(document.plan)
    middle = resources.sections(document.plan, names) if document.comparison is None else changes.sections(document.comparison, names)
    parts = [Section("", [words.title(document)]), *middle, findings(document.findings, names), Section("", [words.summary(document)])]
    console = _console(paper)
    for number, part in enumerate(part for part in parts if part.lines):
        part.show(console, first=number == 0)
    return "".join(line.rstrip() + "\n" for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]


def _console(paper: Paper) -> Console:
    colours = "standard" if paper.colour else None
    return Console(
        file=StringIO(),
        width=paper.width,
        color_system=colours,  # type: ignore[arg-type]
        force_terminal=paper.colour,
        highlight=False,
        markup=False,
        emoji=False,
    )
