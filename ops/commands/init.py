"""`init`: a stack file for an existing app. What its files say that a stack file can say, each as a
setting with the reason, and as a sentence."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer
from ruamel.yaml.comments import CommentedMap

from cloud_init.host.base import files
from cloud_init.host.base.files import read_text
from components.errors import UsageError
from components.source import find_app, pitfalls
from components.source.facts import SourceFacts, source_facts
from components.source.start_commands import procfile
from ops import cli as calls
from ops.display import tables
from ops.stack import workplace
from ops.stack.project import edited, read

AppPath = Annotated[str | None, typer.Argument(metavar="[PATH]", help="The app's folder [default: here, or ./app].")]
Module = Annotated[str | None, typer.Option("--module", "-m", help="The WSGI callable, for instance wsgi:app.")]
_DRIVERS = {
    "postgres": ("psycopg2-binary", "psycopg2", "psycopg", "pg8000", "asyncpg"),
    "mysql": ("pymysql", "mysqlclient", "mysql-connector-python", "flask-mysqldb"),
}
_DATABASE = r"(?:SQLALCHEMY|DATABASE|DB|POSTGRES(?:QL)?|PG|MYSQL|MARIADB|SQL|RDS)"
_PARTS = {
    "url": "URL|URI|DSN|CONNECTION_STRING",
    "host": "HOST|HOSTNAME|SERVER|ADDRESS",
    "port": "PORT",
    "name": "NAME|DB|DATABASE|DBNAME",
    "user": "USER|USERNAME",
    "password": "PASS|PASSWORD|PASSWD|PW",
}
_SYSTEM = {"DATABASE_URL", "SECRET_KEY", "HOME", "PATH", "USER", "PORT", "TZ"}


@dataclass(frozen=True)
class Fact:
    """`key`: a setting of slipway:app, or `database.engine`, or empty for what is only said;
    `why`: a sentence for people."""

    key: str
    value: Any
    why: str


def init(call: calls.Changing, path: AppPath = None, module: Module = None) -> None:
    """Write the stack file for an app that exists already, and say what it was made of."""
    project = Path.cwd()
    app = _app_folder(path, project)
    source = find_app(app, module)
    if not (file := _stack_file(call, app, project)):
        return
    facts = facts_of(app, source.module, source.requirements)
    bites = list(pitfalls.find(app, ()))
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
    """The stack file; None where it is for this app already. Another's needs `--yes`."""
    workplace.check_name(call.stack)
    file = project / f"Pulumi.{call.stack}.yaml"
    if call.yes or not file.exists():
        return file
    other = described_app(read(file), project)
    if other == app.resolve():
        tables.line(f"Nothing to do: {file.name} is for this app already. Next: {_next(call)}")
        return None
    step = f"give the stack another name: ./slipway -s NAME init {app}, or pass --yes to change it"
    raise UsageError(f"{file.name} exists already, for {other or 'no app'}; {step}")


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


def facts_of(folder: Path, module: str, requirements: str) -> list[Fact]:
    """Reads the files in `folder`. `module`: package.module:callable; `requirements`: text."""
    found = source_facts(folder)
    names = {re.split(r"[^\w.-]", line.lower())[0].replace("_", "-") for line in requirements.splitlines()}
    database = list(_database(found, names))
    if database[0].value != "none":
        found.sqlite = {}  # what is used where no address is told
    path, file = next(iter(found.health.items()), ("/", ""))
    health = f"health is asked at {path}" + (f" ({file})" if path != "/" else ", as there is no usual health route")
    return [
        *_python(folder), *_static(folder, module), _release_command(folder, names),
        Fact("healthPath", path, health), *database, *_written(folder, found), *_beside(folder, found),
    ]  # fmt: skip


def _python(folder: Path) -> Iterator[Fact]:
    for name in (".python-version", "runtime.txt", "Pipfile"):
        if version := re.search(r'^\s*(?:python-|python_version = ")?(3\.\d+)', read_text(folder / name), re.MULTILINE):
            old = int(version[1][2:]) < 9
            yield Fact("" if old else "python", version[1], f"Python {version[1]}, as {name} says{', which is too old to be run' * old}")
            return


