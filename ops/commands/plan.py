"""`plan`: what the program asks for, without credentials, and what of it a change would alter."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from components.errors import SlipwayError, UsageError, shown
from ops import cli as calls
from ops.display import tables
from ops.plan import formats
from ops.plan.compare import compare
from ops.plan.document import Document
from ops.plan.record import record
from ops.stack import workplace
from policy import check
from policy.plan import Plan

Format = Annotated[str, typer.Option("--format", "-f", help="text, json or markdown.")]
Against = Annotated[
    Path | None, typer.Option("--against", metavar="FILE", help="Compare with a plan that was saved with --json.", show_default=False)
]


def plan(call: calls.InJson, format: Format = "text", against: Against = None) -> None:
    """Show all that the stack asks for, and whether it keeps the rules; no credentials, no network,
    nothing is changed.

    Exit code 1 when a rule isn't kept."""
    render = formats.find("json" if call.as_json else format)
    work = workplace.enter(call, sealed=True)
    now, comparison = record(work.project, work.stack), None
    if against is not None:
        comparison = compare(against.name, _saved(workplace.given(against), now), now)
    document = Document(plan=now, findings=check.run(now, [one.model_dump() for one in work.settings.waivers]), comparison=comparison)
    here = tables.console()
    if why := tables.text(render(document, formats.Paper(here.width, here.color_system is not None))):
        raise SlipwayError(f"plan: standard output can't be written ({why}); what is there is not the whole plan")
    if any(not finding.waived for finding in document.findings):
        raise typer.Exit(1)


def _saved(path: Path, now: Plan) -> Plan:
    """The plan in a file that `plan --json` wrote, for the stack that `now` is of."""
    try:
        found = Document.model_validate_json(path.read_bytes()).plan
    except OSError as error:
        raise UsageError(f"--against: {path} can't be read ({error.strerror}); write one with: ./slipway plan --json > FILE") from None
    except ValidationError:
        raise UsageError(f"--against: {path}: wanted what `./slipway plan --json` prints, found another; save it anew") from None
    if (found.project, found.stack) != (now.project, now.stack):
        theirs, ours = (f"stack {shown(one.stack)} of {shown(one.project)}" for one in (found, now))
        raise UsageError(f"--against: {path}: wanted a plan of {ours}, found one of {theirs}; choose it with --stack, or give its own file")
    return found
