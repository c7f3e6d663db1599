"""`adopt`: takes over a tree that another engine or backend manages."""

from typing import Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.display.confirm import confirm
from ops.stack import workplace

ToPulumi = Annotated[bool, typer.Option("--to-pulumi", help="Let the Pulumi CLI manage it, in the backend of now.")]


def adopt(context: typer.Context, stack: calls.Stack = None, yes: calls.Yes = False, to_pulumi: ToPulumi = False) -> None:
    """Manage this stack's tree from here on, whoever did before."""
    from components import owner

    call = calls.of(context)
    place = workplace.place(call)
    new = owner.of(owner.CLI if to_pulumi else owner.IN_PROCESS, place.project, place.stack)
    old = owner.read(place.tree)
    if old == new:
        tables.line(f"Nothing to do: {new} manages stack {call.stack}.")
        return
    before = old or "whoever runs next"
    confirm(call, f"{before} manages stack {call.stack}; let {new} manage it from now on?")
    owner.adopt(place.tree, new)
    tables.line(f"{new} manages stack {call.stack} from now on; before: {before}.")
