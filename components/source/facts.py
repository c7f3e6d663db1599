"""What an app's sources say: health routes, the environment that they read, folders they write."""

import ast
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, cast

from components.source.python_file import assigned, class_of, nodes, sources

_HEALTH = [
    *("healthz", "health", "healthcheck", "health-check", "health_check", "_health", "livez", "readyz", "up", "ping", "heartbeat"),
    *("__heartbeat__", "_status", "status", "alive", "ready", "", "login", "signin", "sign-in"),
]
"""Last parts of routes, the best known first; an open front page goes before a login."""
_APPS = {"app", "application", "api"}
_ROUTERS = {"add_url_rule", "add_resource", "path"}
_WRITERS = {"makedirs", "mkdir", "FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler"}
_FOLDER_NAMES = re.compile(r"(?i)(upload|media|log|cache|session|attach)\w*_(folder|dir|directory|path|dest|root)\W*$|^'filename'$")
_DATABASE_NAMES = re.compile(r"(?i)database|sqlite|\bdb_?(file|path|name|ur[il])\W*$")
_SQLITE = re.compile(r"[\w-]\.(db|sqlite3?)$(?<!backends.sqlite3)")
_NOT_SERVED = re.compile(r"(^|/)(bin|scripts|migrations|alembic|examples|tools)/")


@dataclass
class SourceFacts:
    """Each with the file that says so, from the app's folder on."""

    health: dict[str, str] = field(default_factory=dict)  # paths of routes, the best known first
    reads: dict[str, str] = field(default_factory=dict)  # variables of the environment
    needs: dict[str, str] = field(default_factory=dict)  # those of them that have no default
    writes: dict[str, str] = field(default_factory=dict)  # folders inside the app's
    sqlite: dict[str, str] = field(default_factory=dict)  # SQLite files inside the app's folder


def source_facts(folder: Path) -> SourceFacts:
    """Reads the sources in `folder`."""
    found = SourceFacts()
    files = {path: nodes(text) for path, text in sources(folder) if not _NOT_SERVED.search(path)}
    every = [part for parts in files.values() for part in parts]
    known = {name.rpartition(".")[2]: one.value for part in every for name, one in assigned(part) if isinstance(one, ast.Constant)}
    # At which path a blueprint's routes are isn't guessed where one may have a prefix.
    prefixed = any(name.strip("'\"") == "url_prefix" for part in every for name, _ in assigned(part))
    imports = (one for one in every if isinstance(one, ast.ImportFrom) and str(one.module).startswith("flask_"))
    instance = any(item.name == "SQLAlchemy" for one in imports for item in one.names)
    for path, parts in files.items():
        found.health |= {f"/{literal}": path for owner, literal in _routes(parts) if not prefixed or owner in _APPS}
        for name, default in _environment(parts, known):
            found.reads.setdefault(name, path)
            if not default:
                found.needs.setdefault(name, path)
        values = _values(parts)
        found.writes |= {one: path for one in _written(folder, path, parts, values)}
        found.sqlite |= {one: path for one in _sqlite(folder, path, parts, values, instance)}
    order = {name: number for number, name in enumerate(_HEALTH)}
    found.health = dict(sorted(found.health.items(), key=lambda one: (order[one[0].strip("/").rpartition("/")[2]], one[0])))
    return found


def _routes(parts: list[ast.AST]) -> Iterator[tuple[str, str]]:
    """(owner, path) of routes that may tell of health and answer GET to anybody, as far as
    decorators tell."""
    marked = [one.decorator_list for one in parts if isinstance(one, ast.FunctionDef)]
    closed = {id(mark) for marks in marked for mark in marks if any(map(_closes, marks))}
    routes = {id(mark) for marks in marked for mark in marks if class_of(mark) in ("get", "route")} - closed
    for call in (one for one in parts if isinstance(one, ast.Call) and (id(one) in routes or class_of(one) in _ROUTERS)):
        methods = [ast.unparse(one.value) for one in call.keywords if one.arg == "methods"] or ["GET"]
        for literal in _texts(call.args):
            name = literal.strip("/").rpartition("/")[2]
            whole = literal[:1] == "/" or (class_of(call) == "path" and literal.strip("/") == name != "status")
            if name in _HEALTH and whole and "GET" in methods[0]:
                yield ast.unparse(call.func).rpartition(".")[0], literal.lstrip("/")


