"""A plan as a comment on a pull request. What a fork's author wrote stands in code alone."""

from collections.abc import Iterator

from ops.display.changes import MARKS, differences, type_of
from ops.plan.document import Change, Comparison, Document, PropertyChange
from ops.plan.formats import Paper, mermaid, text
from ops.plan.view import values, words
from ops.plan.view.markdown_text import Part, code, fitted, folded, in_comment, row, table
from ops.plan.view.names import Names, name_of
from policy.findings import Finding
from policy.plan import Resource

MOST = 59_000
"""Bytes; GitHub takes 65,536 characters, and who posts the comment may write something above it."""

_WIDTH = 110  # of the tree, where nothing folds
_PLACES = 8  # of one resource
_INPUTS = 6


def marker(stack: str) -> str:
    """The first line."""
    return f"<!-- slipway plan: {in_comment(stack)} -->"


def render(document: Document, paper: Paper) -> str:
    """Warnings first; the width is the reader's."""
    plan, names = document.plan, Names(document.plan)
    head = f"{marker(plan.stack)}\n### Plan of {code(plan.stack)}: {code(plan.project)} on {code(plan.target)}\n\n"
    against = f"Compared with {code(document.comparison.base)}: " if document.comparison else ""
    tree = text.render(document.model_copy(update={"comparison": None, "findings": ()}), Paper(_WIDTH))
    parts = [
        *(_changes(document.comparison, names) if document.comparison else ()),
        *_findings(document, names),
        *([] if document.comparison else [_resources(document, names)]),
        folded("the diagram", "What runs where", "mermaid", mermaid.render(document, paper), whole=True),
        folded("lines of the whole plan", "The whole plan", "text", tree),
    ]
    return fitted(f"{head}{against}**{words.summary(document)}**\n", [part for part in parts if part.lines], MOST)


def _changes(comparison: Comparison, names: Names) -> Iterator[Part]:
    where = {one.urn: f"{code(names.of(one.urn))}: " if one.urn else "" for one in comparison.warnings}
    warnings = [f"> - **{one.kind}** {where[one.urn]}{code(one.message)}" for one in comparison.warnings]
    yield Part("warnings", "> [!WARNING]\n", warnings)
    rows = [row(*_setting(one, names)) for one in comparison.settings]
    yield table("changed settings", "#### Settings", ("setting", "before", "now"), rows)
    order = list(MARKS)
    changed = [_change(one, names) for one in sorted(comparison.resources, key=lambda one: order.index(one.op))]
    yield table("changes", "#### Changes", ("", "resource", "type", "what"), changed)


def _setting(one: PropertyChange, names: Names) -> tuple[str, str, str]:
    found = list(differences(one.path, *values.sides(one, names)))
    before = "<br>".join("" if old is None else code(old) for _, old, _ in found[:_PLACES])
    return code(one.path), before, "<br>".join(code(new) for _, _, new in found[:_PLACES])


def _change(one: Change, names: Names) -> str:
    added = names.by_urn.get(one.urn) if one.op == "add" else None
    lines = [_inputs(added, names)] if added else [line for each in one.properties for line in _places(each, names)]
    more = [f"… {len(lines) - _PLACES} more"] if len(lines) > _PLACES else []
    what = "<br>".join([*lines[:_PLACES], *more])
    return row(f"**{one.op}**", code(one.name), code(type_of(one.type)), what)


def _places(one: PropertyChange, names: Names) -> Iterator[str]:
    mark = f" **{words.replacing(one)}**" if words.replacing(one) else ""
    for path, old, new in differences(one.path, *values.sides(one, names)):
        yield f"{code(path)}: {'' if old is None else code(old) + ' → '}{code(new)}{mark}"


def _findings(document: Document, names: Names) -> Iterator[Part]:
    broken = [_finding(one, names) for one in document.findings if not one.waived]
    yield table("findings", "#### Rules that aren't kept", ("rule", "where", "what"), broken)
    waived = [_finding(one, names, code(one.waived)) for one in document.findings if one.waived]
    yield table("waived findings", "#### Waived", ("rule", "where", "what", "reason"), waived)


def _finding(one: Finding, names: Names, *more: str) -> str:
    return row(code(one.rule), code(names.of(one.urn)) if one.urn else "", code(one.message), *more)


def _resources(document: Document, names: Names) -> Part:
    there = [one for one in document.plan.resources if one.kind in ("resource", "existing")]
    rows = [row(code(name_of(one)), code(type_of(one.type)), _inputs(one, names), ", ".join(map(code, words.flags(one)))) for one in there]
    return table("resources", "#### Resources", ("resource", "type", "with", ""), rows)


def _inputs(one: Resource, names: Names) -> str:
    return ", ".join(code(f"{path}: {value}") for path, value in values.pairs(one, names)[:_INPUTS])
