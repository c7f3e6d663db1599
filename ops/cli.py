"""The command line: which commands there are."""

from collections.abc import Callable

import typer

from ops import call as calls
from ops.commands import (
    adopt,
    backup,
    backups,
    browse,
    config,
    destroy,
    doctor,
    execute,
    init,
    logs,
    maintenance,
    plan,
    preview,
    releases,
    restore,
    rollback,
    stack_output,
    status,
    test,
    up,
    version,
)
from ops.guard import guarded

_SETTINGS = {"help_option_names": ["-h", "--help"]}
app = typer.Typer(
    rich_markup_mode=None,
    name="slipway",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)
config_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Change the stack's settings.")
stack_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Read what the stack put out.")


@app.callback()
def root(context: typer.Context, stack: calls.Stack = None, yes: calls.Yes = False, as_json: calls.Json = False) -> None:
    """Launch one WSGI app on any target.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 something is missing, 4 locked, 130 interrupted.
    """


_COMMANDS: dict[str, Callable[..., None]] = {
    "up": up.up,
    "preview": preview.preview,
    "plan": plan.plan,
    "status": status.status,
    "logs": logs.logs,
    "exec": execute.execute,
    "releases": releases.releases,
    "rollback": rollback.rollback,
    "backup": backup.backup,
    "backups": backups.backups,
    "restore": restore.restore,
    "maintenance": maintenance.maintenance,
    "open": browse.browse,
    "destroy": destroy.destroy,
    "init": init.init,
    "doctor": doctor.doctor,
    "adopt": adopt.adopt,
    "version": version.version,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(guarded(_command))

_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
app.command("test", context_settings=_PASS_ON)(guarded(test.run_tests))
config_app.command("set")(guarded(config.set_value))
stack_app.command("output")(guarded(stack_output.output))
app.add_typer(config_app, name="config")
app.add_typer(stack_app, name="stack")
