"""Looking for an app where people put them; the order is in docs/settings.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from components.errors import SlipwayError
from components.source import given, tree
from components.source.python_file import PythonFile, Unreadable, read

_MODULES = ("wsgi", "app", "application", "main", "run", "server")
_IN_PACKAGE = ("wsgi", "", *_MODULES[1:])
_NAMES = ("app", "application")
_FACTORIES = ("create_app", "make_app")
_SET = "set slipway:app.module"
_DEEPEST = 5  # imports from file to file


def find(folder: Path) -> tuple[str, str]:
    """(`package.module:name`, where that is). Raises `SlipwayError` for none, and for several that are as good."""
    if named := _flask_app(folder):
        return named
    for module in _MODULES:
        if found := _in_package(folder, module, strict=True):
            return found
    found_elsewhere = [found for name in tree.others(folder, _MODULES) if (found := _in_package(folder, name))]
    if len(found_elsewhere) > 1:
        raise SlipwayError(f"{folder}: wanted one app, found {', '.join(name for name, _ in found_elsewhere)}; {_SET} to the one to serve")
    if not found_elsewhere:
        raise SlipwayError(_nothing(folder))
    return found_elsewhere[0]


def _in_package(folder: Path, name: str, strict: bool = False) -> tuple[str, str] | None:
    """The app of a module or a package at the top of the folder."""
    if tree.package_of(folder, name) is None:
        return _in_module(folder, name, strict)
    modules = (f"{name}.{part}".rstrip(".") for part in _IN_PACKAGE)
    return next((found for module in modules if (found := _in_module(folder, module))), None)


def _in_module(folder: Path, module: str, strict: bool = False) -> tuple[str, str] | None:
    """The app of one module. `strict`: a file that can't be read is an error, as the app may well be in it."""
    path = tree.file_of(folder, module)
    if path is None:
        return None
    try:
        file = read(path)
    except Unreadable as error:
        if strict:
            raise SlipwayError(f"{path}: wanted Python to look for an app in, found {error}; mend it, or {_SET}") from None
        return None
    name = next(_apps(folder, module, file), None)
    return (f"{module}:{name}", tree.shown(folder, path)) if name else None


def _apps(folder: Path, module: str, file: PythonFile) -> Iterator[str]:
    """Best first."""
    names = [*_NAMES, *file.made_by("Flask")]
    yield from (name for name in names if file.may_be_app(name) and _is_object(folder, module, name))
    yield from (f"{name}()" for name in _FACTORIES if name in file.names and _can_make(folder, module, name))


def _can_make(folder: Path, module: str, name: str) -> bool:
    file, name = _origin(folder, module, name)
    return file is None or (isinstance(file.names.get(name), ast.FunctionDef) and not file.factory_problem(name))


def _is_object(folder: Path, module: str, name: str) -> bool:
    """False for what `from package import app` brings in when `app` is a module of the package, or nothing that can be served."""
    file, name = _origin(folder, module, name)
    return file is None or file.may_be_app(name)


def _origin(folder: Path, module: str, name: str, depth: int = _DEEPEST) -> tuple[PythonFile | None, str]:
    """The file of the app's where `name` is made, however often it is imported on; None: elsewhere, or it can't be told."""
    path = tree.file_of(folder, module)
    try:
        file = read(path) if path and depth else None
    except Unreadable:
        file = None
    value = file.names.get(name) if file and path else None
    if path is None or not isinstance(value, ast.ImportFrom):
        return file if file and (name in file.names or not file.open) else None, name
    source = _imported(module, path.name == "__init__.py", value)
    original = next((item.name for item in value.names if (item.asname or item.name) == name), name)
    if (source, original) == (module, name):
        return PythonFile({}, open=False), name  # `from . import app` in a package: its own module of that name
    return _origin(folder, source, original, depth - 1)


def _imported(module: str, is_package: bool, node: ast.ImportFrom) -> str:
    """The full name of the module that is imported from."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    above = parts[: len(parts) - node.level + is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def _flask_app(folder: Path) -> tuple[str, str] | None:
    """What `.flaskenv` tells the flask command; the shell's own FLASK_APP is no matter of this app."""
    path = folder / ".flaskenv"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    lines = re.findall(r"^\s*(?:export\s+)?FLASK_APP\s*=\s*(.*?)\s*$", text, re.MULTILINE)
    if not lines:
        return None
    value = re.sub(r"\s+#.*", "", lines[-1]).strip("\"'")
    place, _, name = value.partition(":")
    module = place.removesuffix(".py").removeprefix("./").removeprefix("src/").replace("/", ".")
    found = f"{module}:{name}" if name else next(iter(_in_module(folder, module) or ()), "")
    if not given.SYNTAX.fullmatch(found):
        raise SlipwayError(f".flaskenv: wanted FLASK_APP=module:name, found {value[:60]!r}; {_SET} to what is to be served")
    chosen, where = given.checked(folder, _called(folder, found), ".flaskenv")
    return chosen, f"{where}, named in .flaskenv"


def _called(folder: Path, module: str) -> str:
    """`create_app` is enough for the flask command, which sees that it is a function; a server is told."""
    place, _, name = module.partition(":")
    path = tree.file_of(folder, place)
    try:
        return f"{module}()" if path and read(path).is_factory(name) else module
    except Unreadable:
        return module


def _nothing(folder: Path) -> str:
    modules = ", ".join(f"{name}.py" for name in _MODULES)
    return (
        f"{folder}: wanted a WSGI app, found none; looked for app, application, a Flask(…), create_app() and make_app() in "
        f"{modules}, the other modules and the packages there and in src/{_seen(folder)}; {_SET}, for instance to wsgi:app"
    )


def _seen(folder: Path) -> str:
    """What was there and could not be taken."""
    for module in (*_MODULES, *tree.others(folder, _MODULES)):
        path = tree.file_of(folder, module)
        try:
            file = read(path) if path else None
        except Unreadable as error:
            return f" ({path and tree.shown(folder, path)} can't be read: {error})"
        if not file or not path:
            continue
        for name in (*_NAMES, *_FACTORIES):
            why = f"is a {file.refused(name)}, which is no WSGI app" if file.refused(name) else ""
            why = why or (file.factory_problem(name) if name in _FACTORIES else "")
            if why:
                return f" ({tree.shown(folder, path)}: {name} {why})"
    return ""
