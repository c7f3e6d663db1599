"""The stack file of an app that exists: its facts as settings, and as sentences."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud_init.host.base import files

if TYPE_CHECKING:
    from ops.setup.app_facts import Fact

_OURS = "slipway"


def app_name(folder: Path) -> str:
    """Makes an app's name of the folder's: small letters, digits, hyphens, a letter first."""
    words = re.sub(r"[^a-z0-9]+", "-", folder.name.lower())
    return re.sub(r"^[^a-z]+", "", words)[:30].strip("-") or "app"


def config(app: Path, project: Path, module: str, facts: "Sequence[Fact]") -> dict[str, Any]:
    """Gives the stack file's settings, by the key of each section, with the reasons as comments."""
    from ruamel.yaml.comments import CommentedMap

    path = os.path.relpath(app, project)  # means the same on another machine
    path = path if path.startswith("..") else f"./{path}"
    section = CommentedMap({"name": app_name(app), "path": path, "module": module})
    sections: dict[str, Any] = {"slipway:target": "local", "slipway:app": section, "slipway:database": CommentedMap()}
    for fact in (one for one in facts if one.key):
        where, _, key = f"app.{fact.key}".removeprefix("app.database.").rpartition(".")
        place = sections["slipway:app"] if where == "app" else sections["slipway:database"]
        place[key] = fact.value
        place.yaml_set_comment_before_after_key(key, before=" ".join(fact.why.split()), indent=4)
    return sections


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