def _closes(mark: ast.expr) -> bool:
    """Whether a decorator asks for a login: `@auth.login_required`, not `@auth.route`."""
    return bool(re.search("login|auth|permission|role", ast.unparse(mark).partition("(")[0].rpartition(".")[2]))


def _environment(parts: list[ast.AST], known: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """(name, whether there is a default or none is needed) of each variable that is read. `known`:
    texts by the names that sources give them."""
    plain = any(isinstance(one, ast.ImportFrom) and one.module == "os" for one in parts)  # a WSGI environ has that name too
    for one in parts:
        place, default = "", True
        key: ast.expr = ast.Constant("")
        if isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Load):
            place, key, default = ast.unparse(one.value) + ".", one.slice, False
        elif isinstance(one, ast.Call) and one.args:
            place, key = ast.unparse(one.func), one.args[0]
            if re.fullmatch(r"(?!environ)(get_)?env\w*(\.\w+)?|(decouple\.)?config", place):
                own = not re.match(r"env\b|(decouple\.)?config", place)  # a function of the app's, which may have a default
                place, default = "os.environ.", own or len(one.args) > 1 or any(word.arg == "default" for word in one.keywords)
        if re.match(r"os\.(environ\.|getenv)", place) or (plain and re.match(r"environ\.|getenv", place)):
            name = key.value if isinstance(key, ast.Constant) else known.get(ast.unparse(key).rpartition(".")[2])
            if re.fullmatch(r"[A-Z][A-Z0-9_]+", str(name)):
                yield str(name), default
        elif isinstance(one, ast.Constant) and one.value == "DATABASE_URL":  # however it is read
            yield "DATABASE_URL", True


def _values(parts: list[ast.AST]) -> dict[str, ast.expr]:
    """What a module gives to names; to those of its functions only where they are no plain ones."""
    inner = {id(one) for part in parts if isinstance(part, ast.FunctionDef) for one in ast.walk(part)}
    told = [(name, value, one) for one in parts if isinstance(one, ast.Assign | ast.AnnAssign) for name, value in assigned(one)]
    return {name: value for name, value, one in told if id(one) not in inner or not name.isidentifier()}


def _written(folder: Path, path: str, parts: list[ast.AST], values: dict[str, ast.expr]) -> Iterator[str]:
    """Folders inside the app's. `values`: what the module gives to names."""
    near = dict(pair for one in parts for pair in assigned(one))
    for one in parts:
        if getattr(one, "attr", "") == "instance_path" or getattr(one, "arg", "") == "instance_relative_config":
            yield "instance"
        wanted = [(value, name.strip("'\"") == "filename") for name, value in assigned(one) if _FOLDER_NAMES.search(name)]
        if isinstance(one, ast.Call) and class_of(one) in _WRITERS:
            owner = one.func.value if isinstance(one.func, ast.Attribute) and class_of(one) == "mkdir" else None
            target = owner if owner and ast.unparse(owner) != "os" else next(iter(one.args), None)
            wanted += [(near.get(ast.unparse(target), target), class_of(one).endswith("Handler"))] if target else []
        for value, is_file in wanted:
            place = _inside(folder, path, _spelled(value, values))
            is_named = bool(PurePosixPath(place).suffix) and not (folder / place).is_dir()
            place = os.path.dirname(place) if is_named else "" if is_file else place
            if place and not any((folder / place).glob("*.py")):
                yield place


