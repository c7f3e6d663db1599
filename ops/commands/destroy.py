"""`destroy`: removes what `up` made; data stays unless its owner says the app's name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cloud_init.host.base.files import size_of
from components.deployment import Deployment
from components.deployment.answers import Kept
from components.errors import SlipwayError, UsageError
from ops import call as calls
from ops.display import results, tables
from ops.display.progress import shown
from ops.engine import Result
from ops.stack import engines, pulumi_cli, workplace

WithData = Annotated[str | None, typer.Option("--with-data", metavar="NAME", help="Remove the data too; NAME is the app's name.")]


def destroy(call: calls.Changing, with_data: WithData = None) -> None:
    """Remove what was launched; data stays unless --with-data."""
    launcher = engines.of_launched(call)
    work, name = launcher.work, launcher.work.settings.app.name
    if with_data is not None and launcher.foreign:
        pulumi_cli.refuse_data(call, launcher.foreign)
    if with_data is not None and with_data != name:
        if calls.on_terminal():  # a wrong name may be a wrong stack
            with_data = typer.prompt(f"--with-data removes the data of {name!r} for good. The app's name, to go on", err=True)
        if with_data != name:
            raise UsageError(f"--with-data: the app's name {name!r} is wanted, found {with_data!r}; nothing was changed")
    if launcher.foreign:
        _destroy_in_cloud(call, launcher)
        return
    # What a person protected would go on without the rest; Slipway protects nothing on hosts.
    resources = launcher.cli().state() if launcher.by_cli else []
    if names := [one["urn"].split("::")[-1] for one in resources if one.get("protect")]:
        way = f"pulumi state unprotect --all --stack {call.full}, then ./slipway -s {call.full} destroy"
        why = f"wanted nothing protected in the Pulumi CLI's state, found {', '.join(names)}"
        raise UsageError(f"stack {call.stack}: nothing was removed: {why}; to let it go: {way}")
    deployment = work.deployment()
    fate = "data too" if with_data else "data stays"
    calls.confirm(call, f"Destroy stack {call.stack}: the app {name!r} at {deployment.url} ({fate})?")
    last = _last_backup(call, work, deployment) if with_data is not None else None
    kept = [] if with_data is not None else _kept(deployment)
    result = launcher.run("destroy")
    if result.ok and with_data is not None:
        deployment.remove_data()
    _tell(call, result, kept if result.ok else [], f"./slipway -s {call.stack} destroy --with-data {name}", last)


def _destroy_in_cloud(call: calls.Call, launcher: engines.Launcher) -> None:
    """What was protected when it was launched stays, whatever the settings say by now."""
    there = {one["urn"]: one for one in launcher.cli().state() if one.get("custom")}
    kept = [urn for urn, one in there.items() if one.get("protect") or one.get("retainOnDelete")]
    bare = [one for one in launcher.foreign if (one.protect or one.retain) and one.urn in there and one.urn not in kept]
    if bare:
        why = f"{bare[0].name} is to be kept, and isn't protected as it was launched"
        raise UsageError(f"stack {call.stack}: nothing was removed: {why}; run ./slipway -s {call.full} up first")
    fate = "data stays" if kept else "nothing is protected: its data goes too"
    calls.confirm(
        call, f"Destroy stack {call.stack}: the app {launcher.work.settings.app.name!r} on {launcher.work.settings.target} ({fate})?"
    )
    result = launcher.run("destroy")
    stays = [Kept(f"{urn.split('::')[-1]}  {there[urn]['type']}", None) for urn in kept]
    _tell(call, result, stays if result.ok else [], pulumi_cli.to_remove(call) + pulumi_cli.copies(launcher.foreign), None)


def _kept(deployment: Deployment) -> list[Kept]:
    """The data that will stay; where that can't be told, it is said now."""
    found = deployment.kept()
    for one in found:
        if one.problem:
            tables.line(f"slipway: what stays on {one.path} isn't known: {one.problem}", stderr=True)
    return [one for one in found if not one.problem]


def _last_backup(call: calls.Call, work: workplace.Workplace, deployment: Deployment) -> Path | None:
    """A backup of folders and database that go with the stack; one that is somewhere else stays."""
    database = work.settings.database
    engine = "none" if database.placement == "external" else database.engine
    if engine == "none" and not work.settings.app.data:
        return None
    with shown(stderr=call.as_json):
        return deployment.save(engine, work.place.last_backups)


def _tell(call: calls.Call, result: Result, kept: Sequence[Kept], way: str, last: Path | None) -> None:
    if call.as_json:
        stays = [vars(one) for one in kept]
        tables.document({**results.as_json(result), "kept": stays, "last_backup": last and str(last)})
    elif result.ok:
        tables.line(f"Destroyed stack {call.stack}.")
        for one in kept:
            tables.line(f"Stays: {one.path}  {tables.size(one.bytes)}")
        if kept:
            tables.line(f"To remove it too: {way}")
    if last and not call.as_json:
        tables.line(f"Last backup: {last}  {tables.size(size_of(last))}")
    if not result.ok:
        raise SlipwayError(str(result.error))
