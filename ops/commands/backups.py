"""`backups`: what can be restored."""

from typing import TYPE_CHECKING

import typer

from ops import call as calls
from ops.display import tables
from ops.display.answers import fail_if_bad
from ops.stack import workplace

if TYPE_CHECKING:
    from components.deployment.answers import Backup


def backups(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """List the backups of the database."""
    call = calls.of(context)
    found = workplace.enter(call).deployment().backups()
    if call.as_json:
        told = found.model_dump(include={"host", "path", "problem", "backups"})
        tables.document({"stack": call.stack, **told})
    else:
        tables.table(["backup", "age", "engine", "release", "size", "rows", "reason"], [_row(one) for one in found.backups])
    if found.problem:
        tables.line(f"slipway: {tables.host(found.host)}: only those of the host itself: {found.problem}", stderr=True)
    fail_if_bad([found])


def _row(one: "Backup") -> list[str]:
    if one.dump is None:
        return [one.id, "-", "-", "-", "-", "-", "damaged: its backup.json can't be read"]
    rows = str(sum(one.rows.values()))
    return [one.id, tables.age(one.at), one.engine or "-", one.release or "-", tables.size(one.dump.bytes), rows, why(one)]


def why(one: "Backup") -> str:
    """Its reason, and of a server that is gone whose it is."""
    return ", ".join(filter(None, [one.reason, f"of {tables.host(one.host)}" if one.host else ""]))
