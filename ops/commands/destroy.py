"""`destroy`: removes what `up` made; data stays unless its owner says the app's name."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops import call as calls
from ops import display, plan_display, workplace
from ops.commands.up import run
from ops.confirm import confirm, require_terminal

if TYPE_CHECKING:
    from components.answers import Kept
    from components.deployment import Deployment
    from ops.engine import Result

WithData = Annotated[str | None, typer.Option("--with-data", metavar="NAME", help="Remove the data too; NAME is the app's name.")]


def destroy(
    context: typer.Context,
    stack: calls.Stack = None,
    yes: calls.Yes = False,
    as_json: calls.Json = False,
    with_data: WithData = None,
) -> None:
    """Remove what was launched; data stays unless --with-data."""
    call = calls.of(context)
    _refuse_what_others_launched(call, with_data is not None)
    work = workplace.enter(call)
    name = work.settings.app.name
    if with_data is not None and with_data != name:
        _ask_for_name(name, with_data)
    reach = work.deployment()
    fate = "data too" if with_data else "data stays"
    confirm(call, f"Destroy stack {call.stack}: the app {name!r} at {reach.url} ({fate})?")
    last = _last_backup(call, work, reach) if with_data is not None else None
    kept = [] if with_data is not None else _kept(reach)
    result = run(work, "destroy", stderr=call.as_json)
    if result.ok and with_data is not None:
        reach.remove_data()
    _tell(call, result, kept if result.ok else [], name, last)


def _refuse_what_others_launched(call: calls.Call, with_data: bool) -> None:
    """Nothing of it is in this engine's state, so it would be called destroyed while it serves."""
    from components import owner
    from components.errors import UsageError
    from ops import pulumi_cli

    work = workplace.enter(call, sealed=True)
    mine = owner.Owner(owner.IN_PROCESS, "this folder", work.place.project, work.place.stack)
    if refused := owner.refusal(work.place.tree, mine):
        raise UsageError(refused)
    if found := pulumi_cli.elsewhere(work):
        raise pulumi_cli.not_destroyed(call, found, with_data)


def _kept(reach: "Deployment") -> "list[Kept]":
    """The data that will stay; where that can't be told, it is said now."""
    found = reach.kept()
    for one in found:
        if one.problem:
            display.line(f"slipway: what stays on {one.path} isn't known: {one.problem}", stderr=True)
    return [one for one in found if not one.problem]


def _last_backup(call: calls.Call, work: workplace.Workplace, reach: "Deployment") -> Path | None:
    """Of the database that goes with the stack; one that is somewhere else stays."""
    from ops.progress_display import shown

    database = work.settings.database
    if database.engine == "none" or database.placement == "external":
        return None
    with shown(stderr=call.as_json):
        return reach.save(database.engine, work.place.last_backups)


def _ask_for_name(name: str, found: str) -> None:
    """A wrong name may be a wrong stack."""
    from components.errors import UsageError

    require_terminal(f"--with-data: the app's name {name!r} is wanted, found {found!r}; nothing was changed")
    answer = typer.prompt(f"--with-data removes the data of {name!r} for good. The app's name, to go on", err=True)
    if answer != name:
        raise UsageError(f"--with-data: the app's name {name!r} is wanted, found {answer!r}; nothing was changed")


def _tell(call: calls.Call, result: "Result", kept: "Sequence[Kept]", name: str, last: Path | None) -> None:
    from cloud_init.host.files import size_of

    if call.as_json:
        shown = [vars(one) for one in kept]
        display.document({**plan_display.as_json(result), "kept": shown, "last_backup": last and str(last)})
    elif result.ok:
        display.line(f"Destroyed stack {call.stack}.")
        _list_kept(call, kept, name)
    if last and not call.as_json:
        display.line(f"Last backup of the database: {last}  {display.size(size_of(last))}")
    if not result.ok:
        display.line(f"slipway: {result.error}", stderr=True)
        raise typer.Exit(1)


def _list_kept(call: calls.Call, kept: "Sequence[Kept]", name: str) -> None:
    for one in kept:
        display.line(f"Stays: {one.path}  {display.size(one.bytes)}")
    if kept:
        display.line(f"To remove it too: ./slipway -s {call.stack} destroy --with-data {name}")
