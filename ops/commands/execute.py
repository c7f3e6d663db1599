"""`exec`: a command in the live release, as the app runs."""

from typing import Annotated

import typer

from ops import call as calls
from ops.stack import workplace

Command = Annotated[list[str], typer.Argument(metavar="-- COMMAND", help="What to run, in the app's folder, as the app's user.")]
HostName = Annotated[str | None, typer.Option("--host", metavar="NAME", help="On which host [default: the first web host].")]


def execute(context: typer.Context, command: Command, host: HostName = None, stack: calls.Stack = None) -> None:
    """Run a command in the live release's environment."""
    raise typer.Exit(workplace.enter(calls.of(context)).deployment().run(command, host))
