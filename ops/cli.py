"""The command line: which commands there are, what every one is told by options, before or after it
(the stack, whether to ask, JSON), and how they ask and end: in plain words, no traceback."""

import importlib
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import RenderableType
from typer.core import TyperGroup
from typer.main import get_command

from cloud_init.host.base import masking
from components.hosts.names import short
from ops import INTERRUPTED
from ops.display import tables

if TYPE_CHECKING:
    from components.deployment.answers import Answer

_COMMANDS = {
    "slipway": {
        "up": "ops.commands.launch.up",
        "preview": "ops.commands.launch.preview",
        "plan": "ops.commands.plan.plan",
        "status": "ops.commands.app.status",
        "logs": "ops.commands.app.logs",
        "exec": "ops.commands.app.execute",
        "releases": "ops.commands.app.releases",
        "rollback": "ops.commands.app.rollback",
        "backup": "ops.commands.app.backup",
        "backups": "ops.commands.app.backups",
        "restore": "ops.commands.app.restore",
        "maintenance": "ops.commands.app.maintenance",
        "bundle": "ops.commands.app.bundle",
        "destroy": "ops.commands.launch.destroy",
        "init": "ops.commands.init.init",
        "doctor": "ops.commands.doctor.doctor",
        "adopt": "ops.commands.launch.adopt",
        "version": "ops.commands.version.version",
        "test": "tools.testing.run_tests",
    },
    "config": {"set": "ops.commands.stack.set_value"},
    "stack": {"output": "ops.commands.stack.output"},
}
"""For each group its commands: the module and the function in it."""
_SECRET = re.compile("PASSPHRASE$|PASSWORD|SECRET|TOKEN")
"""Variables of this process that hold secrets: of Pulumi, of clouds, of registries."""
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@dataclass
class Call:
    """One run of the command line."""

    full: str = "dev"
    """The stack as it was named: the CLI looks for one without organisation in the person's own."""
    yes: bool = False
    as_json: bool = False

    @property
    def stack(self) -> str:
        """The stack's own name: `organisation/project/dev` is `dev`."""
        return self.full.rpartition("/")[2]


def of(context: typer.Context, said: Mapping[str, Any]) -> Call:
    """The call that the root command began, with what is `said` by options beside."""
    if not isinstance(context.obj, Call):
        context.obj = Call(os.environ.get("SLIPWAY_STACK") or "dev")
    call = context.obj
    if said.get("stack") is not None:
        call.full = said["stack"]
    call.yes, call.as_json = call.yes or bool(said.get("yes")), call.as_json or bool(said.get("as_json"))
    return call


def tell(call: Call, document: Any, shown: RenderableType | None) -> None:
    """What came of a command: the document with `--json`, else what is for people, if anything."""
    if call.as_json:
        tables.document(document)
    elif shown is not None:
        tables.line(shown)


def fail_if_bad(answers: "Sequence[Answer]") -> None:
    """Tells of each that isn't well why; ends the command if there is one."""
    told = []
    for one in (one for one in answers if not one.ok):
        where = ", ".join(filter(None, [short(one.host), one.step]))
        told.append("\n  | ".join([f"{where}: {one.message or 'gives no answer'}", *one.log]))
    if told:
        from components.errors import SlipwayError

        raise SlipwayError("\nslipway: ".join(told))


def on_terminal() -> bool:
    """Whether somebody can answer."""
    return bool(sys.stdin and sys.stdin.isatty())


def confirm(call: Call, question: str) -> None:
    """Goes on after a yes or with `--yes`; without a terminal only with `--yes`."""
    if call.yes:
        return
    if not on_terminal():
        from components.errors import UsageError

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


class _Group(TyperGroup):
    """Imports a command when it is asked for: all of them would double the start of each."""

    def __init__(self, *, name: str, commands: dict[str, Any], **rest: Any) -> None:
        known: dict[str, Any] = dict.fromkeys(_COMMANDS[name])
        super().__init__(name=name, commands=known | commands, **rest)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if place := _COMMANDS[str(self.name)].get(cmd_name):
            module, _, function = place.rpartition(".")
            try:
                found = guarded(getattr(importlib.import_module(module), function))
            except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  (told as what a command raises)
                _end(error, of(ctx, ctx.params))
            made = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
            made.command(cmd_name, context_settings=_PASS_ON if cmd_name == "test" else None)(found)
            return get_command(made)
        return super().get_command(ctx, cmd_name)


def _group(name: str, **more: Any) -> typer.Typer:
    return typer.Typer(cls=_Group, rich_markup_mode=None, name=name, no_args_is_help=True, **more)


app = _group("slipway", add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]})
app.add_typer(_group("config", help="Change the stack's settings."))
app.add_typer(_group("stack", help="Read what the stack put out."))


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The command for typer: it gets its call, which options fill in that no command needs to read
    itself; whatever it raises is told in plain words."""
    own = inspect.signature(command).parameters
    shared = {name: OPTIONS[name] for name in getattr(own["call"].annotation, "__metadata__", ())}

    def run(context: typer.Context, **given: Any) -> None:
        call = of(context, {name: given.pop(name) for name in shared})
        try:
            command(call, **given)
        except (typer.Exit, typer.Abort):
            raise
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  (the one place where an unexpected error ends)
            _end(error, call)

    keyword = inspect.Parameter.KEYWORD_ONLY
    options = [one.replace(kind=keyword) for name, one in own.items() if name != "call"]
    options += [inspect.Parameter(name, keyword, default=None, annotation=one) for name, one in shared.items()]
    run.__doc__ = command.__doc__
    first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    vars(run)["__signature__"] = inspect.Signature([first, *options])
    return run


def root(call: Changing) -> None:
    """Launch one WSGI app on any target.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 something is missing, 4 locked, 130 interrupted.
    """
    masking.forget()
    masking.know([value for name, value in os.environ.items() if _SECRET.search(name)])


app.callback()(guarded(root))


def _end(error: BaseException, call: Call) -> NoReturn:
    from components.errors import SlipwayError  # with Pulumi's SDK, which is most of what a start takes

    if isinstance(error, KeyboardInterrupt):
        tables.line(INTERRUPTED.format(f" -s {call.stack}"), stderr=True)
        sys.unraisablehook = lambda _: None  # what was cut off may complain while Python ends
        raise typer.Exit(130)
    if isinstance(error, BrokenPipeError):
        raise typer.Exit(0)
    if isinstance(error, SlipwayError):
        _say(str(error))
        raise typer.Exit(error.exit_code)
    text = str(error).strip().partition("\n")[0]
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    _say(f"internal error: {what} (details in {_record(call.stack)})")
    raise typer.Exit(1)


def _say(text: str) -> None:
    tables.line(f"slipway: {text}", stderr=True)


def _record(stack: str) -> str:
    """Writes the traceback where the stack's other files are; 0600, as it may quote settings."""
    path = Path(".slipway") / stack / "crash.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(masking.masked(traceback.format_exc()))
    except OSError as problem:
        tables.line(traceback.format_exc(), stderr=True)
        return f"no file: {problem.strerror}"
    return str(path)
