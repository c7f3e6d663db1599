"""`preview`: what `up` would change."""

import typer

from ops import call as calls
from ops import display, engines, plan_display
from ops.commands.up import warn


def preview(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Show what `up` would change; change nothing."""
    call = calls.of(context)
    _, plan = engines.planned(call, engines.of(call), warn)
    if call.as_json:
        display.document(plan_display.as_json(plan))
    else:
        plan_display.show(plan)
