"""`releases`: what can be served again."""

from collections.abc import Mapping
from typing import Any

import typer

from ops import call as calls
from ops import display, workplace


def releases(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """List the releases that the hosts keep."""
    call = calls.of(context)
    reach = workplace.enter(call).day_two()
    answers = {host.host: host.run(["releases"]) for host in reach.hosts}
    if call.as_json:
        hosts = [{"host": name, "releases": answer.get("releases") or []} for name, answer in answers.items()]
        display.document({"stack": call.stack, "hosts": hosts})
    else:
        rows = [_row(name, one) for name, answer in answers.items() for one in answer.get("releases") or []]
        shown = rows if len(answers) > 1 else [row[1:] for row in rows]
        columns = ["host", "release", "code", "prepared", "size", ""]
        display.table(columns if len(answers) > 1 else columns[1:], shown)
    _refuse_bad(answers)


def _row(host: str, one: Mapping[str, Any]) -> list[str]:
    mark = "live" if one.get("live") else "previous" if one.get("previous") else ""
    prepared = f"{display.age(one['prepared_at'])} ago" if one.get("prepared_at") else "-"
    return [display.host(host), str(one.get("id", "?")), str(one.get("code") or "-"), prepared, display.size(one.get("size")), mark]


def _refuse_bad(answers: Mapping[str, Mapping[str, Any]]) -> None:
    bad = [f"{name}: {answer.get('message') or 'gives no answer'}" for name, answer in answers.items() if not answer.get("ok")]
    for text in bad:
        display.line(f"slipway: {text}", stderr=True)
    if bad:
        raise typer.Exit(1)
