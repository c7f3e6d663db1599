"""The module that is served: looked for where people put it (docs/settings.md has the order), or
checked where they named it."""

import ast
import re
from pathlib import Path

from components.errors import SlipwayError, UsageError, nearest
from components.settings.kinds import MODULE_NAME
from components.source.python_file import PythonFile, Unreadable, read

_MODULES = ("wsgi", "app", "application", "main", "run", "server")
_IN_PACKAGE = ("wsgi", "", *_MODULES[1:])
_NAMES = ("app", "application")
_FACTORIES = ("create_app()", "make_app()")
_NOT_THE_APP = {"tests", "test", "docs", "migrations", "node_modules", "venv", "env", "build", "dist"}
_NOT_THE_APP |= {"conftest", "setup", "noxfile", "fabfile", "manage"}
_SET = "set slipway:app.module"


def find(folder: Path) -> tuple[str, str]:
    """(`package.module:name`, the file it is in, from the folder on).

    Raises `SlipwayError` for no app, and for several that are as good."""
    return _Folder(folder).find()


def checked(folder: Path, module: str, setting: str = "slipway:app.module") -> tuple[str, str]:
    """(module, where it is) for the module that `setting` names.

    Raises `UsageError` when the app's own source shows that it can't be served."""
    if not re.fullmatch(MODULE_NAME, module):
        raise UsageError(f'{setting}: wanted "package.module:name" or "package.module:factory()", found {module!r}')
    there, (name, _, attribute) = _Folder(folder), module.partition(":")
    path = there.file_of(name)
    if path is None:
        if package := there.package_of(name):
            raise UsageError(f"{setting}: wanted a module of {there.shown(package)}/, found {name!r}, which isn't there")
        return module, "not in the app's folder: from an installed package"
    file = _readable(path)
    if file and (problem := _problem(file, attribute)):
        raise UsageError(f"{setting}: wanted a name that {there.shown(path)} can serve, found {module!r}: {problem}")
    return module, there.shown(path)


def _problem(file: PythonFile, attribute: str) -> str:
    name = attribute.removesuffix("()").partition(".")[0]
    if name not in file.names:
        hint = nearest(name, [one for one in file.names if not one.startswith("_")])
        hint = hint if hint.startswith("perhaps") else "set it to one that is there"
        return "" if file.open else f"there is no such name; {hint}"
    if "." in attribute:
        return ""
    if why := file.problem(attribute):
        return f"it {why}"
    is_call = attribute.endswith("()")
    return f"it is a function that makes an app; write {name}()" if not is_call and file.is_factory(name) else ""


