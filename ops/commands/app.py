"""`status`, `exec`, `logs`, `maintenance`, `bundle`, and what a stack keeps to go back to:
`releases`, `rollback`, `backup`, `backups`, `restore`."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from components.deployment.answers import Backup, Backups, Facts, Instance, Live, Release, Restore
from components.errors import SlipwayError, UsageError, one_line
from components.hosts import progress
from components.hosts.names import short
from components.release import core
from components.source.archive import unpack
from ops import cli as calls
from ops.display import tables
from ops.display.progress import shown
from ops.stack import engines, workplace

Command = Annotated[list[str], typer.Argument(metavar="-- COMMAND", help="What to run, in the app's folder, as the app's user.")]
HostName = Annotated[str | None, typer.Option("--host", metavar="NAME", help="On which host [default: the first web host].")]
Follow = Annotated[bool, typer.Option("-f", "--follow", help="Go on showing new lines.")]
Lines = Annotated[int, typer.Option("-n", "--lines", min=0, help="How many last lines.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder.")]
State = Annotated[Literal["on", "off"], typer.Argument(metavar="on|off", help="Put the page up, or take it down.")]
ReleaseId = Annotated[str | None, typer.Argument(metavar="[ID]", help="Which release [default: the one before].")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the list of backups.")]
BackupId = Annotated[str, typer.Argument(metavar="ID", help="Which backup; see `backups`. Or a folder that `backup --to` wrote.")]
To = Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="Copy it into a new folder here, for another stack to restore.")]
Newer = Annotated[bool, typer.Option("--newer-schema", help="Also one whose schema is newer than the release that serves knows.")]


def status(call: calls.InJson) -> None:
    """Show which release serves, its processes, database and disk."""
    work = workplace.enter(call)
    deployment = work.deployment(acts=False)
    instances = deployment.status()
    if call.as_json:
        head = {"stack": call.stack, "target": work.settings.target, "url": deployment.url}
        tables.document({**head, "hosts": [one.model_dump() for one in instances]})
    else:
        tables.line(f"{work.settings.app.name} on {work.settings.target}, stack {call.stack}: {deployment.url}")
        if len(instances) > 1:
            rows = [
                [short(one.host), one.role, one.address, one.live.release if one.live else "-", str(len(one.problems) + (not one.ok))]
                for one in instances
            ]
            tables.line(tables.table(["host", "role", "address", "live", "problems"], rows))
        for one in instances:
            _show(one)
    if not instances or not all(one.ok for one in instances):
        raise typer.Exit(1)


def _show(one: Instance) -> None:
    tables.line(f"\n{short(one.host)}")
    if not one.ok:
        tables.line(f"  {one.message or 'gives no answer'}")
    for problem in one.problems:
        tables.line(f"  problem   {problem}")
    for name, text in _facts(one):
        tables.line(f"  {name:<10}{text}")
    rows = [
        [f"  {each.name}", each.state, str(each.pid or "-"), tables.duration(each.uptime), tables.size(each.memory)]
        for each in one.processes
    ]
    if rows:
        tables.line(tables.table(["  process", "state", "pid", "up for", "memory"], rows))


def _facts(one: Instance) -> list[tuple[str, str]]:
    """The lines above the processes; what the instance doesn't tell is left out."""
    facts = [
        ("live", _live(one.live) if one.live else "nothing is live"),
        ("candidate", one.candidate),
        *((name, _words(value)) for name, value in (("front", one.front), ("database", one.database), ("disk", one.disk))),
        ("page", "the maintenance page is up" if one.maintenance else ""),
        ("restore", _restore(one.restore) if one.restore else ""),
    ]
    return [(name, words) for name, words in facts if words]


def _live(live: Live) -> str:
    words = ", ".join(filter(None, [live.colour, f"for {tables.age(live.since)}" if live.since else ""]))
    return f"release {live.release}" + (f" ({words})" if words else "")


