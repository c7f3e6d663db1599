"""`up`, `preview` and `adopt`: launching the app, what that would change, who manages its tree."""

import time
from pathlib import Path
from typing import Annotated

import typer

from cloud_init.host.base.files import read_object
from components import owner
from components.errors import NoStackError, SlipwayError, UsageError
from components.hosts import transport
from ops import call as calls
from ops.display import results, tables
from ops.engine import Result
from ops.stack import engines, workplace

ToPulumi = Annotated[bool, typer.Option("--to-pulumi", help="Let the Pulumi CLI manage it, in the backend of now.")]


def up(call: calls.Changing) -> None:
    """Launch the app, or bring what is launched up to date."""
    launcher = engines.of(call)
    try:
        launcher, plan = engines.planned(launcher)
    except NoStackError:
        calls.confirm(call, f"The Pulumi CLI knows no stack {call.full} yet; make it, to plan it?")
        launcher.cli().make()
        launcher, plan = engines.planned(launcher)
    if results.count(plan.counts) == 0:
        return _finish(call, plan, "Nothing to do")
    if not call.as_json:
        results.show(plan)
    if not (launcher.work.target.THIS_MACHINE and results.only_creates(plan)):
        calls.confirm(call, f"Make these changes to stack {call.stack}?")
    launcher.work.install_needs()
    _finish(call, launcher.run("up"), "Done")


def preview(call: calls.InJson) -> None:
    """Show what `up` would change; change nothing."""
    _, plan = engines.planned(engines.of(call))
    if call.as_json:
        tables.document(results.as_json(plan))
    else:
        results.show(plan)


def adopt(call: calls.Asking, to_pulumi: ToPulumi = False) -> None:
    """Manage this stack's tree from here on, whoever did before."""
    place = workplace.place(call)
    new = owner.of(owner.CLI if to_pulumi else owner.IN_PROCESS, place.project, place.stack)
    old, origin = owner.read(place.tree), owner.origin(place.tree)
    if origin and owner.is_launched(origin):
        return _start_anew(call, place.tree, origin)
    if old == new and not origin:
        tables.line(f"Nothing to do: {new} manages stack {call.stack}.")
        return
    change = f"{old or 'whoever runs next'} manages stack {call.stack}; let {new} manage it from now on?"
    moved = f"Stack {call.stack} was launched as {origin}; end what runs of it, until the next `up`?"
    calls.confirm(call, " ".join([change] * (old != new) + [moved] * bool(origin)))
    if origin:
        noted = place.tree / "etc/slipway/host.json"  # as it was launched, whatever the settings say by now
        if not (facts := read_object(noted)):
            raise UsageError(f"{noted}: wanted what was launched, found none, or a damaged one; put it back, or move the folder back")
        transport.connect({**facts, "root": str(place.tree)}).settle(origin)
    owner.adopt(place.tree, new)
    if old != new:
        tables.line(f"{new} manages stack {call.stack} from now on; before: {old or 'whoever runs next'}.")
    if origin:
        tables.line(f"Nothing runs of {origin} any more; its data is here. Next: ./slipway -s {call.full} up")


def _start_anew(call: calls.Call, tree: Path, origin: Path) -> None:
    """A copy is put aside whole: what runs is the original's, and nothing copied is lost."""
    aside = tree.with_name(f"{tree.name}-copied-{time.strftime('%Y%m%d-%H%M%S')}")
    calls.confirm(call, f"{tree} is a copy of {origin}, which goes on as it is. Put the copy aside as {aside.name}, to start anew here?")
    tree.rename(aside)
    tables.line(f"Nothing is launched here now; what was copied is in {aside}. Next: ./slipway -s {call.full} up")


def _finish(call: calls.Call, result: Result, how: str) -> None:
    """Tells how it ended."""
    if call.as_json:
        tables.document(results.as_json(result))
    elif result.ok:
        tables.line(f"{how}: {result.outputs.get('url', '')} serves release {result.outputs.get('release', '?')}")
    if not result.ok:
        raise SlipwayError(str(result.error))
