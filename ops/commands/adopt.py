"""`adopt`: takes over a tree that another engine or backend manages."""

from typing import TYPE_CHECKING

import typer

from ops import call as calls
from ops import display, workplace
from ops.confirm import confirm

if TYPE_CHECKING:
    from components.owner import Owner


def adopt(context: typer.Context, stack: calls.Stack = None, yes: calls.Yes = False) -> None:
    """Manage this stack's tree from here on, whoever did before."""
    from components import owner

    call = calls.of(context)
    place = workplace.place(call)
    new = owner.current(place.project, place.stack)
    old = owner.read(place.tree)
    if old == new:
        display.line(f"Nothing to do: {_words(new)} manages stack {call.stack}.")
        return
    before = _words(old) if old else "nobody"
    confirm(call, f"{before} manages stack {call.stack}; let {_words(new)} manage it from now on?")
    owner.adopt(place.tree, new)
    display.line(f"{_words(new)} manages stack {call.stack} now; before: {before}.")


def _words(owner: "Owner") -> str:
    return f"engine {owner.engine!r} (backend {owner.backend}, {owner.project}/{owner.stack})"
