"""`backup`, `backups` and `restore`: copies of the database in use, and loading one again."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.display.answers import fail_if_bad
from ops.display.confirm import confirm
from ops.display.progress import shown
from ops.stack import workplace

if TYPE_CHECKING:
    from components.deployment.answers import Backup, Backups

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the list of backups.")]
BackupId = Annotated[str, typer.Argument(metavar="ID", help="Which backup; see `backups`.")]
Newer = Annotated[
    bool,
    typer.Option("--newer-schema", help="Also one whose schema is newer than the release that serves knows."),
]


def backup(context: typer.Context, reason: Reason = "", stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Back up the database while the app runs."""
    call = calls.of(context)
    deployment = workplace.enter(call).deployment()
    with shown(stderr=call.as_json):
        saved = deployment.backup(reason)
    if call.as_json:
        tables.document(saved.model_dump())
    elif made := saved.backup:
        size = tables.size(made.dump and made.dump.bytes)
        words = f"{size}, {sum(made.rows.values())} rows in {len(made.rows)} tables"
        tables.line(f"Done: backup {made.id}, {words}, in {saved.path}")
    fail_if_bad([saved])
    if not saved.backup:
        tables.line(f"slipway: {tables.host(saved.host)}: there is no database to back up", stderr=True)
        raise typer.Exit(1)


def backups(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """List the backups of the database."""
    call = calls.of(context)
    answer = workplace.enter(call).deployment(acts=False).backups()
    if call.as_json:
        shown = answer.model_dump(include={"host", "path", "problem", "backups"})
        tables.document({"stack": call.stack, **shown})
    else:
        columns = ["backup", "age", "engine", "release", "size", "rows", "reason"]
        tables.table(columns, [_row(one) for one in answer.backups])
    if answer.problem:
        why = f"only those of the host itself: {answer.problem}"
        tables.line(f"slipway: {tables.host(answer.host)}: {why}", stderr=True)
    fail_if_bad([answer])


def _row(one: "Backup") -> list[str]:
    if one.dump is None:
        return [one.id, "-", "-", "-", "-", "-", "damaged: its backup.json can't be read"]
    rows = str(sum(one.rows.values()))
    size = tables.size(one.dump.bytes)
    return [one.id, tables.age(one.at), one.engine or "-", one.release or "-", size, rows, _why(one)]


def _why(one: "Backup") -> str:
    """The backup's reason, and the server that it was made on if that is gone."""
    return ", ".join(filter(None, [one.reason, f"of {tables.host(one.host)}" if one.host else ""]))


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
    deployment = work.deployment()
    if "restore" in deployment.refused:
        deployment.refuse("restore")
    chosen = _words(_find(deployment.backups(), backup))
    into = f"{work.settings.app.name!r} at {deployment.url}"
    confirm(call, f"Load backup {backup} ({chosen}) into {into}? What is there is backed up first.")
    with shown(stderr=call.as_json):
        answer = deployment.restore(backup, newer_schema)
    if call.as_json:
        tables.document(answer.model_dump())
    elif answer.ok:
        before = f"; what was there before is backup {answer.first}" if answer.first else ""
        tables.line(f"Done: backup {backup} is loaded{before}")
    fail_if_bad([answer])


def _find(answer: "Backups", wanted: str) -> "Backup":
    """The backup of that ID; refused before anybody is asked."""
    from components.errors import SlipwayError

    if not answer.ok:
        raise SlipwayError(f"backups: {answer.message or 'the host gives no answer'}")
    known = {one.id: one for one in answer.backups}
    if wanted not in known:
        there = ", ".join(known) or "none"
        raise SlipwayError(f"restore: wanted a backup of this stack, found {wanted!r}; there are: {there}")
    return known[wanted]


def _words(one: "Backup") -> str:
    if one.dump is None:
        return "damaged"
    rows = f"{sum(one.rows.values())} rows"
    return ", ".join([f"{tables.age(one.at)} old", rows, *filter(None, [_why(one)])])
