"""What bites as an app is served: read from its sources."""

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from components.release.ids import SECRET_KEY
from components.source.discovery import AppFolder
from components.source.python_file import assigned, class_of, nodes, sources

_MADE = re.compile(r"urandom|token_(hex|bytes|urlsafe)|uuid|random")
_READ = re.compile(r"(?:environ|env|config)\w*(?:\.\w+)?[(\[]['\"](\w+)")
_KEPT = "read SECRET_KEY from the environment, where each stack has its own"


def find(folder: Path, given: Collection[str]) -> Iterator[str]:
    """A line for each, with the cure. `given`: the names of the environment that the settings
    have."""
    for path, text in sources(folder):
        if "secret_key" in text.lower():
            yield from (f"{path}: {one}" for one in dict.fromkeys(_secret_keys(nodes(text), given)))


def patches_gevent(folder: Path, module: str) -> bool:
    """Whether the served module puts gevent in the place of threads: `package.module:name`."""
    path = AppFolder(folder).file_of(module.partition(":")[0])
    text = path.read_text(encoding="utf-8", errors="replace") if path else ""
    return "gevent" in text and any(class_of(one) == "patch_all" for one in nodes(text) if isinstance(one, ast.Call))


def _secret_keys(found: list[ast.AST], given: Collection[str]) -> Iterator[str]:
    pairs = [pair for node in found for pair in assigned(node)]
    known = {name: names for name, value in pairs if (names := _READ.findall(ast.unparse(value)))}
    for name, value in (pair for pair in pairs if re.search(r"(?i)\bsecret_key\W*$", pair[0])):
        text = ast.unparse(value)
        used = (name, *(one.id for one in ast.walk(value) if isinstance(one, ast.Name)))
        read = {*_READ.findall(text), *(one for name in used for one in known.get(name, ()))}
        fixed = {one.value for one in ast.walk(value) if isinstance(one, ast.Constant) and isinstance(one.value, str | bytes)}
        if read & {*given, SECRET_KEY}:
            continue
        if _MADE.search(text):
            yield f"SECRET_KEY is made at each start: no worker knows another's sessions, and all end with a release; {_KEPT}"
        elif fixed - {*read, ""} and (read or isinstance(value, ast.Constant)):
            yield f"SECRET_KEY is in the sources, and whoever reads them can sign in as anybody; {_KEPT}"
