"""`restore`: a backup takes the place of what the database holds now."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops import call as calls
from ops import display, workplace
from ops.commands.backups import why
from ops.confirm import confirm

if TYPE_CHECKING:
    from components.target import DayTwo

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
    reach = work.day_two()
    host = reach.database_host
    chosen = _find(host.run(["backups"]), backup)
    confirm(
        call, f"Load backup {backup} ({_words(chosen)}) into {work.settings.app.name!r} at {reach.url}? What is there is backed up first."
    )
    answer = _restored(call, reach, backup, newer_schema)
    if call.as_json:
        display.document(answer)
    elif answer.get("ok"):
        before = f"; what was there before is backup {answer['first']}" if answer.get("first") else ""
        display.line(f"Done: backup {backup} is loaded{before}")
    if not answer.get("ok"):
        _refuse(str(answer.get("host", host.host)), answer)


def _restored(call: calls.Call, reach: "DayTwo", backup: str, newer_schema: bool) -> Mapping[str, Any]:
    from components import progress, restoring
    from ops.progress_display import Progress

    with Progress(stderr=call.as_json) as shown, progress.listen(shown.host):
        return restoring.restore(reach, backup, newer_schema, progress.tell)


def _find(answer: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
    """The backup of that ID; refused before anybody is asked."""
    from components.errors import SlipwayError

    if not answer.get("ok"):
        raise SlipwayError(f"backups: {answer.get('message') or 'the host gives no answer'}")
    found: dict[str, Mapping[str, Any]] = {one["id"]: one for one in answer["backups"]}
    if wanted not in found:
        raise SlipwayError(f"restore: wanted a backup of this stack, found {wanted!r}; there are: {', '.join(found) or 'none'}")
    return found[wanted]


def _words(one: Mapping[str, Any]) -> str:
    if "dump" not in one:
        return "damaged"
    return ", ".join([f"{display.age(one['at'])} old", f"{sum(one['rows'].values())} rows", *filter(None, [why(one)])])


def _refuse(host: str, answer: Mapping[str, Any]) -> None:
    where = f"{display.host(host)}, {answer.get('step') or 'start'}"
    display.line(f"slipway: {where}: {answer.get('message') or 'gives no answer'}", stderr=True)
    for text in answer.get("log") or []:
        display.line(f"  | {text}", stderr=True)
    raise typer.Exit(1)
