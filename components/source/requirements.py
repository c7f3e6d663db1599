"""What an app needs installed, from the first of the files that people have for that (see
docs/settings.md), as texts that mean the same on every machine: no comments, includes in their
place, paths refused."""

import re
from pathlib import Path

from cloud_init.host.base.masking import masked
from components.errors import SlipwayError, UsageError
from components.source.declared import FILE, SETTING, declared, read_lock

_ORDER = (
    "uv.lock", "poetry.lock", "requirements.txt",
    *(f"requirements/{name}.txt" for name in ("prod", "production", "base")), FILE,
)  # fmt: skip
# Files of other kinds, and what to do with them. Setuptools' are neither run nor read.
_OTHERS = {
    **dict.fromkeys(("Pipfile", "Pipfile.lock"), "pipenv requirements > requirements.txt"),
    "pylock.toml": "have what made it write a requirements.txt, such as: uv export -o requirements.txt",
    "pdm.lock": "pdm export -o requirements.txt",
    "environment.yml": "write what the app needs of it into a requirements.txt, as conda isn't there on hosts",
    **dict.fromkeys(("setup.py", "setup.cfg"), "write its install_requires into a requirements.txt"),
}
_NAMED = re.compile(r"([^\[\]]+)(?:\[([\w.,\s-]+)\])?")
_INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s*)(\S.*)")
_APP = re.compile(r"(?:(?:-e|--editable)(?:\s*=\s*|\s*))?\./?(?:\[([\w.,\s-]+)\])?")
_FIND_LINKS = re.compile(r"(?:-f|--find-links)(?:\s*=\s*|\s*)(\S+)")
# Somebody's name and password, or a token, in an address, unless the installer is to fill it in:
# `https://${TOKEN}@…`. ssh has a user that is no secret.
_FILLED_IN = re.compile(r"://(?:[^/\s@:$]*:)?\$\{[A-Z0-9_]+\}(?::\$\{[A-Z0-9_]+\})?@")
_CREDENTIALS = re.compile(r"(?:[a-z+]*https?://[^/\s@]+@|://[^/\s@:]+:[^/\s@]+@)", re.IGNORECASE)
_PATH = re.compile(r"\.{0,2}/|\.{1,2}$|\.\[|~|[A-Za-z]:[\\/]|\.{1,2}\\|file:|[^\s;#@=<>!~\[]+\.(?:whl|zip|tar\.gz)(?:\s|$)|[\w.-]+/")

Way = tuple[Path, ...]
"""The app's folder, then the files that lead to the one that is read, which is last."""


def read(folder: Path, chosen: str | None = None) -> "Requirements":
    """The requirements of the app in `folder`; `chosen` is slipway:app.requirements.

    Raises `SlipwayError` when there is no file, or one that can't be carried to a host."""
    path, more = _chosen(folder, chosen) if chosen else (_found(folder), [])
    name = path.relative_to(folder).as_posix()
    found, lines, way = Requirements(name), read_lock(path, folder, more), (folder.resolve(), path.resolve())
    if path.name == FILE:
        found.add("\n".join(declared(path, more) or []), way)
    elif lines is None:
        if more:
            raise UsageError(f"{SETTING}: wanted extras of a lock or of pyproject.toml, found some of {name}; leave [{','.join(more)}] out")
        found.add(_text(path, way), way)
    else:
        found.add("\n".join(lines[0]), way)
        found.add("\n".join(lines[1]), way, found.constraints)
    return found


def _found(folder: Path) -> Path:
    """The first that is there and declares any."""
    for name in _ORDER:
        if (folder / name).is_file() and (name != FILE or declared(folder / name) is not None):
            return folder / name
    hints = [f"it has {name}: {command}" for name, command in _OTHERS.items() if (folder / name).exists()]
    hint = [*hints, "write a requirements.txt, empty if the app needs nothing"][0]
    wanted = "wanted the app's requirements, found no lock, no requirements.txt and no [project] dependencies in pyproject.toml"
    raise SlipwayError(f"{folder}: {wanted}; {hint}")


