"""`destroy`: removes what `up` made; data stays unless its owner says the app's name."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ops import call as calls
from ops import display, plan_display, workplace
from ops.commands.up import run
from ops.confirm import confirm, require_terminal

if TYPE_CHECKING:
    from components.target import DayTwo
    from components.transport import Kept, Launched
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
    reach = work.day_two()
    fate = "data too" if with_data else "data stays"
    confirm(call, f"Destroy stack {call.stack}: the app {name!r} at {reach.url} ({fate})?")
    last = _last_backup(call, work, reach) if with_data is not None else None
    kept = [] if with_data is not None else _kept(reach)
    result = run(work, "destroy", stderr=call.as_json)
    if result.ok and with_data is not None:
        for host in _launched(reach):
            host.remove(keep_data=False)
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


def _launched(reach: "DayTwo") -> "Sequence[Launched]":
    """All of them: who launched others was told before that this isn't the way to remove them."""
    return cast("Sequence[Launched]", reach.hosts)


def _kept(reach: "DayTwo") -> "list[Kept]":
    """The data that will stay; a host that can't tell now is no reason to stop."""
    from components.errors import SlipwayError

    found: list[Kept] = []
    for host in _launched(reach):
        try:
            found += host.kept()
        except SlipwayError as error:
            display.line(f"slipway: what stays on {display.host(host.host)} isn't known: {error}", stderr=True)
    return found


def _last_backup(call: calls.Call, work: workplace.Workplace, reach: "DayTwo") -> Path | None:
    """Of the database that goes with the stack; one that is somewhere else stays."""
    from components import progress
    from ops.progress_display import Progress

    database = work.settings.database
    if database.engine == "none" or database.placement == "external":
        return None
    host = cast("Launched", reach.database_host)
    with Progress(stderr=call.as_json) as shown, progress.listen(shown.host):
        return host.save(database.engine, work.place.last_backups, lambda event: progress.tell(host.host, event))


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
