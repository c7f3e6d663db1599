"""`init`: a stack file for an existing app, its facts as settings and as sentences."""

import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from ruamel.yaml.comments import CommentedMap

from cloud_init.host.base import files
from components.errors import UsageError
from components.source import AppSource, SeveralApps, find_app, pitfalls
from ops import call as calls
from ops.display import tables
from ops.setup import app_facts
from ops.setup.app_facts import Fact
from ops.stack import workplace
from ops.stack.project import edited, read

AppPath = Annotated[str | None, typer.Argument(metavar="[PATH]", help="The app's folder [default: here, or ./app].")]
Module = Annotated[str | None, typer.Option("--module", "-m", help="The WSGI callable, for instance wsgi:app.")]


def init(call: calls.Changing, path: AppPath = None, module: Module = None) -> None:
    """Write the stack file for an app that exists already, and say what it was made of."""
    project = workplace.folder()
    app = _app_folder(path, project)
    source = _source(app, module)
    if not (file := _stack_file(call, app, project)):
        return
    facts = app_facts.read(app, source.module, source.requirements)
    bites = list(pitfalls.find(app, "auto", ()))
    with edited(file) as document:  # other keys stay, and the salt that its secrets need
        document["config"].update(config(app, project, source.module, facts))
    name = app_name(app)
    named = name_project(project, name)
    if call.as_json:
        found = {"module": source.module, "sentences": source.sentences, "facts": [asdict(one) for one in facts], "warnings": bites}
        return tables.document({"app": str(app), **found, "file": file.name, "next": _next(call)})
    tables.line(f"Found in {app}:")
    for sentence in (*source.sentences, *(fact.why for fact in facts), *(f"warning: {one}" for one in bites)):
        tables.line(f"  {sentence}")
    tables.line(f"Wrote {file.name}{f'; the project is called {name} now' * named}. Next: {_next(call)}")


def _source(app: Path, module: str | None) -> AppSource:
    """The app; where any of several may be meant, the one that a person at the terminal chooses."""
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
        raise UsageError(f"init: an app's folder is wanted, found no folder {path!r} in {here}")
    return folder


def _stack_file(call: calls.Call, app: Path, project: Path) -> Path | None:
    """Settles the stack's name. An existing file is never overwritten without `--yes`; None where
    it is for this app already."""
    while True:
        workplace.check_name(call.stack)
        file = project / f"Pulumi.{call.stack}.yaml"
        if call.yes or not file.exists():
            return file
        other = described_app(read(file), project)
        if other == app.resolve():
            tables.line(f"Nothing to do: {file.name} is for this app already. Next: {_next(call)}")
            return None
        about = f"{file.name} exists already, for {other or 'no app'}"
        if call.named:
            raise UsageError(f"{about}; pass --yes to change it, or another --stack")
        if not calls.on_terminal():
            raise UsageError(f"{about}; give the stack another name: ./slipway -s NAME init {app}")
        call.full = typer.prompt(f"{about}. Another name for the stack", err=True)


def _next(call: calls.Call) -> str:
    return "./slipway up" if call.stack == "dev" else f"./slipway -s {call.stack} up"


def app_name(folder: Path) -> str:
    """Makes an app's name of the folder's: small letters, digits, hyphens, a letter first."""
    words = re.sub(r"[^a-z0-9]+", "-", folder.name.lower())
    return re.sub(r"^[^a-z]+", "", words)[:30].strip("-") or "app"


def config(app: Path, project: Path, module: str, facts: Sequence[Fact]) -> dict[str, Any]:
    """Gives the stack file's settings, by the key of each section, with the reasons as comments."""
    path = os.path.relpath(app, project)  # means the same on another machine
    path = path if path.startswith("..") else f"./{path}"
    section = CommentedMap({"name": app_name(app), "path": path, "module": module})
    sections: dict[str, Any] = {"slipway:target": "local", "slipway:app": section, "slipway:database": CommentedMap()}
    for fact in (one for one in facts if one.key):
        where, _, key = f"app.{fact.key}".removeprefix("app.database.").rpartition(".")
        place = sections["slipway:app"] if where == "app" else sections["slipway:database"]
        place[key] = fact.value
        place.yaml_set_comment_before_after_key(key, before=" ".join(fact.why.split()), indent=4)
    return sections


def name_project(folder: Path, app: str) -> bool:
    """Gives the project the app's name. Whether it did: one of another name than Slipway's own was
    named by a person, and what is launched, here or elsewhere, has a state of that name."""
    file, stacks = folder / "Pulumi.yaml", [path.read_text(encoding="utf-8") for path in folder.glob("Pulumi.*.yaml")]
    text = file.read_text(encoding="utf-8")
    named, found = re.subn(r"(?m)^name: slipway(?=\s|$)", f"name: {app}", text, count=1)
    if not found or (folder / ".slipway").exists() or not all(re.search(r"(?m)^  slipway:target: local\b", one) for one in stacks):
        return False
    files.write(file, named.encode())
    return True


def described_app(document: dict[str, Any], project: Path) -> Path | None:
    """The folder of the app that a stack file is for; None where it names none."""
    section = (document.get("config") or {}).get("slipway:app")
    path = section.get("path") if isinstance(section, dict) else None
    return (project / str(path)).resolve() if path else None
