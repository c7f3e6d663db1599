"""`adopt`: takes over a tree that another engine or backend manages."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops import call as calls
from ops import display, workplace
from ops.confirm import confirm

if TYPE_CHECKING:
    from components.owner import Owner
    from components.target import Place

ToPulumi = Annotated[bool, typer.Option("--to-pulumi", help="Leave it to whoever runs next: the Pulumi CLI.")]


def adopt(context: typer.Context, stack: calls.Stack = None, yes: calls.Yes = False, to_pulumi: ToPulumi = False) -> None:
    """Manage this stack's tree from here on, whoever did before."""
    from components import owner

    call = calls.of(context)
    place = workplace.place(call)
    new = None if to_pulumi else owner.current(place.project, place.stack)
    old = owner.read(place.tree)
    if old == new:
        display.line(f"Nothing to do: {_words(new)} manages stack {call.stack}.")
        return
    confirm(call, f"{_words(old)} manages stack {call.stack}; let {_words(new)} manage it from now on?")
    _mark(place, new)
    display.line(f"{_words(new)} manages stack {call.stack} from now on; before: {_words(old)}.")


def _mark(place: "Place", new: "Owner | None") -> None:
    """Without a mark the next engine that works on the tree puts its own there."""
    from components import owner

    if new is None:
        (place.tree / "owner.json").unlink(missing_ok=True)
    else:
        owner.adopt(place.tree, new)


def _words(owner: "Owner | None") -> str:
    return str(owner) if owner else "whoever runs next"
