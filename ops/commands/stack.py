"""`config set` and `stack output`: a stack's settings, and what came out of its last `up`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cloud_init.host.base import masking
from components import owner
from components.errors import UsageError
from ops import cli as calls
from ops import engine
from ops.display import tables
from ops.stack import project, workplace

Key = Annotated[str, typer.Argument(metavar="KEY", help="For instance slipway:target; with --path slipway:app.name.")]
Value = Annotated[str | None, typer.Argument(metavar="[VALUE]", help="Asked for, or read from standard input, if left out.")]
Secret = Annotated[bool, typer.Option("--secret", help="Encrypt the value.")]
IsPath = Annotated[bool, typer.Option("--path", help="KEY is a path into an object or a list.")]
Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this output, as it is.")]
ShowSecrets = Annotated[bool, typer.Option("--show-secrets", help="Show secret outputs too.")]


def set_value(call: calls.OfStack, key: Key, value: Value = None, secret: Secret = False, path: IsPath = False) -> None:
    """Set one value of the stack's settings."""
    workplace.check_name(call.stack)
    if value is None:  # so a secret stays out of the shell's history and the process list
        asked = calls.on_terminal()
        value = str(typer.prompt(key, hide_input=secret, err=True)) if asked else sys.stdin.read().removesuffix("\n")
    project.set_config(project.load_project(Path.cwd()), call.stack, key, value, secret=secret, path=path)
    tables.line(f"Set {key} in Pulumi.{call.stack}.yaml" + (" (encrypted)" if secret else ""), stderr=True)


def output(call: calls.InJson, name: Name = None, show_secrets: ShowSecrets = False) -> None:
    """Show the stack's outputs."""
    values = _read(call, show_secrets)
    where = f"run ./slipway up, or where the Pulumi CLI launched it `pulumi stack output --stack {call.full}`"
    if name is not None and name not in values:
        known = ", ".join(values) or f"none yet: {where}"
        raise UsageError(f"stack {call.stack!r} has no output {name!r}; outputs: {known}")
    if not values:
        tables.line(f"slipway: stack {call.stack} put nothing out here; {where}", stderr=True)
    if name is not None:
        return calls.tell(call, values[name], _text(values[name]))
    calls.tell(call, values, tables.table(["output", "value"], [[key, _text(value)] for key, value in values.items()]))


def _read(call: calls.Call, show_secrets: bool) -> dict[str, Any]:
    place = workplace.place(call)
    if why := owner.elsewhere(place.tree):
        tables.line(f"slipway: {why}", stderr=True)
    if (noted := owner.read(place.tree)) and noted.engine == owner.CLI:
        return {}  # what this engine put out before is no longer so
    found = project.load_project(place.folder)
    state = engine.Engine(found, project.load_stack(found, call.stack)).state()
    hidden = () if show_secrets else state.hidden
    if show_secrets:
        masking.forget()
    return {key: "[secret]" if key in hidden else value for key, value in state.outputs.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
