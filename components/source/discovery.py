"""An app in its folder: what to serve, looked for where people put it (docs/settings.md has the
order) or checked where they named it, and what it needs."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from components.errors import SlipwayError, UsageError, nearest
from components.settings.kinds import MODULE_WORDS, is_module
from components.source import requirements, start_commands
from components.source.python_file import PythonFile, Unreadable, read, readable

_MODULES = ("wsgi", "app", "application", "main", "run", "server", "webapp", "web")
_IN_PACKAGE = ("wsgi", "", *_MODULES[1:])
_NAMES = ("app", "application")
_FACTORIES = ("create_app()", "make_app()")
_NOT_THE_APP = {"tests", "test", "docs", "migrations", "node_modules", "venv", "env", "build", "dist"}
_NOT_THE_APP |= {"conftest", "setup", "noxfile", "fabfile", "manage"}
_SET = "set slipway:app.module"


class Found(NamedTuple):
    """`module`: `package.module:name`; `where`: the file it is in and what named it."""

    module: str
    where: str


@dataclass(frozen=True)
class AppSource:
    """An app in its folder. `module`: `package.module:name` or `package.module:factory()`;
    `requirements` and `constraints`: what an installer reads; `sentences`: all that in words for
    people, the third and later ones what was passed over."""

    folder: Path
    module: str
    requirements: str
    constraints: str
    sentences: tuple[str, ...]


def find_app(folder: Path, module: str | None, chosen: str | None = None) -> AppSource:
    """The app in `folder`; `module` is slipway:app.module, `chosen` slipway:app.requirements, None
    to look for them.

    Raises `SlipwayError` with what to do."""
    if not folder.is_dir():
        raise SlipwayError(f"slipway:app.path: wanted the app's folder, found no folder at {folder}")
    there = AppFolder(folder)
    found = there.checked(module) if module else there.find()
    needs = requirements.read(folder, chosen)
    packages = sum(line[0] != "-" for line in needs.lines)
    count = "1 package" if packages == 1 else f"{packages} packages"
    first = (f"module {found.module} ({found.where})", f"requirements from {needs.file} ({count})")
    text, constraints = ("".join(f"{line}\n" for line in lines) for lines in (needs.lines, needs.constraints))
    return AppSource(folder, found.module, text, constraints, (*first, *there.notes, *needs.remarks))


class AppFolder:
    """An app's folder. The app server has the same roots on its path, in this order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roots = [root for root in (folder, folder / "src") if root.is_dir()]
        self.refused = ""  # the first thing that was looked at and could not be taken, in brackets
        self.notes: list[str] = []  # what else there is, in words

    def find(self) -> Found:
        """The app that the folder's files name, else the first that is where people put it.

        Raises `SlipwayError` for no app, and for several that are as good."""
        for path in (path for root in self.roots for path in sorted(root.glob("*.py")) if (path.with_suffix("") / "__init__.py").is_file()):
            self.notes.append(f"{self.shown(path)} is hidden by the package {path.stem}/, which Python imports in its place")
        return self._named() or self._first()

    def checked(self, module: str, setting: str = "slipway:app.module") -> Found:
        """The module that `setting` names.

        Raises `UsageError` when the app's own source shows that it can't be served."""
        if not is_module(module):
            raise UsageError(f"{setting}: wanted {MODULE_WORDS}, found {module!r}")
        name, _, attribute = module.partition(":")
        path = self.file_of(name)
        if path is None:
            if package := self.package_of(name):
                raise UsageError(f"{setting}: wanted a module of {self.shown(package)}/, found {name!r}, which isn't there")
            return Found(module, "not in the app's folder: from an installed package")
        file = readable(path)
        if file and (problem := _problem(file, attribute)):
            raise UsageError(f"{setting}: wanted a name that {self.shown(path)} can serve, found {module!r}: {problem}")
        return Found(module, self.shown(path))

    def _first(self) -> Found:
        for name in _MODULES:
            if first := self._in_package(name, strict=True):
                return first
        apps = [one for name in self._others() if (one := self._in_package(name))]
        if len(apps) > 1:
            raise SlipwayError(f"{self.folder}: wanted one app, found {', '.join(name for name, _ in apps)}; {_SET} to the one to serve")
        if found := [*apps, self._in_module("manage")][0]:
            return found
        looked = f"app, application, a Flask(…), create_app() and make_app() in {', '.join(f'{name}.py' for name in _MODULES)}"
        where = f"{looked}, the other modules and the packages there and in src/{self.refused}"
        where += f" ({'; '.join(self.notes)})" if self.notes else ""
        set_it = f"{_SET}, for instance to wsgi:app or app:create_app('production')"
        raise SlipwayError(f"{self.folder}: wanted a WSGI app, found none; looked for {where}; {set_it}")

    def file_of(self, module: str) -> Path | None:
        """The file of `package.module`, or None: it may be installed then."""
        folder, _, name = module.rpartition("/")
        for root in [self.folder / folder] if folder else self.roots:
            place = root.joinpath(*name.split("."))
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

    def _in_package(self, name: str, strict: bool = False) -> Found | None:
        if self.package_of(name) is None:
            return self._in_module(name, strict)
        modules = (f"{name}.{part}".rstrip(".") for part in _IN_PACKAGE)
        return next((app for module in modules if (app := self._in_module(module))), None)

    def _in_module(self, module: str, strict: bool = False) -> Found | None:
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
        for name in (*_NAMES, *file.apps()):
            if file.may_be_app(name) and not self._is_module(file, name, path):
                return Found(f"{module}:{name}", self.shown(path))
        for name in _FACTORIES:
            if file.may_be_factory(name):
                return Found(f"{module}:{name}", self.shown(path))
        for name in (*_NAMES, *_FACTORIES):
            if why := file.problem(name):
                self.refused = self.refused or f" ({self.shown(path)}: {name.removesuffix('()')} {why})"
        return None

    def _is_module(self, file: PythonFile, name: str, path: Path) -> bool:
        """Whether `name` is imported from a package with a module of that name, not to serve."""
        node = file.names.get(name)
        if not isinstance(node, ast.ImportFrom):
            return False
        if node.module is None:
            return any((path.parent / one).exists() for one in (f"{name}.py", f"{name}/__init__.py"))
        own = readable(self.file_of(node.module))
        return self.file_of(f"{node.module}.{name}") is not None and not (own and name in own.names)

    def _named(self) -> Found | None:
        """The first app that a file names; what else is named is told. The shell's own FLASK_APP
        isn't this app's."""
        found: list[Found] = []
        for one in start_commands.named(self.folder):
            try:
                app = self._resolved(one)
            except SlipwayError as error:
                if one.file == ".flaskenv" and not found:
                    raise
                self.notes += [f"not taken: {error}"] * (":" in one.app)  # else a script that isn't the app
                continue
            if not found:
                found.append(Found(app.module, f"{app.where}, named in {one.file}"))
            elif app.module != found[0].module:
                self.notes.append(f"{one.file} names another: {app.module}")
        return found[0] if found else None

    def _resolved(self, one: start_commands.Named) -> Found:
        place, _, name = one.app.partition(":")
        at, parts = [part for part in one.folder.split("/") if part], place.removesuffix(".py").removeprefix("./").split("/")
        while len(parts) > 1 and not self.folder.joinpath(*at, parts[0], "__init__.py").is_file():
            at.append(parts.pop(0))
        module = "/".join([*at * (at != ["src"]), ".".join(parts)])
        path, app = self.file_of(module), f"{module}:{name}" if name else next(iter(self._in_module(module) or ()), "")
        if not is_module(app) or (path is None and one.file != ".flaskenv"):
            wanted = "FLASK_APP=module:name" if one.file == ".flaskenv" else "a module of the app's folder and a name in it"
            raise SlipwayError(f"{one.file}: wanted {wanted}, found {one.app[:60]!r}; {_SET} to what is to be served")
        file = readable(path)
        # `create_app` is enough for the flask command, which sees that it is a function.
        return self.checked(f"{app}()" if file and file.is_factory(name) else app, one.file)

    def _others(self) -> list[str]:
        """Other packages and modules at the top of the folder that may be an app."""
        paths = [path for root in self.roots for path in root.iterdir()]
        names = {path.name for path in paths if (path / "__init__.py").is_file()}
        names |= {path.stem for path in paths if path.suffix == ".py" and path.is_file()}
        names -= {*_NOT_THE_APP, *_MODULES}
        return sorted(name for name in names if name.isidentifier() and not name.startswith("test_"))


def _problem(file: PythonFile, attribute: str) -> str:
    name = attribute.partition("(")[0].partition(".")[0]
    if name not in file.names:
        hint = nearest(name, [one for one in file.names if not one.startswith("_")])
        hint = hint if hint.startswith("perhaps") else "set it to one that is there"
        return "" if file.open else f"there is no such name; {hint}"
    if "." in attribute.partition("(")[0]:
        return ""
    if why := file.problem(attribute):
        return f"it {why}"
    is_call = attribute.endswith(")")
    return f"it is a function that makes an app; write {name}()" if not is_call and file.is_factory(name) else ""
