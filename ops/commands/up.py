"""`up`: shows what would change, asks, changes it, tells the address."""

from typing import TYPE_CHECKING, Literal

import typer

from ops import call as calls
from ops.display import changes, tables
from ops.display.confirm import confirm
from ops.stack import engines, workplace

if TYPE_CHECKING:
    from ops.engine import Event, Result


def up(context: typer.Context, stack: calls.Stack = None, yes: calls.Yes = False, as_json: calls.Json = False) -> None:
    """Launch the app, or bring what is launched up to date."""
    call = calls.of(context)
    chosen = engines.of(call)
    work = chosen.work
    if call.yes:
        _install(work)
    chosen, plan = _plan(call, chosen)
    if changes.changes(plan.counts) == 0:
        _nothing_to_do(call, work, plan)
        return
    if not call.as_json:
        changes.show(plan)
    if not call.yes:
        if not (work.target.THIS_MACHINE and changes.only_creates(plan)):
            confirm(call, f"Make these changes to stack {call.stack}?")
        _install(work)
    _finish(call, run(chosen, "up", stderr=call.as_json))


def _plan(call: calls.Call, chosen: engines.Launcher) -> "tuple[engines.Launcher, Result]":
    """The Pulumi CLI plans no stack that isn't there: it is made first, after a yes."""
    from components.errors import NoStackError

    try:
        return engines.planned(call, chosen, warn)
    except NoStackError:
        confirm(call, f"The Pulumi CLI knows no stack {call.full} yet; make it, to plan it?")
        chosen.cli().make()
        return engines.planned(call, chosen, warn)


def _install(work: workplace.Workplace) -> None:
    """What the target wants on this machine: not before it is known that the launch goes on."""
    from ops.setup import install

    install.ensure(lambda: work.target.needs(work.settings))


def warn(event: "Event") -> None:
    """A plan is shown whole at its end; only warnings come before."""
    if event.severity == "warning":
        tables.line(f"warning: {event.text}", stderr=True)


def run(chosen: engines.Launcher, verb: Literal["up", "destroy"], stderr: bool = False) -> "Result":
    """Lets the engine work (`up` or `destroy`) while its progress and the hosts' is shown."""
    from ops.display.progress import shown

    with shown(stderr) as progress:
        engine = chosen.engine(progress.engine)
        return engine.up() if verb == "up" else engine.destroy()


def _finish(call: calls.Call, result: "Result") -> None:
    if call.as_json:
        tables.document(changes.as_json(result))
    elif result.ok:
        tables.line(f"Done: {result.outputs.get('url', '')} serves release {result.outputs.get('release', '?')}")
    if not result.ok:
        tables.line(f"slipway: {result.error}", stderr=True)
        raise typer.Exit(1)


def _nothing_to_do(call: calls.Call, work: workplace.Workplace, plan: "Result") -> None:
    if call.as_json:
        tables.document(changes.as_json(plan))
        return
    release = plan.outputs.get("release", "?")
    tables.line(f"Nothing to do: {plan.outputs.get('url', '')} serves release {release}{_age(work)}")


def _age(work: workplace.Workplace) -> str:
    """Since when it serves, where that is told."""
    from components.errors import SlipwayError

    try:
        lives = [one.live for one in work.deployment().status()]
    except SlipwayError:
        return ""
    return f" ({tables.age(lives[0].since)} old)" if lives and lives[0] and lives[0].since else ""
