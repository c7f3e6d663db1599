"""What bites as an app is served, or as it is migrated: read from its sources."""

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from components.errors import SlipwayError
from components.release.ids import SECRET_KEY
from components.source.discovery import AppFolder
from components.source.python_file import assigned, class_of, nodes, sources

_LOOK = re.compile(r"secret_key|patch", re.IGNORECASE)
_MADE = re.compile(r"urandom|token_(hex|bytes|urlsafe)|uuid|random")
_READ = re.compile(r"(?:environ|env|config)\w*(?:\.\w+)?[(\[]['\"](\w+)")
_KEPT = "read SECRET_KEY from the environment, where each stack has its own"
_AS_IT_STARTS = ("gevent", "eventlet", "__future__", "os", "sys")  # imports that may stand before a patch

_UPGRADE = re.compile(r"\b(flask\b[^;&|]*\bdb|alembic)\b[^;&|]*?\bupgrade\b([^;&|]*)")
_REVISION = re.compile(r"""^revision\b[^=\n]*=\s*["']([^"'\n]+)""", re.MULTILINE)
_BEFORE = re.compile(r"^down_revision\b[^=\n]*=\s*(\([^)]*\)|.*)", re.MULTILINE)


def find(folder: Path, given: Collection[str]) -> Iterator[str]:
    """A line for each, with the cure. `given`: the names of the environment that the settings
    have."""
    for path, text in sources(folder):
        if _LOOK.search(text):
            found = nodes(text)
            yield from (f"{path}: {one}" for one in dict.fromkeys([*_secret_keys(found, given), *_late(found)]))


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


def _late(found: list[ast.AST]) -> Iterator[str]:
    """What stands at the top of a module in the wrong place."""
    body = found[0].body if found and isinstance(found[0], ast.Module) else []
    imported = False
    for one in body:
        names = [*(item.name for item in getattr(one, "names", ())), str(getattr(one, "module", ""))]
        imported |= isinstance(one, ast.Import | ast.ImportFrom) and not any(name.split(".")[0] in _AS_IT_STARTS for name in names)
        called = class_of(one.value) if isinstance(one, ast.Expr) else ""
        if imported and called in ("patch_all", "monkey_patch"):
            yield f"{called}() comes after imports of what it replaces; put it first, or set slipway:server.workerClass: gevent"


def refuse_heads(folder: Path, command: str) -> None:
    """Raises `SlipwayError` where the release `command` has Alembic upgrade to the head, and its
    revisions have two."""
    if not (asked := _UPGRADE.search(command)):
        return
    for place in (path for depth in ("*", "*/*", "*/*/*") for path in folder.glob(f"{depth}/versions")):
        texts = [path.read_text("utf-8", "replace") for path in place.glob("*.py")] if (place.parent / "env.py").is_file() else []
        revisions = {one for text in texts for one in _REVISION.findall(text)}
        heads = revisions - {one for text in texts for line in _BEFORE.findall(text) for one in re.findall(r"[\w.-]+", line)}
        named = [word for word in asked[2].split() if word == "heads" or "@" in word or word in revisions]
        if len(heads) > 1 and not named:
            wanted = f"wanted one head of migrations, as `{command}` does, found {', '.join(sorted(heads))}"
            merge = "flask db" if "flask" in command else "alembic"
            raise SlipwayError(f"{place.relative_to(folder)}: {wanted}; join them with: {merge} merge heads")
