"""An app's facts from its files alone: static folder, migrations, health path, database."""

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
    """What `init` writes into the stack file beside the app's place, module and name."""

    static: str | None
    """The folder that the front server serves, seen from the app's."""
    migrate: str | None
    """The command that brings the database's schema up to date."""
    health: str
    """The URL path that is asked whether the app is well."""
    database: str
    """`sqlite`, or `none` where no source reads DATABASE_URL."""


def read(folder: Path, module: str, requirements: str) -> Facts:
    """Reads the sources in `folder`. `module`: package.module:callable; `requirements`: text."""
    sources = [path.read_text(errors="replace") for path in _python_files(folder)]
    return Facts(
        static=_static(folder, module),
        migrate=_migrate(folder, requirements),
        health=_health(sources),
        database="sqlite" if any("DATABASE_URL" in text for text in sources) else "none",
    )


def _python_files(folder: Path) -> Iterator[Path]:
    """Sources of the app itself: neither its tests nor what is installed beside it."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and name[0] != ".")
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
    wants_flask_migrate = re.search(r"(?im)^flask[-_.]migrate\b", requirements)
    if wants_flask_migrate and (folder / "migrations").is_dir():
        return "flask db upgrade"
    manage = folder / "manage.py"
    if manage.is_file() and "django" in manage.read_text(errors="replace"):
        return "python manage.py migrate"
    return None


def _health(sources: list[str]) -> str:
    """The best known of the usual routes, as the app spells it; `/` if it has none."""
    routes = {route for text in sources for route in _ROUTE.findall(text)}
    routes |= {"/" + route for text in sources for route in _DJANGO_ROUTE.findall(text)}
    usual = [route for name in _HEALTH for route in sorted(routes) if route.rstrip("/") == name]
    return usual[0] if usual else "/"