def _chosen(folder: Path, setting: str) -> tuple[Path, list[str]]:
    """The file that the setting names, and the extras or groups behind it."""
    named = _NAMED.fullmatch(setting)
    name, more = named.groups("") if named else (setting, "")
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{SETTING}: wanted a file in the app's folder, found {name!r}, which is outside; copy it into the folder")
    if path.name in _OTHERS:
        raise UsageError(
            f"{SETTING}: wanted a lock of uv or Poetry, pyproject.toml or a requirements file, found {name!r}; {_OTHERS[path.name]}"
        )
    if not path.is_file():
        raise UsageError(f"{SETTING}: wanted a file in the app's folder, found no file {name!r} in {folder}; correct it, or leave it out")
    return path, [one.strip() for one in more.split(",") if one.strip()]


class Requirements:
    """What the files of an app say, in lines for an installer and constraints beside them. `file`:
    the one that was chosen; `remarks`: what was passed over, in sentences."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[str] = []
        self.constraints: list[str] = []
        self.remarks: list[str] = []

    def add(self, text: str, way: Way, to: list[str] | None = None) -> None:
        """The lines of a file, and of those that it includes."""
        to = self.lines if to is None else to
        if way[-1] in way[:-1]:
            raise _error(way[:-1], "files that don't include each other", f"{way[-1].name} in a circle", "take one out")
        for line in re.sub(r"[ \t]*\\\r?\n[ \t]*", " ", text).splitlines():
            line = " ".join(re.sub(r"(^|\s)#.*", "", line).split())
            if included := _INCLUDE.fullmatch(line):
                path = _included(included[2].strip("\"'"), included[1], way)
                self.add(_text(path, way), (*way, path), self.constraints if included[1][1:].strip("-")[0] == "c" else to)
            elif app := _APP.fullmatch(line):
                self._add_app(line, re.findall(r"[\w.-]+", app[1] or ""), way, to)
            elif line:
                line = re.sub(r"^(-e|--editable)[\s=]*(?=\S*://)", "", line)
                _check(line, way)
                to.append(line)

    def _add_app(self, line: str, more: list[str], way: Way, to: list[str]) -> None:
        """The app itself is importable where it is: what it needs takes the line's place."""
        path = way[0] / FILE
        needs = declared(path, more) if path.is_file() else None
        place = "nothing (no [project] says what it needs)" if needs is None else f"what {FILE} needs"
        self.remarks.append(f"{way[-1].name}: {place} in the place of {line!r}: the app's folder and its src/ are importable as they are")
        self.add("\n".join(needs or []), (*way, path), to)


def _text(path: Path, way: Way = ()) -> str:
    """PowerShell's `pip freeze > requirements.txt` is UTF-16."""
    try:
        data = path.read_bytes()
        return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except (OSError, ValueError) as error:
        raise _error(way or (path.parent, path), "a text file that can be read", f"{path.name}: {error}", "mend or remove it") from None


def _included(name: str, how: str, way: Way) -> Path:
    path = (way[-1].parent / name).resolve()
    if "://" in name or not path.is_relative_to(way[0]):
        found = f"{how} {masked(name)}" if "://" in name else f"{how} {name}, which is outside"
        raise _error(way, "files in the app's folder", found, "copy it into the folder")
    return path


def _check(line: str, way: Way) -> None:
    """Refuses what would mean something else, or nothing, on a host."""
    found = masked(line)[:80]
    if has_credentials(line):
        advice = "write ${NAME} for it, and set NAME in slipway:secretInstall"
        raise _error(way, "addresses without user and password", found, advice)
    if line.startswith(("-e", "--editable")):
        advice = "only the app's folder and its src/ are importable on a host: move it there, or take the line out"
        raise _error(way, "packages by name or address", found, advice)
    links = _FIND_LINKS.fullmatch(line)
    if _is_path(links[1] if links else line):
        raise _error(way, "packages by name or address", f"the path {found}", "a host has no such path; take the line out")


def has_credentials(line: str) -> bool:
    """Whether an address in it has somebody's name and password, or a token, in plain text."""
    return _CREDENTIALS.search(_FILLED_IN.sub("://", line)) is not None


def _is_path(line: str) -> bool:
    """Also `name @ file:…` and `name @ ./folder`."""
    target = re.sub(r"^[\w.-]+\s*(\[[^\]]*\])?\s*@\s*", "", line)
    return "://" not in target.split(";")[0].replace("file://", "") and _PATH.match(target) is not None and not line.startswith("-")


def _error(way: Way, wanted: str, found: str, advice: str) -> SlipwayError:
    return SlipwayError(f"{way[-1].relative_to(way[0])}: wanted {wanted}, found {found}; {advice}")
