"""What every command is told by options, before or after it: the stack, whether to ask, JSON.

And how it asks and ends."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from components.deployment.answers import Answer
from components.errors import SlipwayError, UsageError
from components.hosts.names import short
from ops.display import tables


@dataclass
class Call:
    """One run of the command line."""

    full: str = "dev"
    """The stack as it was named: the CLI looks for one without organisation in the person's own."""
    yes: bool = False
    as_json: bool = False
    named: bool = False
    """Somebody said which stack; it isn't just the default."""

    @property
    def stack(self) -> str:
        """The stack's own name: `organisation/project/dev` is `dev`."""
        return self.full.rpartition("/")[2]


def of(context: typer.Context, said: Mapping[str, Any]) -> Call:
    """The call that the root command began, with what is `said` by options beside."""
    if not isinstance(context.obj, Call):
        named = os.environ.get("SLIPWAY_STACK")
        context.obj = Call(named or "dev", named=bool(named))
    call = context.obj
    if said.get("stack") is not None:
        call.full, call.named = said["stack"], True
    call.yes, call.as_json = call.yes or bool(said.get("yes")), call.as_json or bool(said.get("as_json"))
    return call


def tell(call: Call, document: Any, shown: RenderableType | None) -> None:
    """What came of a command: the document with `--json`, else what is for people, if anything."""
    if call.as_json:
        tables.document(document)
    elif shown is not None:
        tables.line(shown)


def fail_if_bad(answers: Sequence[Answer]) -> None:
    """Tells of each that isn't well why; ends the command if there is one."""
    told = []
    for one in (one for one in answers if not one.ok):
        where = ", ".join(filter(None, [short(one.host), one.step]))
        told.append("\n  | ".join([f"{where}: {one.message or 'gives no answer'}", *one.log]))
    if told:
        raise SlipwayError("\nslipway: ".join(told))


def on_terminal() -> bool:
    """Whether somebody can answer."""
    return bool(sys.stdin and sys.stdin.isatty())


def confirm(call: Call, question: str) -> None:
    """Goes on after a yes or with `--yes`; without a terminal only with `--yes`."""
    if call.yes:
        return
    if not on_terminal():
        raise UsageError("nobody can be asked here: pass --yes to go on")
    if not typer.confirm(question, default=False, err=True):
        tables.line("Nothing was changed.", stderr=True)
        raise typer.Exit(1)


OPTIONS: Mapping[str, Any] = {
    "stack": Annotated[
        str | None,
        typer.Option("--stack", "-s", help="Which stack [default: $SLIPWAY_STACK or dev].", show_default=False),
    ],
    "yes": Annotated[bool | None, typer.Option("--yes", "-y", help="Go on without asking.")],
    "as_json": Annotated[bool | None, typer.Option("--json", help="Print one JSON document.")],
}
"""Options that a command may take; the annotation of its `call` names those that it does."""
OfStack = Annotated[Call, "stack"]
InJson = Annotated[Call, "stack", "as_json"]
Asking = Annotated[Call, "stack", "yes"]
Changing = Annotated[Call, "stack", "yes", "as_json"]
