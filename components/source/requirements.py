"""What an app needs installed, from the first of three files that is there; the order is in docs/settings.md."""

import os
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uv

from components.errors import SlipwayError
from components.source import requirement_lines

_EXPORT = (
    "export",
    "--frozen",
    "--offline",
    "--no-config",
    "--no-emit-project",
    "--no-dev",
    "--no-header",
    "--no-annotate",
    "--quiet",
)
# Other tools' files, and the command that makes one that is read.
_OTHERS = {
    "Pipfile": "pipenv requirements > requirements.txt",
    "poetry.lock": "poetry export -o requirements.txt",
    "pdm.lock": "pdm export -o requirements.txt",
    "environment.yml": "pip freeze > requirements.txt",
    "setup.py": "pip freeze > requirements.txt",
}


@dataclass(frozen=True)
class Requirements:
    """The text an installer reads, without comments; the file it comes from; how many packages it names."""

    text: str
    file: str
    packages: int


def read(folder: Path) -> Requirements:
    """Raises `SlipwayError` when there is no file, or one that can't be carried to a host."""
    for name, lines_of in (("uv.lock", _locked), ("requirements.txt", _listed), ("pyproject.toml", _declared)):
        lines = lines_of(folder) if (folder / name).is_file() else None
        if lines is not None:
            text = "".join(f"{line}\n" for line in lines)
            return Requirements(text, name, sum(not line.startswith("-") for line in lines))
    hints = [f"; it has {name}: {command}" for name, command in _OTHERS.items() if (folder / name).exists()]
    raise SlipwayError(
        f"{folder}: wanted the app's requirements, found neither uv.lock nor requirements.txt nor [project] in pyproject.toml"
        + (hints[0] if hints else "; write a requirements.txt, empty if the app needs nothing")
    )


def _locked(folder: Path) -> list[str]:
    # The text must not depend on what this machine's environment tells uv.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    command = [uv.find_uv_bin(), *_EXPORT]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = said[0].removeprefix("error: ") if said else f"exit code {done.returncode}"
        raise SlipwayError(f"{folder / 'uv.lock'}: wanted a lock that uv can export, found: {reason}; make it anew with: uv lock")
    return requirement_lines.of_text(done.stdout, folder / "uv.lock", folder)


def _listed(folder: Path) -> list[str]:
    return requirement_lines.of_file(folder / "requirements.txt", folder)


def _declared(folder: Path) -> list[str] | None:
    """None if the file has no [project]: it may be for tools alone."""
    path = folder / "pyproject.toml"
    try:
        project: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("project")
    except (OSError, ValueError) as error:
        raise SlipwayError(f"{path}: wanted TOML, found: {error}") from None
    if project is None:
        return None
    needs = project.get("dependencies", []) if isinstance(project, dict) else None
    if not isinstance(needs, list) or not all(isinstance(one, str) for one in needs):
        raise SlipwayError(f"{path}: wanted [project] dependencies as a list of texts, found something else")
    if "dependencies" in project.get("dynamic", []):
        raise SlipwayError(f"{path}: wanted dependencies in [project], found them declared dynamic; write them into requirements.txt")
    return requirement_lines.of_text("\n".join(needs), path, folder)
