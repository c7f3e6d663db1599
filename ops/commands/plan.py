"""`plan`: what the program asks for, without credentials, and what of it a change would alter."""

from pathlib import Path
from typing import Annotated

import typer

from components.errors import SlipwayError, UsageError
from ops import call as calls
from ops.display import tables
from ops.plan import base as bases
from ops.plan import formats
from ops.plan.compare import compare
from ops.plan.document import Document
from ops.plan.formats.text import Paper
from ops.plan.record import record
from ops.stack import workplace
from policy import check

Format = Annotated[str, typer.Option("--format", "-f", help="text, json or markdown.")]
Base = Annotated[str | None, typer.Option("--base", metavar="REF", help="Compare with the program at a git ref.", show_default=False)]
Against = Annotated[
    Path | None, typer.Option("--against", metavar="FILE", help="Compare with a plan that was saved with --json.", show_default=False)
]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit with 0: no change, 2: changes, 1: anything wrong.")]


def plan(call: calls.InJson, format: Format = "text", base: Base = None, against: Against = None, exit_code: ExitCode = False) -> None:
    """Show all that the stack asks for, and whether it keeps the rules; no credentials, no network,
    nothing is changed.

    Exit code 1 when a rule isn't kept."""
    try:
        document = _show(call, "json" if call.as_json else format, base, against)
    except SlipwayError as error:
        error.exit_code = 1 if exit_code else error.exit_code
        raise
    if any(not finding.waived for finding in document.findings):
        raise typer.Exit(1)
    if exit_code and document.comparison is not None and not document.comparison.is_empty:
        raise typer.Exit(2)


def _show(call: calls.Call, format: str, base: str | None, against: Path | None) -> Document:
    if base is not None and against is not None:
        raise UsageError("plan: wanted --base REF or --against FILE, found both; leave one out")
    render = formats.find(format)
    work = workplace.enter(call, sealed=True)
    now, comparison = record(work.project, work.stack), None
    if base is not None:
        before_it = now.model_copy(update={"settings": {}, "resources": (), "lookups": (), "outputs": {}, "notes": ()})
        comparison = compare(base, bases.at_ref(work.project.folder, work.stack.name, base) or before_it, now)
    elif against is not None:
        comparison = compare(against.name, bases.saved(workplace.given(against), now), now)
    document = Document(plan=now, findings=check.run(now, [one.model_dump() for one in work.settings.waivers]), comparison=comparison)
    here = tables.console()
    if why := tables.text(render(document, Paper(here.width, here.color_system is not None))):
        raise SlipwayError(f"plan: standard output can't be written ({why}); what is there is not the whole plan")
    return document