def _sqlite(folder: Path, path: str, parts: list[ast.AST], values: dict[str, ast.expr], instance: bool) -> Iterator[str]:
    """SQLite files inside the app's folder. `instance`: those of addresses are in Flask's own."""
    for one in parts if any(map(_SQLITE.search, _texts(parts))) else ():
        known = [
            (value, bool(_DATABASE_NAMES.search(name) or any(isinstance(inner, ast.Call | ast.BinOp) for inner in ast.walk(value))))
            for name, value in assigned(one)
        ]
        known += [(value, True) for value in one.args[:1] if class_of(one) == "connect"] if isinstance(one, ast.Call) else []
        for value, is_named in (pair for pair in known if not any(isinstance(inner, ast.Dict) for inner in ast.walk(pair[0]))):
            address = ast.unparse(value := _spelled(value, values))
            if (is_named or "sqlite:" in address) and re.search(r"\.(db|sqlite3?)\b", address) and (place := _inside(folder, path, value)):
                literal = "sqlite:" in address and not any(isinstance(one, ast.Name) for one in ast.walk(value))
                yield from [place] if _SQLITE.search(place) else []
                yield from [f"instance/{place}"] if literal and instance and _SQLITE.search(place) else []


def _spelled(value: ast.expr, values: dict[str, ast.expr], depth: int = 4) -> ast.expr:
    """A copy in which the names that a module gives values to are spelled out."""

    class Names(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            if isinstance(node, ast.JoinedStr):  # can't be written out with all that a name may be
                told = [(one, values.get(ast.unparse(one.value)) if isinstance(one, ast.FormattedValue) else None) for one in node.values]
                return ast.JoinedStr(
                    [known if isinstance(known, ast.Constant) and isinstance(known.value, str) else one for one, known in told]
                )
            known = values.get(ast.unparse(node)) if depth and isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else None
            return _spelled(known, values, depth - 1) if known else self.generic_visit(node)

    while isinstance(value, ast.BoolOp | ast.IfExp):  # the default is the last
        value = value.values[-1] if isinstance(value, ast.BoolOp) else value.orelse
    copy = ast.parse(text := ast.unparse(value), mode="eval").body
    return cast(ast.expr, Names().visit(copy)) if len(text) < 1000 else copy  # a place is short


def _inside(folder: Path, path: str, value: ast.expr) -> str:
    """The place inside the app's folder that an expression's literal parts name; empty for none."""
    text = ast.unparse(value).replace("os.pardir", "'..'")
    value = ast.parse(text, mode="eval").body
    keys = {id(one.slice) for one in ast.walk(value) if isinstance(one, ast.Subscript)}
    literal = [one for one in ast.walk(value) if isinstance(one, ast.Constant) and id(one) not in keys]
    literal.sort(key=lambda one: (one.lineno, one.col_offset))
    words = [re.sub(r"^sqlite[\w+]*:///", "", one) for one in _texts(literal) if not re.fullmatch(r"[A-Z][A-Z0-9_]+|utf-?8|[aw]b?\+?", one)]
    words = [one.partition("?")[0] for one in words if one.strip("/")]
    if not words or words[0][0] in "~/" or not all(re.fullmatch(r"[\w./-]+", one) for one in words):
        return ""
    place = PurePosixPath("instance" if "instance_path" in text else "", *(one.strip("/") for one in words))
    above = len(re.findall(r"dirname\(|\.parent\b", text)) - ("__file__" in text)
    choices = [os.path.normpath(one) for one in (PurePosixPath(path).parent.joinpath(*[".."] * above, place), place)]
    choices = choices if re.search(r"__file__|root_path", text) else choices[::-1]
    chosen = next((one for one in choices if (folder / one).exists()), choices[0])
    return "" if chosen == "." or chosen.startswith("..") else chosen


def _texts(parts: Sequence[ast.AST]) -> list[str]:
    return [one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
