"""`releases`, `rollback`, `backup`, `backups`, `restore`: what a stack keeps to go back to."""

from pathlib import Path
from typing import Annotated

import typer

from components.deployment.answers import Backup, Backups, Release
from components.errors import SlipwayError, UsageError, one_line
from components.hosts.names import short
from ops import call as calls
from ops.display import tables
from ops.display.progress import shown
from ops.stack import engines, workplace

ReleaseId = Annotated[str | None, typer.Argument(metavar="[ID]", help="Which release [default: the one before].")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the list of backups.")]
BackupId = Annotated[str, typer.Argument(metavar="ID", help="Which backup; see `backups`. Or a folder that `backup --to` wrote.")]
To = Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="Copy it into a new folder here, for another stack to restore.")]
Newer = Annotated[bool, typer.Option("--newer-schema", help="Also one whose schema is newer than the release that serves knows.")]


def releases(call: calls.InJson) -> None:
    """List the releases that the hosts keep."""
    answers = workplace.enter(call).deployment(acts=False).releases()
    hosts = [one.model_dump(include={"host", "releases"}) for one in answers]
    rows = [_release_row(answer.host, one) for answer in answers for one in answer.releases]
    columns, first = ["host", "release", "code", "prepared", "size", ""], int(len(answers) < 2)  # one host needs no name
    calls.tell(call, {"stack": call.stack, "hosts": hosts}, tables.table(columns[first:], [row[first:] for row in rows]))
    calls.fail_if_bad(answers)


def _release_row(host: str, one: Release) -> list[str]:
    mark = "live" if one.live else "previous" if one.previous else ""
    prepared = f"{tables.age(one.prepared_at)} ago" if one.prepared_at else "-"
    return [short(host), one.id, one.code or "-", prepared, tables.size(one.size), mark]


def rollback(call: calls.InJson, release: ReleaseId = None) -> None:
    """Serve an earlier release again (not its schema)."""
    deployment = workplace.enter(call).deployment()
    deployment.key = lambda: engines.of(call).release_key()
    with shown(stderr=call.as_json):
        verdict = deployment.rollback(release)
    done = f"Done: {deployment.url} serves release {verdict.live}" if verdict.ok else None
    calls.tell(call, {**vars(verdict), "url": deployment.url}, done)
    if not verdict.ok:
        raise SlipwayError(verdict.message)


def backup(call: calls.InJson, reason: Reason = "", to: To = None) -> None:
    """Back up database and folders of the app while it runs."""
    deployment = workplace.enter(call).deployment()
    place = to and workplace.given(to)
    if place and place.exists():
        raise UsageError(f"backup: --to: wanted a folder that is not there yet, found {one_line(str(to))}; name another one")
    with shown(stderr=call.as_json):
        saved = deployment.backup(reason, place)
    done = None
    if made := saved.backup:
        words = [_size(made), f"{sum(made.rows.values())} rows in {len(made.rows)} tables" if made.rows else "", _files(made)]
        done = f"Done: backup {made.id}, {', '.join(filter(None, words))}, in {saved.path}"
    calls.tell(call, saved.model_dump(), done)
    calls.fail_if_bad([saved])
    if not saved.backup:
        raise SlipwayError(f"{short(saved.host)}: there is neither a database nor a folder of slipway:app.data to back up")


def backups(call: calls.InJson) -> None:
    """List the backups."""
    answer = workplace.enter(call).deployment(acts=False).backups()
    columns = ["backup", "age", "engine", "release", "size", "rows", "files", "reason"]
    known = answer.model_dump(include={"host", "path", "problem", "backups"})
    calls.tell(call, {"stack": call.stack, **known}, tables.table(columns, [_backup_row(one) for one in answer.backups]))
    if answer.problem:
        why = f"only those of the host itself: {answer.problem}"
        tables.line(f"slipway: {short(answer.host)}: {why}", stderr=True)
    calls.fail_if_bad([answer])


def _backup_row(one: Backup) -> list[str]:
    if one.dump is None:
        return [one.id, "-", "-", "-", "-", "-", "-", "damaged: its backup.json can't be read"]
    rows, files = str(sum(one.rows.values())), str(one.folders.files) if one.folders else "-"
    return [one.id, tables.age(one.at), one.engine or "-", one.release or "-", _size(one), rows, files, _why(one)]


def _size(one: Backup) -> str:
    return tables.size(sum(part.bytes for part in (one.dump, one.folders) if part))


def _files(one: Backup) -> str:
    return f"{one.folders.files} files" if one.folders else ""


def _why(one: Backup) -> str:
    """The backup's reason, and the server that it was made on if that is gone."""
    return ", ".join(filter(None, [one.reason, f"of {short(one.host)}" if one.host else ""]))


def restore(call: calls.Changing, backup: BackupId, newer_schema: Newer = False) -> None:
    """Load a backup, behind the maintenance page."""
    work = workplace.enter(call)
    deployment = work.deployment()
    if "restore" in deployment.refused:
        deployment.refuse("restore")
    taken_along = workplace.given(Path(backup))
    is_folder = taken_along.is_dir()
    chosen = "of another stack" if is_folder else _words(_find(deployment.backups(), backup))
    into = f"{work.settings.app.name!r} at {deployment.url}"
    calls.confirm(call, f"Load backup {backup} ({chosen}) into {into}? What is there is backed up first.")
    with shown(stderr=call.as_json):
        for identity in deployment.bring(taken_along) if is_folder else [backup]:
            answer = deployment.restore(identity, newer_schema)
            if not answer.ok:
                break
    before = f"; what was there before is backup {answer.first}" if answer.first else ""
    calls.tell(call, answer.model_dump(), f"Done: backup {backup} is loaded{before}" if answer.ok else None)
    calls.fail_if_bad([answer])


def _find(answer: Backups, wanted: str) -> Backup:
    """The backup of that ID; refused before anybody is asked."""
    if not answer.ok:
        raise SlipwayError(f"backups: {answer.message or 'the host gives no answer'}")
    known = {one.id: one for one in answer.backups}
    if wanted not in known:
        there = ", ".join(known) or "none"
        raise SlipwayError(f"restore: wanted a backup of this stack, found {wanted!r}; there are: {there}")
    return known[wanted]


def _words(one: Backup) -> str:
    if one.dump is None:
        return "damaged"
    rows = f"{sum(one.rows.values())} rows"
    return ", ".join(filter(None, [f"{tables.age(one.at)} old", rows, _files(one), _why(one)]))
