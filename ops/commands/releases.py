"""`releases` and `rollback`: what can be served again, through the gates of a new release."""

from typing import Annotated

import typer

from components.deployment.answers import Release
from components.errors import SlipwayError
from components.hosts.names import short
from ops import call as calls
from ops.display import tables
from ops.display.progress import shown
from ops.stack import engines, workplace

ReleaseId = Annotated[str | None, typer.Argument(metavar="[ID]", help="Which release [default: the one before].")]


def releases(call: calls.InJson) -> None:
    """List the releases that the hosts keep."""
    answers = workplace.enter(call).deployment(acts=False).releases()
    if call.as_json:
        hosts = [one.model_dump(include={"host", "releases"}) for one in answers]
        tables.document({"stack": call.stack, "hosts": hosts})
    else:
        rows = [_row(answer.host, one) for answer in answers for one in answer.releases]
        columns = ["host", "release", "code", "prepared", "size", ""]
        several = len(answers) > 1
        tables.table(columns if several else columns[1:], rows if several else [row[1:] for row in rows])
    calls.fail_if_bad(answers)


def _row(host: str, one: Release) -> list[str]:
    mark = "live" if one.live else "previous" if one.previous else ""
    prepared = f"{tables.age(one.prepared_at)} ago" if one.prepared_at else "-"
    return [short(host), one.id, one.code or "-", prepared, tables.size(one.size), mark]


def rollback(call: calls.InJson, release: ReleaseId = None) -> None:
    """Serve an earlier release again (not its schema)."""
    deployment = workplace.enter(call).deployment()
    deployment.key = lambda: engines.of(call).release_key()
    with shown(stderr=call.as_json):
        verdict = deployment.rollback(release)
    if call.as_json:
        tables.document({**vars(verdict), "url": deployment.url})
    elif verdict.ok:
        tables.line(f"Done: {deployment.url} serves release {verdict.live}")
    if not verdict.ok:
        raise SlipwayError(verdict.message)
