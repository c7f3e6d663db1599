"""A stack file for an app that exists: what is found in its folder, as settings and as sentences."""

import os
import re
from pathlib import Path
from typing import Any

from ops.setup.app_facts import Facts


def app_name(folder: Path) -> str:
    """The folder's name as an app may be called: small letters, digits, hyphens, a letter first."""
    words = re.sub(r"[^a-z0-9]+", "-", folder.name.lower())
    return re.sub(r"^[^a-z]+", "", words)[:30].strip("-") or "app"


def stored_path(app: Path, project: Path) -> str:
    """Relative to the project folder, so that the stack file means the same on another machine."""
    relative = os.path.relpath(app, project)
    return relative if relative.startswith("..") else f"./{relative}"


def config(app: Path, project: Path, module: str, facts: Facts) -> dict[str, Any]:
    """The settings of the stack file."""
    section: dict[str, Any] = {"name": app_name(app), "path": stored_path(app, project), "module": module}
    section["healthPath"] = facts.health
    if facts.static:
        section["static"] = {"/static": facts.static}
    if facts.migrate:
        section["releaseCommand"] = facts.migrate
    return {"slipway:target": "local", "slipway:app": section, "slipway:database": {"engine": facts.database}}


def sentences(facts: Facts) -> list[str]:
    """What was found, and what follows."""
    return [
        f"static files in {facts.static}, served at /static" if facts.static else "no folder of static files",
        f"migrations, brought up by `{facts.migrate}`" if facts.migrate else "no migrations, so no release command",
        f"health is asked at {facts.health}" + (", as there is no usual health route" if facts.health == "/" else ""),
        "SQLite, as the sources read DATABASE_URL" if facts.database != "none" else "no database: the sources don't read DATABASE_URL",
    ]


def described_app(document: dict[str, Any], project: Path) -> Path | None:
    """Which app a stack file is for."""
    section = (document.get("config") or {}).get("slipway:app")
    path = section.get("path") if isinstance(section, dict) else None
    return (project / str(path)).resolve() if path else None


def merge(document: dict[str, Any], settings: dict[str, Any]) -> None:
    """Puts the settings into an old file's content: other keys, and the salt that its secrets need, stay."""
    if not isinstance(document.get("config"), dict):
        document["config"] = {}
    document["config"].update(settings)
