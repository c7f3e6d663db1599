"""`plan`: what the program asks for, without credentials, and what of it a change would alter."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.stack import workplace

if TYPE_CHECKING:
    from ops.plan.document import Comparison, Document
    from policy.plan import Plan

Format = Annotated[str, typer.Option("--format", "-f", help="text, json, markdown or mermaid.")]
Base = Annotated[str | None, typer.Option("--base", metavar="REF", help="Compare with the program at a git ref.", show_default=False)]
Against = Annotated[
    Path | None, typer.Option("--against", metavar="FILE", help="Compare with a plan that was saved with --json.", show_default=False)
]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit with 0: no change, 2: changes, 1: anything wrong.")]


def plan(
    context: typer.Context,
    format: Format = "text",
    base: Base = None,
    against: Against = None,
    exit_code: ExitCode = False,
    stack: calls.Stack = None,
    as_json: calls.Json = False,
) -> None:
    """Show all that the stack asks for, and whether it keeps the rules; no credentials, no network,
    nothing is changed.

    Exit code 1 when a rule isn't kept."""
    from components.errors import SlipwayError

    call = calls.of(context)
    try:
        shown = _show(call, "json" if call.as_json else format, base, against)
    except SlipwayError as error:
        error.exit_code = 1 if exit_code else error.exit_code
        raise
    code = _exit_code(shown, exit_code)
    if code:
        raise typer.Exit(code)


def _show(call: calls.Call, format: str, base: str | None, against: Path | None) -> "Document":
    from components.errors import SlipwayError
    from ops.plan import formats

    if base is not None and against is not None:
        calls.refuse("plan: wanted --base REF or --against FILE, found both; leave one out")
    render = formats.find(format)
    document = _document(call, base, against)
    if why := tables.text(render(document, formats.Paper.here())):
        raise SlipwayError(f"plan: standard output can't be written ({why}); what is there is not the whole plan")
    return document


def _document(call: calls.Call, base: str | None, against: Path | None) -> "Document":
    from ops.plan.document import Document
    from ops.plan.record import record
    from policy import check

    work = workplace.enter(call, sealed=True)
    now = record(work.project, work.stack)
    return Document(
        plan=now, findings=check.run(now, now.settings.get(check.SETTING) or ()), comparison=_comparison(work, now, base, against)
    )


def _comparison(work: workplace.Workplace, now: "Plan", base: str | None, against: Path | None) -> "Comparison | None":
    from ops.plan import base as bases
    from ops.plan.compare import compare

    if base is not None:
        return compare(base, bases.at_ref(work.project.folder, work.stack.name, base) or _nothing(now), now)
    return compare(against.name, bases.saved(workplace.given(against), now), now) if against is not None else None


def _nothing(now: "Plan") -> "Plan":
    """Before there was such a stack."""
    return now.model_copy(update={"settings": {}, "resources": (), "lookups": (), "outputs": {}, "notes": ()})


def _exit_code(document: "Document", by_changes: bool) -> int:
    if any(not finding.waived for finding in document.findings):
        return 1
    return 2 if by_changes and document.comparison is not None and not document.comparison.is_empty else 0
