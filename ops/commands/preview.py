"""`preview`: what `up` would change."""

import typer

from ops import call as calls
from ops import display, plan_display, workplace
from ops.commands.up import preview_of


def preview(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Show what `up` would change; change nothing."""
    call = calls.of(context)
    plan = preview_of(call, workplace.enter(call), "preview")
    if call.as_json:
        display.document(plan_display.as_json(plan))
    else:
        plan_display.show(plan)
