"""`backups`: what can be restored."""

from typing import TYPE_CHECKING

import typer

from ops import call as calls
from ops import display, workplace
from ops.answers import fail_if_bad

if TYPE_CHECKING:
    from components.answers import Backup


def backups(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """List the backups of the database."""
    call = calls.of(context)
    found = workplace.enter(call).deployment().backups()
    if call.as_json:
        told = found.model_dump(include={"host", "path", "problem", "backups"})
        display.document({"stack": call.stack, **told})
    else:
        display.table(["backup", "age", "engine", "release", "size", "rows", "reason"], [_row(one) for one in found.backups])
    if found.problem:
        display.line(f"slipway: {display.host(found.host)}: only those of the host itself: {found.problem}", stderr=True)
    fail_if_bad([found])


def _row(one: "Backup") -> list[str]:
    if one.dump is None:
        return [one.id, "-", "-", "-", "-", "-", "damaged: its backup.json can't be read"]
    rows = str(sum(one.rows.values()))
    return [one.id, display.age(one.at), one.engine or "-", one.release or "-", display.size(one.dump.bytes), rows, why(one)]


def why(one: "Backup") -> str:
    """Its reason, and of a server that is gone whose it is."""
    return ", ".join(filter(None, [one.reason, f"of {display.host(one.host)}" if one.host else ""]))
