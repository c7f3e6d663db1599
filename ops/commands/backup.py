"""`backup`: a copy of the database, while it is in use."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ops import call as calls
from ops import display, workplace
from ops.on_host import run_shown

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the list of backups.")]


def backup(context: typer.Context, reason: Reason = "", stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Back up the database while the app runs."""
    call = calls.of(context)
    host = workplace.enter(call).day_two().database_host
    answer = run_shown(call, host, ["backup", "--reason", reason])
    made = answer.get("backup")
    if call.as_json:
        display.document(answer)
    elif made:
        display.line(f"Done: backup {made['id']}, {_words(made)}, in {answer['path']}")
    if not answer.get("ok") or not made:
        text = "there is no database to back up" if answer.get("ok") else answer.get("message") or "gives no answer"
        display.line(f"slipway: {display.host(host.host)}: {text}", stderr=True)
        raise typer.Exit(1)


def _words(made: Mapping[str, Any]) -> str:
    rows = made["rows"]
    return f"{display.size(made['dump']['bytes'])}, {sum(rows.values())} rows in {len(rows)} tables"
