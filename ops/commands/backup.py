"""`backup`: a copy of the database, while it is in use."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.display.answers import fail_if_bad
from ops.display.progress import shown
from ops.stack import workplace

if TYPE_CHECKING:
    from components.deployment.answers import Backup

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the list of backups.")]


def backup(context: typer.Context, reason: Reason = "", stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Back up the database while the app runs."""
    call = calls.of(context)
    reach = workplace.enter(call).deployment()
    with shown(stderr=call.as_json):
        saved = reach.backup(reason)
    if call.as_json:
        tables.document(saved.model_dump())
    elif saved.backup:
        tables.line(f"Done: backup {saved.backup.id}, {_words(saved.backup)}, in {saved.path}")
    fail_if_bad([saved])
    if not saved.backup:
        tables.line(f"slipway: {tables.host(saved.host)}: there is no database to back up", stderr=True)
        raise typer.Exit(1)


def _words(made: "Backup") -> str:
    size = tables.size(made.dump and made.dump.bytes)
    return f"{size}, {sum(made.rows.values())} rows in {len(made.rows)} tables"
