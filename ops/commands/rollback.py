"""`rollback`: an earlier release serves again, through the same gates as a new one."""

from typing import Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.display.progress import shown
from ops.stack import workplace

ReleaseId = Annotated[str | None, typer.Argument(metavar="[ID]", help="Which release [default: the one before].")]


def rollback(context: typer.Context, release: ReleaseId = None, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Serve an earlier release again (not its schema)."""
    call = calls.of(context)
    reach = workplace.enter(call).deployment()
    with shown(stderr=call.as_json):
        verdict = reach.rollback(release)
    if call.as_json:
        tables.document({**vars(verdict), "url": reach.url})
    elif verdict.ok:
        tables.line(f"Done: {reach.url} serves release {verdict.live}")
    if not verdict.ok:
        tables.line(f"slipway: {verdict.message}", stderr=True)
        raise typer.Exit(1)
