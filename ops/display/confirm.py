"""Asking before anything changes."""

import sys

import typer

from ops.call import Call, refuse
from ops.display import tables


def on_terminal() -> bool:
    """Whether somebody can answer."""
    return bool(sys.stdin and sys.stdin.isatty())


def confirm(call: Call, question: str) -> None:
    """Goes on after a yes or with `--yes`; without a terminal only with `--yes`."""
    if call.yes:
        return
    require_terminal("nobody can be asked here: pass --yes to go on")
    if not typer.confirm(question, default=False, err=True):
        tables.line("Nothing was changed.", stderr=True)
        raise typer.Exit(1)


def require_terminal(otherwise: str) -> None:
    """Refuses to ask where nobody answers."""
    if not on_terminal():
        refuse(otherwise)
