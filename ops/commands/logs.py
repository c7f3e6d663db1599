"""`logs`: the app's lines, from every host."""

import sys
from typing import Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.stack import workplace

Follow = Annotated[bool, typer.Option("-f", "--follow", help="Go on showing new lines.")]
Lines = Annotated[int, typer.Option("-n", "--lines", min=0, help="How many last lines.")]


def logs(context: typer.Context, stack: calls.Stack = None, follow: Follow = False, lines: Lines = 50) -> None:
    """Show the app's last log lines."""
    out = tables.Tolerant(sys.stdout)
    for text in workplace.enter(calls.of(context)).deployment().logs(lines, follow):
        out.write(text.rstrip("\n") + "\n")
        out.flush()
        if out.gone:
            return
