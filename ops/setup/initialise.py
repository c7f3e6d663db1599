"""The stack file of an app that exists: its facts as settings, and as sentences."""

import os
import re
from pathlib import Path
from typing import Any

from cloud_init.host.base import files
from ops.setup.app_facts import Facts

_OURS = "slipway"


def app_name(folder: Path) -> str:
    """Makes an app's name of the folder's: small letters, digits, hyphens, a letter first."""
    words = re.sub(r"[^a-z0-9]+", "-", folder.name.lower())
    return re.sub(r"^[^a-z]+", "", words)[:30].strip("-") or "app"


def stored_path(app: Path, project: Path) -> str:
    """Gives the app's path from the project folder: it means the same on another machine."""
    relative = os.path.relpath(app, project)
    return relative if relative.startswith("..") else f"./{relative}"


def config(app: Path, project: Path, module: str, facts: Facts) -> dict[str, Any]:
    """Gives the stack file's settings, by the key of each section."""
    place = stored_path(app, project)
    section: dict[str, Any] = {"name": app_name(app), "path": place, "module": module}
    section["healthPath"] = facts.health
    if facts.static:
        section["static"] = {"/static": facts.static}
    if facts.migrate:
        section["releaseCommand"] = facts.migrate
    database = {"engine": facts.database}
    return {"slipway:target": "local", "slipway:app": section, "slipway:database": database}


def name_project(folder: Path, app: str) -> bool:
    """Gives the project the app's name. Whether it did: one of another name than Slipway's own was
    named by a person, and what is launched, here or elsewhere, has a state of that name."""
    file, stacks = folder / "Pulumi.yaml", [path.read_text(encoding="utf-8") for path in folder.glob("Pulumi.*.yaml")]
    text = file.read_text(encoding="utf-8")
    named, found = re.subn(rf"(?m)^name: {_OURS}(?=\s|$)", f"name: {app}", text, count=1)
    if not found or (folder / ".slipway").exists() or not all(re.search(r"(?m)^  slipway:target: local\b", one) for one in stacks):
        return False
    files.write(file, named.encode())
    return True


def sentences(facts: Facts) -> list[str]:
    """Tells a person each fact, and what follows from it."""
    static, migrate, health = facts.static, facts.migrate, facts.health
    has_none = facts.database == "none"
    no_route = ", as there is no usual health route" if health == "/" else ""
    return [
        f"static files in {static}, served at /static" if static else "no folder of static files",
        f"migrations, brought up by `{migrate}`" if migrate else "no migrations, so no release command",
        f"health is asked at {health}{no_route}",
        ("no database: the sources don't" if has_none else "SQLite, as the sources") + " read DATABASE_URL",
    ]


def described_app(document: dict[str, Any], project: Path) -> Path | None:
    """The folder of the app that a stack file is for; None where it names none."""
    section = (document.get("config") or {}).get("slipway:app")
    path = section.get("path") if isinstance(section, dict) else None
    return (project / str(path)).resolve() if path else None


def merge(document: dict[str, Any], settings: dict[str, Any]) -> None:
    """Puts settings into a file's content; other keys stay, and the salt that its secrets need."""
    if not isinstance(document.get("config"), dict):
        document["config"] = {}
    document["config"].update(settings)
