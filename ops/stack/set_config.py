"""`pulumi config set`: one value into a stack file, which keeps its comments and its order."""

import io
import re
from typing import Any

from ruamel.yaml import YAML

from cloud_init.host.base import files
from components.errors import UsageError
from ops.stack.project import Project, load_stack, stack_path
from ops.stack.secrets import crypter, new_salt


def set_config(project: Project, stack: str, key: str, value: str, secret: bool = False, path: bool = False) -> None:
    """Writes one value. `path`: the key's dots name nested keys."""
    file = stack_path(project, stack)
    if file.exists():
        load_stack(project, stack)  # a broken file or a wrong passphrase is told before anything is written
    round_trip = YAML()
    round_trip.width = 4096
    document = (round_trip.load(file.read_text(encoding="utf-8")) if file.exists() else None) or {}
    stored: Any = value
    if secret:
        if "encryptionsalt" not in document:
            document["encryptionsalt"] = new_salt()
        stored = {"secure": crypter(document["encryptionsalt"], file).encrypt(value)}
    _place(document.setdefault("config", {}), _parts(project, key, path), stored)
    text = io.StringIO()
    round_trip.dump(document, text)
    files.write(file, text.getvalue().encode())


def _parts(project: Project, key: str, path: bool) -> list[str]:
    full = key if ":" in key else f"{project.name}:{key}"
    return re.split(r"\.", full) if path else [full]


def _place(values: Any, parts: list[str], value: Any) -> None:
    for part in parts[:-1]:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            raise UsageError(f"config set: {part}: wanted a section to put {parts[-1]!r} in, found a plain value")
    values[parts[-1]] = value