class _Folder:
    """An app's folder. The app server has the same roots on its path, in this order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roots = [root for root in (folder, folder / "src") if root.is_dir()]
        self.refused = ""
        """The first thing that was looked at and could not be taken, in brackets."""

    def find(self) -> tuple[str, str]:
        if named := self._flask_app():
            return named
        for name in _MODULES:
            if first := self._in_package(name, strict=True):
                return first
        apps = [one for name in self._others() if (one := self._in_package(name))]
        if len(apps) > 1:
            found = ", ".join(name for name, _ in apps)
            raise SlipwayError(f"{self.folder}: wanted one app, found {found}; {_SET} to the one to serve")
        if not apps:
            looked = f"app, application, a Flask(…), create_app() and make_app() in {', '.join(f'{name}.py' for name in _MODULES)}"
            where = f"{looked}, the other modules and the packages there and in src/{self.refused}"
            raise SlipwayError(f"{self.folder}: wanted a WSGI app, found none; looked for {where}; {_SET}, for instance to wsgi:app")
        return apps[0]

    def file_of(self, module: str) -> Path | None:
        """The file of `package.module`, or None: it may be installed then."""
        for root in self.roots:
            place = root.joinpath(*module.split("."))
            for path in (place / "__init__.py", place.with_name(place.name + ".py")):
                if path.is_file():
                    return path
        return None

    def package_of(self, module: str) -> Path | None:
        """The folder of the package that `module` begins with, if it is the app's own."""
        first = module.partition(".")[0]
        return next((root / first for root in self.roots if (root / first / "__init__.py").is_file()), None)

    def shown(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _in_package(self, name: str, strict: bool = False) -> tuple[str, str] | None:
        if self.package_of(name) is None:
            return self._in_module(name, strict)
        modules = (f"{name}.{part}".rstrip(".") for part in _IN_PACKAGE)
        return next((app for module in modules if (app := self._in_module(module))), None)

    def _in_module(self, module: str, strict: bool = False) -> tuple[str, str] | None:
        """`strict`: a file that can't be read is an error, as the app may well be in it."""
        path = self.file_of(module)
        if path is None:
            return None
        try:
            file = read(path)
        except Unreadable as error:
            if strict:
                raise SlipwayError(f"{path}: wanted Python to look for an app in, found {error}; mend it, or {_SET}") from None
            self.refused = self.refused or f" ({self.shown(path)} can't be read: {error})"
            return None
        for name in (*_NAMES, *file.made_by("Flask")):
            if file.may_be_app(name) and not self._is_module(path, file, name):
                return f"{module}:{name}", self.shown(path)
        for name in _FACTORIES:
            if file.may_be_factory(name):
                return f"{module}:{name}", self.shown(path)
        for name in (*_NAMES, *_FACTORIES):
            if why := file.problem(name):
                self.refused = self.refused or f" ({self.shown(path)}: {name.removesuffix('()')} {why})"
        return None

    def _is_module(self, path: Path, file: PythonFile, name: str) -> bool:
        """Whether `name` is imported from a package with a module of that name, not to serve."""
        node = file.names[name]
        if not isinstance(node, ast.ImportFrom):
            return False
        place = path.parents[node.level - 1] if node.level else next(root for root in self.roots if path.is_relative_to(root))
        package = place.joinpath(*(node.module or "").split("."))
        original = next(item.name for item in node.names if (item.asname or item.name) == name)
        if not (package / f"{original}.py").is_file() and not (package / original / "__init__.py").is_file():
            return False
        own = _readable(package / "__init__.py")
        bound = own.names.get(original) if own else None
        return bound is None or (isinstance(bound, ast.ImportFrom) and bound.module is None)

    def _flask_app(self) -> tuple[str, str] | None:
        """What `.flaskenv` tells the flask command; the shell's own FLASK_APP isn't this app's."""
        path = self.folder / ".flaskenv"
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        lines = re.findall(r"^\s*(?:export\s+)?FLASK_APP\s*=\s*(.*?)\s*$", text, re.MULTILINE)
        if not lines:
            return None
        value = re.sub(r"\s+#.*", "", lines[-1]).strip("\"'")
        place, _, name = value.partition(":")
        module = place.removesuffix(".py").removeprefix("./").removeprefix("src/").replace("/", ".")
        app = f"{module}:{name}" if name else next(iter(self._in_module(module) or ()), "")
        if not re.fullmatch(MODULE_NAME, app):
            raise SlipwayError(f".flaskenv: wanted FLASK_APP=module:name, found {value[:60]!r}; {_SET} to what is to be served")
        file = _readable(self.file_of(module))
        # `create_app` is enough for the flask command, which sees that it is a function.
        chosen, where = checked(self.folder, f"{app}()" if file and file.is_factory(name) else app, ".flaskenv")
        return chosen, f"{where}, named in .flaskenv"

    def _others(self) -> list[str]:
        """Other packages and modules at the top of the folder that may be an app."""
        paths = [path for root in self.roots for path in root.iterdir()]
        names = {path.name for path in paths if (path / "__init__.py").is_file()}
        names |= {path.stem for path in paths if path.suffix == ".py" and path.is_file()}
        names -= {*_NOT_THE_APP, *_MODULES}
        return sorted(name for name in names if name.isidentifier() and not name.startswith("test_"))


def _readable(path: Path | None) -> PythonFile | None:
    """None where there is none, or none that Python reads here: the app's own may be newer."""
    try:
        return read(path) if path else None
    except Unreadable:
        return None