def _static(folder: Path, module: str) -> Iterator[Fact]:
    """`static/` beside the module, in its package, or in a package of the app's folder."""
    place, _, name = module.partition(":")[0].rpartition("/")
    for root in (folder / place, folder / "src"):
        packages = sorted(path.parent for path in root.glob("*/__init__.py"))
        for base in (root.joinpath(*name.split(".")), root.joinpath(*name.split(".")[:-1]), root, *packages):
            if (base / "static").is_dir():
                found = (base / "static").relative_to(folder).as_posix()
                yield Fact("static", {"/static": found}, f"static files in {found}, served at /static")
                return
    yield Fact("", None, "no folder of static files")


def _release_command(folder: Path, names: set[str]) -> Fact:
    def told(command: str, why: str) -> Fact:
        return Fact("releaseCommand", command, f"release command `{command}`, {why}")

    if command := procfile(folder).get("release"):
        return told(command, "which is release in Procfile")
    places = [path.parent for path in (folder, *sorted(folder.iterdir())) for path in sorted(path.glob("migrations/")) if path.is_dir()]
    if "flask-migrate" in names and places:
        where = places[0].relative_to(folder).as_posix()
        return told(f"flask db upgrade{'' if where == '.' else f' -d {where}/migrations'}", "as Flask-Migrate has migrations")
    if "django" in read_text(folder / "manage.py"):
        return told("python manage.py migrate", "as Django has migrations")
    if (folder / "alembic.ini").is_file():
        return told("alembic upgrade head", "as there is alembic.ini")
    return Fact("", None, "no migrations, so no release command (docs/settings.md: one that makes tables)")


def _database(found: SourceFacts, names: set[str]) -> Iterator[Fact]:
    """The engine by the driver; the address by names that are read."""
    drivers = [(engine, name) for engine, known in _DRIVERS.items() for name in known if name in names]
    address = {name: part for name in found.reads if (part := _part(name))}
    whole = [name for name, part in address.items() if part == "url"]
    if not whole and not (address and drivers):
        parts = f"{', '.join(address)} are read, and no requirement tells which database" if address else ""
        yield Fact("database.engine", "none", parts or "no database: the sources don't read DATABASE_URL")
        for engine, name in drivers:
            yield Fact("", None, f"{name} speaks of {engine}: set slipway:database.engine, and have the app read DATABASE_URL")
        return
    engine, by = [*drivers, ("sqlite", "")][0]
    yield Fact("database.engine", engine, f"{engine}, which {by} is for" if by else f"SQLite, as the sources read {whole[0]}")
    if "DATABASE_URL" not in address:
        env = {name: f"${{database.{part}}}" for name, part in address.items() if part == "url" or not whole}
        yield Fact("env", env, f"the database's address as {', '.join(env)} ({', '.join(sorted({found.reads[one] for one in env}))})")


def _part(name: str) -> str:
    """Which part of a database's address a variable of that name is; empty for any other."""
    if re.search("TEST|DEV|REDIS|MONGO", name):
        return ""
    start = rf"(?:\w+_)?{_DATABASE}_?(?:DATABASE_|DB_|SERVER_)?"
    return next((part for part, words in _PARTS.items() if re.fullmatch(f"{start}(?:{words})", name)), "")


def _written(folder: Path, found: SourceFacts) -> Iterator[Fact]:
    """Folders, and files of SQLite where sources lie beside them."""
    places = dict(found.writes)
    for file, source in found.sqlite.items():
        above = PurePosixPath(file).parent
        places[file if str(above) == "." or any((folder / above).glob("*.py")) else str(above)] = source
    places = {one: file for one, file in sorted(places.items()) if not {str(above) for above in PurePosixPath(one).parents} & {*places}}
    if places:
        why = ", ".join(f"{one} ({file})" for one, file in places.items())
        yield Fact("data", list(places), f"what the app writes, which outlives releases: {why}")


def _beside(folder: Path, found: SourceFacts) -> Iterator[Fact]:
    listed = procfile(folder)  # one without `web` is for whoever works on the app
    if commands := {name: one for name, one in listed.items() if name not in ("web", "release") and "web" in listed}:
        known = {re.sub("[^a-z0-9]+", "-", name.lower()): command for name, command in commands.items()}
        renamed = {f"{name}-process" if name in ("cron", "front", "supervisord") else name: command for name, command in known.items()}
        yield Fact("processes", renamed, f"processes of the Procfile: {', '.join(renamed)}")
    if needed := {name: file for name, file in found.needs.items() if name not in _SYSTEM and not _part(name)}:
        names = ", ".join(f"{name} ({file})" for name, file in needed.items())
        yield Fact("", None, f"read without a default, so set each in slipway:app.env or slipway:secretEnv: {names}")
