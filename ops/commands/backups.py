"""`backups`: what can be restored."""

from collections.abc import Mapping
from typing import Any

import typer

from ops import call as calls
from ops import display, workplace


def backups(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """List the backups of the database."""
    call = calls.of(context)
    host = workplace.enter(call).day_two().database_host
    answer = host.run(["backups"])
    if call.as_json:
        display.document({"stack": call.stack, "host": host.host, "path": answer.get("path"), "backups": answer.get("backups") or []})
    else:
        display.table(["backup", "age", "engine", "release", "size", "rows", "reason"], [_row(one) for one in answer.get("backups") or []])
    if answer.get("problem"):
        display.line(f"slipway: {display.host(host.host)}: only those of the host itself: {answer['problem']}", stderr=True)
    if not answer.get("ok"):
        display.line(f"slipway: {display.host(host.host)}: {answer.get('message') or 'gives no answer'}", stderr=True)
        raise typer.Exit(1)


def _row(one: Mapping[str, Any]) -> list[str]:
    if "dump" not in one:
        return [str(one["id"]), "-", "-", "-", "-", "-", "damaged: its backup.json can't be read"]
    rows = str(sum(one["rows"].values()))
    return [
        one["id"],
        display.age(one["at"]),
        one["engine"],
        one["release"] or "-",
        display.size(one["dump"]["bytes"]),
        rows,
        why(one),
    ]


def why(one: Mapping[str, Any]) -> str:
    """Its reason, and of a server that is gone whose it is."""
    return ", ".join([*filter(None, [one["reason"]]), *([f"of {display.host(one['host'])}"] if "host" in one else [])])
