"""`up`, `preview` and `adopt`: launching the app, what that would change, who manages its tree."""

from typing import Annotated

import typer

from components import owner
from components.errors import NoStackError, SlipwayError, UsageError
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
    old = owner.read(place.tree)
    if why := owner.elsewhere(place.tree):
        raise UsageError(why)
    if old == new:
        tables.line(f"Nothing to do: {new} manages stack {call.stack}.")
        return
    calls.confirm(call, f"{old or 'whoever runs next'} manages stack {call.stack}; let {new} manage it from now on?")
    owner.adopt(place.tree, new)
    tables.line(f"{new} manages stack {call.stack} from now on; before: {old or 'whoever runs next'}.")


def _finish(call: calls.Call, result: Result, how: str) -> None:
    """Tells how it ended."""
    if call.as_json:
        tables.document(results.as_json(result))
    elif result.ok:
        tables.line(f"{how}: {result.outputs.get('url', '')} serves release {result.outputs.get('release', '?')}")
    if not result.ok:
        raise SlipwayError(str(result.error))
