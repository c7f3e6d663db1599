"""Checking a module that the user named, as far as its source can tell."""

import re
from pathlib import Path

from components.errors import UsageError
from components.settings.found import nearest
from components.source import tree
from components.source.python_file import PythonFile, Unreadable, read

SYNTAX = re.compile(r"(?a:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\(\))?)")
SETTING = "slipway:app.module"


def checked(folder: Path, module: str, setting: str = SETTING) -> tuple[str, str]:
    """(module, where it is). Raises `UsageError` when the app's own source shows that it can't be served."""
    if not SYNTAX.fullmatch(module):
        raise UsageError(f'{setting}: wanted "package.module:name" or "package.module:factory()", found {module!r}')
    place, _, name = module.partition(":")
    path = tree.file_of(folder, place)
    if path is None:
        if package := tree.package_of(folder, place):
            there = tree.shown(folder, package)
            raise UsageError(f"{setting}: wanted a module of {there}/, found {place!r}, which isn't there")
        return module, "not in the app's folder: from an installed package"
    try:
        problem = _problem(read(path), name)
    except Unreadable:
        problem = ""  # the app's Python may be newer than this one
    if problem:
        raise UsageError(f"{setting}: wanted a name that {tree.shown(folder, path)} can serve, found {module!r}: {problem}")
    return module, tree.shown(folder, path)


def _problem(file: PythonFile, attribute: str) -> str:
    name = attribute.removesuffix("()").partition(".")[0]
    if name not in file.names:
        if file.open:
            return ""
        hint = nearest(name, [one for one in file.names if not one.startswith("_")])
        return "there is no such name; " + (hint if hint.startswith("perhaps") else "set it to one that is there")
    if "." in attribute:
        return ""
    if why := file.refused(name):
        return f"it is a {why}, which is no WSGI app"
    if attribute.endswith("()"):
        why = file.factory_problem(name)
        return f"it {why}" if why else ""
    return f"it is a function that makes an app; write {name}()" if file.is_factory(name) else ""