def _restore(one: Restore) -> str:
    if one.running:
        return f"of backup {one.backup}, under way ({one.phase})"
    first = f"; what was there before is backup {one.first}" if one.first else ""
    return f"of backup {one.backup} was interrupted ({one.phase}): `./slipway up` finishes or undoes it, or restore another{first}"


def _words(value: Facts) -> str:
    """`kind nginx, listen 127.0.0.1:8080`; bytes as sizes."""
    return ", ".join(f"{key} {_word(one)}" for key, one in value.items() if one not in (None, ""))


def _word(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ":".join(str(part) for part in value)
    return tables.size(value) if isinstance(value, int) and value >= 1000 else str(value)


def execute(call: calls.OfStack, command: Command, host: HostName = None) -> None:
    """Run a command in the live release's environment."""
    raise typer.Exit(workplace.enter(call).deployment().run(command, host))


def logs(call: calls.OfStack, follow: Follow = False, lines: Lines = 50) -> None:
    """Show the app's last log lines."""
    out = tables.Tolerant(sys.stdout)
    for text in workplace.enter(call).deployment(acts=False).logs(lines, follow):
        out.write(progress.readable(text.rstrip("\r\n")) + "\n")
        out.flush()
        if out.gone:
            return


def maintenance(call: calls.InJson, state: State) -> None:
    """Answer every request with a maintenance page, or no longer."""
    deployment = workplace.enter(call).deployment()
    with shown(stderr=call.as_json):
        answers = deployment.maintenance(state == "on")
    now = "answers with the maintenance page" if state == "on" else "is the app again"
    done = f"Done: {deployment.url} {now}" if all(one.ok for one in answers) else None
    calls.tell(call, {"stack": call.stack, "maintenance": state, "hosts": [one.model_dump() for one in answers]}, done)
    calls.fail_if_bad(answers)


def bundle(call: calls.InJson, folder: Folder) -> None:
    """Write the app with all that its platform wants to a folder, for people who run it by hand."""
    work, place = workplace.enter(call), workplace.given(folder)
    if not hasattr(work.target, "bundle"):
        raise UsageError(f"bundle: wanted a target whose platform takes a folder, found {work.settings.target}; `up` launches there")
    if place.exists():
        raise UsageError(f"bundle: wanted a new folder, found {folder}, which is there; remove it, or name another")
    made = work.target.bundle(work.settings, work.place.folder)
    identity = core.identity("bundle", made.manifest, {})  # nothing in it is secret
    with tempfile.TemporaryDirectory(prefix="slipway-") as packed:
        made.manifest.pack(identity, made.source, Path(packed) / "bundle")
        unpack(Path(packed) / "bundle", place)
    calls.tell(call, {"folder": str(place), "release": identity}, f"Done: {folder} has release {identity}")


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
        words = [_size_of(made), f"{sum(made.rows.values())} rows in {len(made.rows)} tables" if made.rows else "", _files_of(made)]
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
    return [one.id, tables.age(one.at), one.engine or "-", one.release or "-", _size_of(one), rows, files, _why(one)]


def _size_of(one: Backup) -> str:
    return tables.size(sum(part.bytes for part in (one.dump, one.folders) if part))


def _files_of(one: Backup) -> str:
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
    chosen = "of another stack" if is_folder else _chosen(deployment.backups(), backup)
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


def _chosen(answer: Backups, wanted: str) -> str:
    """What is said of the backup of that ID; none is refused before anybody is asked."""
    if not answer.ok:
        raise SlipwayError(f"backups: {answer.message or 'the host gives no answer'}")
    known = {one.id: one for one in answer.backups}
    if wanted not in known:
        there = ", ".join(known) or "none"
        raise SlipwayError(f"restore: wanted a backup of this stack, found {wanted!r}; there are: {there}")
    one = known[wanted]
    if one.dump is None:
        return "damaged"
    rows = f"{sum(one.rows.values())} rows"
    return ", ".join(filter(None, [f"{tables.age(one.at)} old", rows, _files_of(one), _why(one)]))
