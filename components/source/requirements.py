"""What an app needs installed, from the first of three files (see docs/settings.md), as one
text that means the same on every machine: no comments, includes in their place, paths refused."""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uv

from cloud_init.host.base.masking import masked
from components.errors import SlipwayError

_EXPORT = "export --frozen --offline --no-config --no-emit-project --no-dev --no-header --no-annotate --quiet"
# Other tools' files, and the command that makes one that is read.
_OTHERS = {
    "Pipfile": "pipenv requirements > requirements.txt",
    "poetry.lock": "poetry export -o requirements.txt",
    "pdm.lock": "pdm export -o requirements.txt",
    "environment.yml": "pip freeze > requirements.txt",
    "setup.py": "pip freeze > requirements.txt",
}
_INCLUDE = re.compile(r"(?:-r|--requirement)(?:\s*=\s*|\s*)(\S.*)")
_FIND_LINKS = re.compile(r"(?:-f|--find-links)(?:\s*=\s*|\s*)(\S+)")
# Somebody's name and password, or a token, in an address. ssh has a user that is no secret.
_CREDENTIALS = re.compile(r"(?:[a-z+]*https?://[^/\s@]+@|://[^/\s@:]+:[^/\s@]+@)", re.IGNORECASE)
_PATH = re.compile(r"\.{0,2}/|\.{1,2}$|\.\[|~|[A-Za-z]:[\\/]|\.{1,2}\\|file:|[^\s;#@=<>!~\[]+\.(?:whl|zip|tar\.gz)(?:\s|$)|[\w.-]+/")

Way = tuple[Path, ...]
"""The app's folder, then the files that lead to the one that is read, which is last."""


@dataclass(frozen=True)
class Requirements:
    """The text an installer reads, the file it comes from, how many packages it names."""

    text: str
    file: str
    packages: int


def read(folder: Path) -> Requirements:
    """The requirements of the app in `folder`.

    Raises `SlipwayError` when there is no file, or one that can't be carried to a host."""
    for name, text_of in (("uv.lock", _locked), ("requirements.txt", _text), ("pyproject.toml", _declared)):
        path = folder / name
        text = text_of(path) if path.is_file() else None
        if text is not None:
            lines = lines_of(text, name, folder)
            return Requirements("".join(f"{line}\n" for line in lines), name, sum(line[0] != "-" for line in lines))
    hints = [f"it has {name}: {command}" for name, command in _OTHERS.items() if (folder / name).exists()]
    hint = [*hints, "write a requirements.txt, empty if the app needs nothing"][0]
    wanted = "wanted the app's requirements, found neither uv.lock nor requirements.txt nor [project] in pyproject.toml"
    raise SlipwayError(f"{folder}: {wanted}; {hint}")


def lines_of(text: str, name: str, folder: Path) -> list[str]:
    """The requirements in the text of the file `name` in the app's `folder`, one an item.

    Raises `SlipwayError` with the file and what to do."""
    return list(_lines(text, (folder.resolve(), folder.resolve() / name)))


def _locked(path: Path) -> str:
    # The text must not depend on what this machine's environment tells uv.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    command = [uv.find_uv_bin(), *_EXPORT.split()]
    done = subprocess.run(command, cwd=path.parent, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = lines[0].removeprefix("error: ") if lines else f"exit code {done.returncode}"
        raise SlipwayError(f"{path}: wanted a lock that uv can export, found: {reason}; make it anew with: uv lock")
    return done.stdout


def _declared(path: Path) -> str | None:
    """None if the file has no [project]: it may be for tools alone."""
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
    return "\n".join(needs)


def _text(path: Path, way: Way = ()) -> str:
    """PowerShell's `pip freeze > requirements.txt` is UTF-16."""
    try:
        data = path.read_bytes()
        return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except (OSError, ValueError) as error:
        raise _error(way or (path.parent, path), "a text file that can be read", f"{path.name}: {error}", "mend or remove it") from None


def _lines(text: str, way: Way) -> Iterator[str]:
    for line in re.sub(r"[ \t]*\\\r?\n[ \t]*", " ", text).splitlines():
        line = " ".join(re.sub(r"(^|\s)#.*", "", line).split())
        if included := _INCLUDE.fullmatch(line):
            path = _included(included[1].strip("\"'"), way)
            yield from _lines(_text(path, way), (*way, path))
        elif line:
            _check(line, way)
            yield line


def _included(name: str, way: Way) -> Path:
    path = (way[-1].parent / name).resolve()
    if "://" in name or not path.is_relative_to(way[0]):
        found = f"-r {masked(name)}" if "://" in name else f"-r {name}, which is outside"
        raise _error(way, "files in the app's folder", found, "copy it into the folder")
    if path in way:
        raise _error(way, "files that don't include each other", f"-r {path.name} in a circle", "take one out")
    return path


def _check(line: str, way: Way) -> None:
    """Refuses what would mean something else, or nothing, on a host."""
    found = masked(line)[:80]
    if _CREDENTIALS.search(line):
        advice = "put user and password into pip's own configuration or netrc of the machine that installs"
        raise _error(way, "addresses without user and password", found, advice)
    if line.startswith(("-c", "--constraint")):
        raise _error(way, "no constraints file", found, "pin the versions in the requirements themselves")
    if line.startswith(("-e", "--editable")):
        advice = "take the line out: the app's folder and its src/ are importable as they are"
        raise _error(way, "packages to install", found, advice if "://" not in line else "take -e out")
    links = _FIND_LINKS.fullmatch(line)
    if _is_path(links[1] if links else line):
        raise _error(way, "packages by name or address", f"the path {found}", "a host has no such path; take the line out")


def _is_path(line: str) -> bool:
    """Also `name @ file:…` and `name @ ./folder`."""
    target = re.sub(r"^[\w.-]+\s*(\[[^\]]*\])?\s*@\s*", "", line)
    return "://" not in target.split(";")[0].replace("file://", "") and _PATH.match(target) is not None and not line.startswith("-")


def _error(way: Way, wanted: str, found: str, advice: str) -> SlipwayError:
    return SlipwayError(f"{way[-1].relative_to(way[0])}: wanted {wanted}, found {found}; {advice}")
