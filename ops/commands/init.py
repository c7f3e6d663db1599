"""`init`: a stack file for an existing app."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.setup import initialise
from ops.stack import workplace

if TYPE_CHECKING:
    from components.source import AppSource

AppPath = Annotated[str | None, typer.Argument(metavar="[PATH]", help="The app's folder [default: here, or ./app].")]
Module = Annotated[str | None, typer.Option("--module", "-m", help="The WSGI callable, for instance wsgi:app.")]


def init(
    context: typer.Context,
    path: AppPath = None,
    module: Module = None,
    stack: calls.Stack = None,
    yes: calls.Yes = False,
    as_json: calls.Json = False,
) -> None:
    """Write the stack file for an app that exists already, and say what it was made of."""
    from components.source import pitfalls
    from ops.setup import app_facts
    from ops.stack.project import edited

    call = calls.of(context)
    project = workplace.folder()
    app = _app_folder(path, project)
    source = _source(app, module)
    if not _may_write(call, app, project):
        return
    facts = app_facts.read(app, source.module, source.requirements)
    bites = list(pitfalls.find(app, "auto", ()))
    with edited(_stack_file(call, project)) as document:
        initialise.merge(document, initialise.config(app, project, source.module, facts))
    name = initialise.app_name(app)
    named = initialise.name_project(project, name)
    if call.as_json:
        found = {"module": source.module, "sentences": source.sentences, "facts": [asdict(one) for one in facts], "warnings": bites}
        return tables.document({"app": str(app), **found, "file": f"Pulumi.{call.stack}.yaml", "next": _next(call)})
    tables.line(f"Found in {app}:")
    for sentence in (*source.sentences, *(fact.why for fact in facts), *(f"warning: {one}" for one in bites)):
        tables.line(f"  {sentence}")
    tables.line(f"Wrote Pulumi.{call.stack}.yaml{f'; the project is called {name} now' * named}. Next: {_next(call)}")


def _source(app: Path, module: str | None) -> "AppSource":
    """The app; where any of several may be meant, the one that a person at the terminal chooses."""
    from components.source import SeveralApps, find_app

    try:
        return find_app(app, module)
    except SeveralApps as error:
        if not calls.on_terminal():
            raise
        question = f"Which app is to be served ({', '.join(error.apps)})"
        return find_app(app, typer.prompt(question, default=error.apps[0], err=True))


def _app_folder(path: str | None, project: Path) -> Path:
    """Relative paths count from where the user is."""
    here = workplace.given(Path())
    if path is None:
        path = "app" if here.resolve() == project.resolve() else "."
    folder = Path(os.path.normpath(here / path))
    if not folder.is_dir():
        calls.refuse(f"init: an app's folder is wanted, found no folder {path!r} in {here}")
    return folder


def _stack_file(call: calls.Call, project: Path) -> Path:
    workplace.check_name(call.stack)
    return project / f"Pulumi.{call.stack}.yaml"


def _may_write(call: calls.Call, app: Path, project: Path) -> bool:
    """Settles the stack's name; an existing file is never overwritten without `--yes`."""
    from ops.stack.project import read

    while (file := _stack_file(call, project)).exists() and not call.yes:
        other = initialise.described_app(read(file, ""), project)
        if other == app.resolve():
            tables.line(f"Nothing to do: {file.name} is for this app already. Next: {_next(call)}")
            return False
        about = f"{file.name} exists already, for {other or 'no app'}"
        if call.named:
            calls.refuse(f"{about}; pass --yes to change it, or another --stack")
        if not calls.on_terminal():
            calls.refuse(f"{about}; give the stack another name: ./slipway -s NAME init {app}")
        call.full = typer.prompt(f"{about}. Another name for the stack", err=True)
    return True


def _next(call: calls.Call) -> str:
    return "./slipway up" if call.stack == "dev" else f"./slipway -s {call.stack} up"
