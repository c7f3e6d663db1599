"""`restore`: a backup takes the place of what the database holds now."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops import call as calls
from ops.commands.backups import why
from ops.display import tables
from ops.display.answers import fail_if_bad
from ops.display.confirm import confirm
from ops.display.progress import shown
from ops.stack import workplace

if TYPE_CHECKING:
    from components.deployment.answers import Backup, Backups

BackupId = Annotated[str, typer.Argument(metavar="ID", help="Which backup; see `backups`.")]
Newer = Annotated[bool, typer.Option("--newer-schema", help="Also one whose schema is newer than the release that serves knows.")]


def restore(
    context: typer.Context,
    backup: BackupId,
    newer_schema: Newer = False,
    stack: calls.Stack = None,
    yes: calls.Yes = False,
    as_json: calls.Json = False,
) -> None:
    """Load a backup, behind the maintenance page."""
    call = calls.of(context)
    work = workplace.enter(call)
    reach = work.deployment()
    if "restore" in reach.refused:
        reach.refuse("restore")
    chosen = _words(_find(reach.backups(), backup))
    confirm(call, f"Load backup {backup} ({chosen}) into {work.settings.app.name!r} at {reach.url}? What is there is backed up first.")
    with shown(stderr=call.as_json):
        answer = reach.restore(backup, newer_schema)
    if call.as_json:
        tables.document(answer.model_dump())
    elif answer.ok:
        before = f"; what was there before is backup {answer.first}" if answer.first else ""
        tables.line(f"Done: backup {backup} is loaded{before}")
    fail_if_bad([answer])


def _find(there: "Backups", wanted: str) -> "Backup":
    """The backup of that ID; refused before anybody is asked."""
    from components.errors import SlipwayError

    if not there.ok:
        raise SlipwayError(f"backups: {there.message or 'the host gives no answer'}")
    found = {one.id: one for one in there.backups}
    if wanted not in found:
        raise SlipwayError(f"restore: wanted a backup of this stack, found {wanted!r}; there are: {', '.join(found) or 'none'}")
    return found[wanted]


def _words(one: "Backup") -> str:
    if one.dump is None:
        return "damaged"
    return ", ".join([f"{tables.age(one.at)} old", f"{sum(one.rows.values())} rows", *filter(None, [why(one)])])
