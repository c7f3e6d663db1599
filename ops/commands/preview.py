"""`preview`: what `up` would change."""

import typer

from ops import call as calls
from ops.commands.up import warn
from ops.display import changes, tables
from ops.stack import engines


def preview(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Show what `up` would change; change nothing."""
    call = calls.of(context)
    _, plan = engines.planned(call, engines.of(call), warn)
    if call.as_json:
        tables.document(changes.as_json(plan))
    else:
        changes.show(plan)
