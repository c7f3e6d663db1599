"""Requirement files as one text that means the same on every machine: no comments, includes put in place, paths refused."""

import re
from collections.abc import Iterator
from pathlib import Path

from components.errors import SlipwayError

_INCLUDE = re.compile(r"(?:-r|--requirement)(?:\s*=\s*|\s*)(\S.*)")
_CONSTRAINTS = ("-c", "--constraint")
_EDITABLE = ("-e", "--editable")
_FIND_LINKS = re.compile(r"(?:-f|--find-links)(?:\s*=\s*|\s*)(\S+)")
# Somebody's name and password, or a token, in an address. ssh has a user that is no secret.
_CREDENTIALS = re.compile(r"(?:[a-z+]*https?://[^/\s@]+@|://[^/\s@:]+:[^/\s@]+@)", re.IGNORECASE)
_PATH = re.compile(r"\.{0,2}/|\.{1,2}$|\.\[|~|[A-Za-z]:[\\/]|\.{1,2}\\|file:|[^\s;#@=<>!~\[]+\.(?:whl|zip|tar\.gz)(?:\s|$)|[\w.-]+/")


def of_file(path: Path, folder: Path) -> list[str]:
    """The requirements of a file, one an item; `folder` is the app's. Raises `SlipwayError` with file and what to do."""
    return list(_file(path, folder.resolve(), ()))


def of_text(text: str, path: Path, folder: Path) -> list[str]:
    """The same for text that was made of the file `path`."""
    return list(_lines(text, path, folder.resolve(), (path.resolve(),)))


def _file(path: Path, folder: Path, way: tuple[Path, ...]) -> Iterator[str]:
    real = path.resolve()
    if not real.is_relative_to(folder):
        raise _error(
            way[-1] if way else path,
            folder,
            "files in the app's folder",
            f"-r {path}, which is outside",
            "copy it into the folder",
        )
    if real in way:
        raise _error(way[-1], folder, "files that don't include each other", f"-r {path.name} in a circle", "take one out")
    try:
        text = _decoded(real.read_bytes())
    except (OSError, ValueError) as error:
        where = way[-1] if way else path
        raise _error(where, folder, "a text file that can be read", f"{path.name}: {error}", "mend or remove it") from None
    yield from _lines(text, real, folder, (*way, real))


def _decoded(data: bytes) -> str:
    """PowerShell's `pip freeze > requirements.txt` is UTF-16."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _lines(text: str, path: Path, folder: Path, way: tuple[Path, ...]) -> Iterator[str]:
    joined = re.sub(r"[ \t]*\\\r?\n[ \t]*", " ", text)
    for line in joined.splitlines():
        line = " ".join(re.sub(r"(^|\s)#.*", "", line).split())
        if included := _INCLUDE.fullmatch(line):
            yield from _include(included[1].strip("\"'"), path, folder, way)
        elif line:
            _check(line, path, folder)
            yield line


def _include(name: str, path: Path, folder: Path, way: tuple[Path, ...]) -> Iterator[str]:
    if "://" in name:
        raise _error(path, folder, "files in the app's folder", f"-r {_masked(name)}", "copy it into the folder")
    yield from _file(path.parent / name, folder, way)


def _check(line: str, path: Path, folder: Path) -> None:
    """Refuses what would mean something else, or nothing, on a host."""
    found = _masked(line)[:80]
    if _CREDENTIALS.search(line):
        advice = "put user and password into pip's own configuration or netrc of the machine that installs"
        raise _error(path, folder, "addresses without user and password", found, advice)
    if line.startswith(_CONSTRAINTS):
        raise _error(path, folder, "no constraints file", found, "pin the versions in the requirements themselves")
    if line.startswith(_EDITABLE):
        advice = "take the line out: the app's folder and its src/ are importable as they are"
        raise _error(path, folder, "packages to install", found, advice if "://" not in line else "take -e out")
    links = _FIND_LINKS.fullmatch(line)
    if _is_path(links[1] if links else line):
        raise _error(path, folder, "packages by name or address", f"the path {found}", "a host has no such path; take the line out")


def _is_path(line: str) -> bool:
    """Also `name @ file:…` and `name @ ./folder`."""
    target = re.sub(r"^[\w.-]+\s*(\[[^\]]*\])?\s*@\s*", "", line)
    return "://" not in target.split(";")[0].replace("file://", "") and _PATH.match(target) is not None and not line.startswith("-")


def _masked(text: str) -> str:
    return re.sub(r"://[^/\s@]+@", "://***@", text)


def _error(path: Path, folder: Path, wanted: str, found: str, advice: str) -> SlipwayError:
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path.name
    return SlipwayError(f"{shown}: wanted {wanted}, found {found}; {advice}")
