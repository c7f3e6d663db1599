"""`exec`: a command in the live release, as the app runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops import call as calls
from ops import workplace

if TYPE_CHECKING:
    from components.target import DayTwo
    from components.transport import Transport

Command = Annotated[list[str], typer.Argument(metavar="-- COMMAND", help="What to run, in the app's folder, as the app's user.")]
HostName = Annotated[str | None, typer.Option("--host", metavar="NAME", help="On which host [default: the first web host].")]


def execute(context: typer.Context, command: Command, host: HostName = None, stack: calls.Stack = None) -> None:
    """Run a command in the live release's environment."""
    reach = workplace.enter(calls.of(context)).day_two()
    raise typer.Exit(_chosen(reach, host).attach(["exec", "--", *command]))


def _chosen(reach: "DayTwo", name: str | None) -> "Transport":
    from components.errors import UsageError
    from components.host_names import is_called, short

    for host in reach.web:
        if name is None or is_called(host.host, name):
            return host
    raise UsageError(f"--host: a web host is wanted, found {name!r}; there are: {', '.join(short(host.host) for host in reach.web)}")
