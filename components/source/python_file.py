"""What a Python file binds at its top level, read from its syntax tree."""

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 2_000_000  # bytes; a larger file is generated data, no app
_NOT_WSGI = {"FastAPI", "Starlette", "Quart", "Sanic", "Litestar", "Typer", "Celery", "Dash"}
_SKIPPED = {"tests", "test", "node_modules", "venv", "env", "site-packages", "__pycache__", "build", "dist", "docs"}
_SKIPPED |= {"setup.py", "conftest.py", "noxfile.py", "fabfile.py", "tasks.py"}
_CLASSES = {"Flask", "APIFlask", "Eve", "Bottle"}
_HOLDERS = {"server", "app", "wsgi_app", "flask_app"}  # attributes that are an app, as of a Dash
_CONSTANTS = (ast.Constant, ast.List, ast.Dict, ast.Set, ast.Tuple, ast.JoinedStr)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Value = ast.expr | Function | ast.ClassDef | ast.ImportFrom | ast.Import | None
"""What a name is bound to; None: something that can't be told, as in `app, db = make()`."""


class Unreadable(Exception):
    """The syntax can't be read here: the app's Python may be newer. The text says where."""


@dataclass(frozen=True)
class PythonFile:
    """The names of a module, each with what it is bound to last. `open`: there may be more of them
    (`import *`, `__getattr__`)."""

    names: dict[str, Value]
    open: bool

    def problem(self, name: str) -> str:
        """Why `name`, or `name()`, can't be served; empty if it can, or if that can't be told."""
        value = self.names.get(name.partition("(")[0])
        made = class_of(value)
        if made in _NOT_WSGI:
            return f"is a {made}, which is no WSGI app"
        call = ast.parse(name, mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(value, Function):
            return ""
        if isinstance(value, ast.AsyncFunctionDef):
            return "is asynchronous"
        needed = [one for one in _needed(value)[len(call.args) :] if one not in {given.arg for given in call.keywords}]
        return f"needs arguments ({', '.join(needed)})" if needed else ""

    def is_factory(self, name: str) -> bool:
        """A function that a server can't call for a request, as it doesn't take two arguments."""
        value = self.names.get(name)
        return isinstance(value, ast.FunctionDef) and not _takes_two(value)

    def may_be_app(self, name: str) -> bool:
        """Assigned from something but a constant, imported, or a function of two arguments."""
        if name not in self.names:
            return "." in name
        value = self.names[name]
        if isinstance(value, ast.FunctionDef):
            return _takes_two(value)
        others = (*_CONSTANTS, ast.AsyncFunctionDef, ast.ClassDef, ast.Import)
        return not isinstance(value, others) and not self.problem(name)

    def may_be_factory(self, call: str) -> bool:
        """A function that can be called without arguments, or something imported."""
        value = self.names.get(call.removesuffix("()"))
        return isinstance(value, ast.FunctionDef | ast.ImportFrom) and not self.problem(call)

    def apps(self) -> list[str]:
        """Names that are assigned from what makes an app, or from what holds one, in their order;
        then a Dash's own."""
        made = [name for name, value in self.names.items() if class_of(value) in {*_CLASSES, "create_app", "make_app"}]
        held = [name for name, value in self.names.items() if isinstance(value, ast.Attribute) and value.attr in _HOLDERS]
        return [*made, *held, *(f"{name}.server" for name, value in self.names.items() if class_of(value) == "Dash")]


def read(path: Path) -> PythonFile:
    """Raises `Unreadable`."""
    try:
        if path.stat().st_size > _LARGEST:
            raise Unreadable("too large to be looked into")
        tree = ast.parse(path.read_bytes())
    except SyntaxError as error:
        raise Unreadable(f"line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError, OSError) as error:
        raise Unreadable(str(error) or type(error).__name__) from None
    bound = list(_bound(tree.body))
    return PythonFile(dict(bound), any(name in ("*", "__getattr__") for name, _ in bound))


def readable(path: Path | None) -> PythonFile | None:
    """The file, or None if there is none that Python reads here: the app's own may be newer."""
    try:
        return read(path) if path else None
    except Unreadable:
        return None


def _bound(body: list[ast.stmt]) -> Iterator[tuple[str, Value]]:
    """In the order they are bound. Branches count, but for those of scripts and type checkers."""
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node
            case ast.Import() | ast.ImportFrom():
                yield from ((item.asname or item.name.partition(".")[0], node) for item in node.names)
            case ast.Assign():
                yield from (pair for target in node.targets for pair in _bound_by(target, node.value))
            case ast.AnnAssign(value=ast.expr() as value):
                yield from _bound_by(node.target, value)
            case ast.If():
                yield from [] if _is_elsewhere(node.test) else _bound(node.body)
                yield from _bound(node.orelse)
            case ast.Try() | ast.TryStar():
                yield from _bound([*node.body, *(part for one in node.handlers for part in one.body), *node.orelse, *node.finalbody])
            case ast.With():
                yield from _bound(node.body)


def _bound_by(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, Value]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        yield from ((item.id, None) for item in target.elts if isinstance(item, ast.Name))


def _is_elsewhere(test: ast.expr) -> bool:
    """`__name__ == "__main__"`, `TYPE_CHECKING`."""
    names = {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(test)}
    return bool(names & {"__name__", "TYPE_CHECKING"})


def class_of(value: Value) -> str:
    """`Flask` of `Flask(__name__)` and of `flask.Flask(__name__)`."""
    if not isinstance(value, ast.Call):
        return ""
    return str(getattr(value.func, "id", getattr(value.func, "attr", "")))


def _needed(function: Function) -> list[str]:
    """Parameters without a default."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    needed = plain[: len(plain) - len(arguments.defaults)]
    needed += [one for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    return [one.arg for one in needed]


def _takes_two(function: ast.FunctionDef) -> bool:
    """As `def application(environ, start_response)` does."""
    arguments = function.args
    plain = len(arguments.posonlyargs) + len(arguments.args)
    return len(_needed(function)) <= 2 and (plain >= 2 or arguments.vararg is not None)


def sources(folder: Path) -> Iterator[tuple[str, str]]:
    """(path from the folder on, text) of the app's own sources: neither its tests nor what is
    installed beside it."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and name[0] != ".")
        for path in (Path(parent, name) for name in sorted(files) if name.endswith(".py") and name not in _SKIPPED and name[:5] != "test_"):
            if path.is_file() and path.stat().st_size < _LARGEST:
                yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8", errors="replace")


def nodes(text: str) -> list[ast.AST]:
    """All that a module's text says where it is served: no script, no class for tests; none if its
    syntax can't be read here."""
    try:
        waiting: list[ast.AST] = [ast.parse(text)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    while waiting:
        node = waiting.pop()
        found.append(node)
        scripts = isinstance(node, ast.If) and _is_elsewhere(node.test)
        children = node.orelse if isinstance(node, ast.If) and scripts else list(ast.iter_child_nodes(node))
        waiting += [one for one in reversed(children) if not (isinstance(one, ast.ClassDef) and re.search("Test|Dev", one.name))]
    return found


def assigned(node: ast.AST) -> list[tuple[str, ast.expr]]:
    """(what is given a value, the value): by `=`, as a keyword, in a mapping."""
    match node:
        case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
            return [(ast.unparse(target), value)]
        case ast.keyword(arg=str() as name, value=value):
            return [(name, value)]
        case ast.Dict(keys=keys, values=values):
            return [(ast.unparse(key), value) for key, value in zip(keys, values, strict=True) if key]
    return []
