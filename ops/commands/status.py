"""`status`: what serves, on every host."""

from collections.abc import Sequence
from typing import Any

import typer

from components.deployment.answers import Facts, Instance, Live, Restore
from components.hosts.names import short
from ops import call as calls
from ops.display import tables
from ops.stack import workplace

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
            tables.table(["host", "role", "address", "live", "problems"], [_row(one) for one in instances])
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
        tables.table(["  process", "state", "pid", "up for", "memory"], rows)


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
