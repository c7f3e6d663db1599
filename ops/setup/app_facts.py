"""What can be told about an app from its files alone: static folder, migrations, health path, database."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEALTH = ("/healthz", "/health", "/up", "/ping")
_ROUTE = re.compile(r"""["'](/(?:healthz|health|up|ping)/?)["']""")
_DJANGO_ROUTE = re.compile(r"""path\(\s*["']((?:healthz|health|up|ping)/?)["']""")
_SKIPPED = {"tests", "test", "node_modules", "venv", "env", "site-packages", "__pycache__", "build", "dist"}
_LARGEST = 1_000_000


@dataclass(frozen=True)
class Facts:
    """What a stack file says about an app, beyond where it is."""

    static: str | None
    migrate: str | None
    health: str
    database: str


def read(folder: Path, module: str, requirements: str) -> Facts:
    """`module` is `package.module:callable`; `requirements` are what the app wants installed, one a line."""
    sources = [path.read_text(errors="replace") for path in _python_files(folder)]
    return Facts(
        static=_static(folder, module),
        migrate=_migrate(folder, requirements),
        health=_health(sources),
        database="sqlite" if any("DATABASE_URL" in text for text in sources) else "none",
    )


def _python_files(folder: Path) -> Iterator[Path]:
    """The app's own sources: neither its tests nor what is installed beside it."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        paths = (Path(parent, name) for name in sorted(files) if name.endswith(".py"))
        yield from (path for path in paths if path.is_file() and path.stat().st_size < _LARGEST)


def _static(folder: Path, module: str) -> str | None:
    """`static/` beside the module, in its package, or in a package of the app's folder."""
    parts = module.partition(":")[0].split(".")
    for root in (folder, folder / "src"):
        packages = sorted(path.parent for path in root.glob("*/__init__.py"))
        for base in (root.joinpath(*parts), root.joinpath(*parts[:-1]), root, *packages):
            if (base / "static").is_dir():
                return (base / "static").relative_to(folder).as_posix()
    return None


def _migrate(folder: Path, requirements: str) -> str | None:
    """The command that brings the database's schema up to date."""
    if (folder / "migrations").is_dir() and re.search(r"^flask[-_.]migrate\b", requirements, re.IGNORECASE | re.MULTILINE):
        return "flask db upgrade"
    if "django" in _text(folder / "manage.py"):
        return "python manage.py migrate"
    return None


def _health(sources: list[str]) -> str:
    """The best known of the usual routes, as the app spells it; `/` if it has none."""
    found = {route for text in sources for route in _ROUTE.findall(text)}
    found |= {"/" + route for text in sources for route in _DJANGO_ROUTE.findall(text)}
    return next((route for wanted in _HEALTH for route in sorted(found) if route.rstrip("/") == wanted), "/")


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() else ""
