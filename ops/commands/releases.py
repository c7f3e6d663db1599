"""`releases`: what can be served again."""

from typing import TYPE_CHECKING

import typer

from ops import call as calls
from ops import display, workplace
from ops.answers import fail_if_bad

if TYPE_CHECKING:
    from components.answers import Release


def releases(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """List the releases that the hosts keep."""
    call = calls.of(context)
    answers = workplace.enter(call).deployment().releases()
    if call.as_json:
        hosts = [one.model_dump(include={"host", "releases"}) for one in answers]
        display.document({"stack": call.stack, "hosts": hosts})
    else:
        rows = [_row(answer.host, one) for answer in answers for one in answer.releases]
        columns = ["host", "release", "code", "prepared", "size", ""]
        several = len(answers) > 1
        display.table(columns if several else columns[1:], rows if several else [row[1:] for row in rows])
    fail_if_bad(answers)


def _row(host: str, one: "Release") -> list[str]:
    mark = "live" if one.live else "previous" if one.previous else ""
    prepared = f"{display.age(one.prepared_at)} ago" if one.prepared_at else "-"
    return [display.host(host), one.id, one.code or "-", prepared, display.size(one.size), mark]
