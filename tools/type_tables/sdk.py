"""What inputs a resource type has, read from a provider's Python SDK, which isn't imported."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from components.errors import UsageError

_TOKEN = re.compile(r"^ +'([a-z][\w-]*:[\w/]+:\w+)',$", re.MULTILINE)
_NESTED = re.compile(r"'(?:\w+\.)*(\w+Args)'")
_DEEPEST = 7  # some inputs hold themselves
_FORCES = re.compile(r"(?i)(chang|modif|updat)[^.]*\b(forces?|re-?creat|replac)\w*\b[^.]*\b(new|resource|instance|it|created?)\b")


@dataclass(frozen=True)
class Input:
    """`snake`: its name in Python; `many`: a list or mapping of what is `below`; `documented`: its
    text says that a change replaces."""

    name: str
    snake: str
    annotation: str = ""
    below: Mapping[str, "Input"] = field(default_factory=dict)
    documented: bool = False

    @property
    def many(self) -> bool:
        """A list of what is below."""
        return "Sequence[" in self.annotation


class Sdk:
    """A package such as `site-packages/pulumi_aws`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        files = sorted(folder.rglob("*.py"))
        self._file_of = {token: path for path in files for token in _TOKEN.findall(path.read_text(encoding="utf-8"))}
        if not self._file_of:
            raise UsageError(f"{folder}: wanted the package of a Pulumi SDK (pulumi_aws), found no resource type in it")

    def __contains__(self, token: object) -> bool:
        return token in self._file_of

    @property
    def version(self) -> str:
        """`pulumi-aws 7.51.1`, from the metadata installed beside it."""
        found = sorted(self.folder.parent.glob(f"{self.folder.name}-*.dist-info"))
        version = found[-1].name.removesuffix(".dist-info").rpartition("-")[2] if found else "of unknown version"
        return f"{self.folder.name.replace('_', '-')} {version}"

    def inputs(self, token: str) -> dict[str, Input]:
        """The inputs of a type by their Pulumi names."""
        path = self._file_of[token]
        own, nested, name = _classes(path), _classes(path.parent / "_inputs.py"), token.rpartition(":")[2]
        first = f"{name}InitArgs" if f"{name}InitArgs" in own else f"{name}Args"  # Init where a nested class has the shorter name
        return _inputs({**own, **nested, first: own[first]}, first, _DEEPEST)


def _inputs(classes: Mapping[str, ast.ClassDef], name: str, deepest: int) -> dict[str, Input]:
    found = {}
    for function in classes[name].body if name in classes else ():
        if isinstance(function, ast.FunctionDef) and (key := _getter(function)):
            annotation = ast.unparse(function.returns) if function.returns else ""
            nested = _NESTED.search(annotation)
            below = _inputs(classes, nested[1], deepest - 1) if nested and deepest else {}
            found[key] = Input(key, function.name, annotation, below, bool(_FORCES.search(ast.get_docstring(function) or "")))
    return found


def _getter(function: ast.FunctionDef) -> str | None:
    """The Pulumi name of a property; `@pulumi.getter(name="…")` says it where Python's differs."""
    for decorator in function.decorator_list:
        text = ast.unparse(decorator)
        if text == "pulumi.getter":
            return function.name
        if isinstance(decorator, ast.Call) and text.startswith("pulumi.getter("):
            return next((str(ast.literal_eval(one.value)) for one in decorator.keywords if one.arg == "name"), function.name)
    return None


@cache
def _classes(path: Path) -> dict[str, ast.ClassDef]:
    if not path.is_file():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
