"""`config set`: writes one value into the stack file, as `pulumi config set` does."""

import sys
from typing import Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.display.confirm import on_terminal
from ops.stack import workplace

Key = Annotated[str, typer.Argument(metavar="KEY", help="For instance slipway:target; with --path slipway:app.name.")]
Value = Annotated[str | None, typer.Argument(metavar="[VALUE]", help="Asked for, or read from standard input, if left out.")]
Secret = Annotated[bool, typer.Option("--secret", help="Encrypt the value.")]
Path = Annotated[bool, typer.Option("--path", help="KEY is a path into an object or a list.")]


def set_value(
    context: typer.Context,
    key: Key,
    value: Value = None,
    secret: Secret = False,
    path: Path = False,
    stack: calls.Stack = None,
) -> None:
    """Set one value of the stack's settings."""
    from ops.stack.project import load_project
    from ops.stack.set_config import set_config

    call = calls.of(context)
    workplace.check_name(call.stack)
    text = _read_value(key, secret) if value is None else value
    set_config(load_project(workplace.folder()), call.stack, key, text, secret=secret, path=path)
    tables.line(f"Set {key} in Pulumi.{call.stack}.yaml" + (" (encrypted)" if secret else ""), stderr=True)


def _read_value(key: str, secret: bool) -> str:
    """Keeps a secret out of the shell's history and the process list."""
    if on_terminal():
        return str(typer.prompt(key, hide_input=secret, err=True))
    return sys.stdin.read().removesuffix("\n")
