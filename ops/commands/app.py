"""`status`, `exec`, `logs`, `maintenance`, `bundle`: the app as it runs, or by hand."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from components.deployment.answers import Facts, Instance, Live, Restore
from components.errors import UsageError
from components.hosts import progress
from components.hosts.names import short
from components.release import core
from components.source.archive import unpack
from ops import call as calls
from ops.display import tables
from ops.display.progress import shown
from ops.stack import workplace

Command = Annotated[list[str], typer.Argument(metavar="-- COMMAND", help="What to run, in the app's folder, as the app's user.")]
HostName = Annotated[str | None, typer.Option("--host", metavar="NAME", help="On which host [default: the first web host].")]
Follow = Annotated[bool, typer.Option("-f", "--follow", help="Go on showing new lines.")]
Lines = Annotated[int, typer.Option("-n", "--lines", min=0, help="How many last lines.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder.")]
State = Annotated[Literal["on", "off"], typer.Argument(metavar="on|off", help="Put the page up, or take it down.")]
_PROBLEM = 70  # letters in the table; each host's part below has all of it


def status(call: calls.InJson) -> None:
    """Show which release serves, its processes, database and disk."""
    work = workplace.enter(call)
    deployment = work.deployment(acts=False)
    instances, warnings = deployment.status(), deployment.warnings()
    if call.as_json:
        head = {"stack": call.stack, "target": work.settings.target, "url": deployment.url, "warnings": list(warnings)}
        tables.document({**head, "hosts": [one.model_dump() for one in instances]})
    else:
        tables.line(f"{work.settings.app.name} on {work.settings.target}, stack {call.stack}: {deployment.url}")
        for warning in warnings:
            tables.line(f"warning: {warning}")
        if len(instances) > 1:
            tables.line(tables.table(["host", "role", "address", "live", "problems"], [_row(one) for one in instances]))
        for one in instances:
            _show(one)
    if not instances or not all(one.ok for one in instances):
        raise typer.Exit(1)


def _row(one: Instance) -> list[str]:
    problems = [*one.problems, *([] if one.ok else [one.message or "gives no answer"])]
    return [short(one.host), one.role, one.address, one.live.release if one.live else "-", _first(problems)]


def _first(problems: Sequence[str]) -> str:
    """The first of them, on one line, and how many more there are."""
    if not problems:
        return "-"
    text = " ".join(problems[0].split())
    more = f" (and {len(problems) - 1} more)" if problems[1:] else ""
    return (text if len(text) <= _PROBLEM else text[: _PROBLEM - 1] + "…") + more


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
