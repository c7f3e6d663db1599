"""Locks as requirements files have them, exact and with hashes: of uv, Poetry, Pipenv, PEP 751."""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uv
from packaging.utils import canonicalize_name

from components.errors import SlipwayError
from components.source import declared

_EXPORT = "export --frozen --offline --no-config --no-emit-project --no-dev --no-header --no-annotate --quiet"
_REGISTRY = re.compile(r'^source = \{ registry = "(https?://[^"]+)" \}$', re.MULTILINE)

Lines = tuple[list[str], list[str]]
"""Requirements, and constraints: what of the rest of a lock holds where something needs it."""


@dataclass(frozen=True)
class _Package:
    """`is_` stands behind the name: `==1.2`, or ` @ ADDRESS`."""

    name: str
    is_: str
    marker: str = ""
    hashes: tuple[str, ...] = ()

    def line(self, extras: str = "", marker: str | None = None) -> str:
        when = self.marker if marker is None else marker
        return f"{self.name}{extras}{self.is_}{f' ; {when}' if when else ''}{''.join(f' --hash={one}' for one in self.hashes)}"


def of_workspace(folder: Path) -> Path | None:
    """The uv.lock above a folder that is a member of that workspace."""
    above = next((parent / "uv.lock" for parent in folder.resolve().parents if (parent / "uv.lock").is_file()), None)
    if above is None or not (folder / "pyproject.toml").is_file():
        return None
    path = re.escape(folder.resolve().relative_to(above.parent).as_posix())
    text = above.read_text(encoding="utf-8", errors="replace")
    return above if re.search(rf'(?m)^source = \{{ (editable|virtual) = "{path}" \}}$', text) else None


def from_uv(lock: Path, folder: Path, more: Sequence[str]) -> Lines:
    """What uv exports of a lock for the project in `folder`; the text doesn't depend on what this
    machine's environment tells uv."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    words = declared.extra_or_group(folder / "pyproject.toml", more) if more else []
    done = subprocess.run(
        [uv.find_uv_bin(), *_EXPORT.split(), *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = lines[0].removeprefix("error: ") if lines else f"exit code {done.returncode}"
        raise SlipwayError(f"{lock}: wanted a lock that uv can export, found: {reason}; make it anew with: uv lock")
    return [*_indexes(_REGISTRY.findall(lock.read_text(encoding="utf-8"))), *done.stdout.splitlines()], []


def from_poetry(lock: Path, folder: Path, more: Sequence[str]) -> Lines:
    """What pyproject.toml needs, in the versions of the lock; all that is in it are constraints."""
    whole, known = declared.document(lock), dict[str, list[_Package]]()
    files = whole["metadata"].get("files", {})
    for one in whole.get("package", []):
        known.setdefault(canonicalize_name(one["name"]), []).append(_of_poetry(one, files))
    for name, several in known.items():
        if len(several) > 1 and not all(one.marker for one in several):
            raise ValueError(f"{len(several)} versions of {name} without markers, which Poetry 2 writes")
    sources = [one["source"] for one in whole.get("package", []) if one.get("source", {}).get("type") == "legacy"]
    needs = [_pinned(need, known) for need in declared.declared(folder / "pyproject.toml", more, poetry=True) or []]
    constraints = [one.line(marker=one.marker if several[1:] else "") for several in known.values() for one in several]
    return [*_indexes(one["url"] for one in sources), *needs], constraints


def _of_poetry(one: Mapping[str, Any], files: Mapping[str, Any]) -> _Package:
    source, marker = one.get("source", {}), one.get("markers", "")
    address = _address(source.get("url", ""), source.get("type"), source.get("resolved_reference"), source.get("subdirectory"))
    hashes = tuple(file["hash"] for file in one.get("files") or files.get(one["name"], []))
    when = marker if isinstance(marker, str) else marker.get("main", "")
    return _Package(one["name"], f" @ {address}" if address else f"=={one['version']}", when, () if address else hashes)


def _pinned(need: str, known: Mapping[str, list[_Package]]) -> str:
    """The requirement with its version of the lock. Of several the constraints choose one."""
    name, extras, marker = re.fullmatch(r"([\w.-]+)\s*(\[[^\]]*\])?[^;]*(?:;(.*))?", need).groups("")  # type: ignore[union-attr]
    several = known.get(canonicalize_name(name))
    if not several:
        raise ValueError(f"no {name}, which pyproject.toml needs")
    return several[0].line(extras, marker.strip()) if len(several) == 1 else f"{name}{extras}" + f" ;{marker}" * bool(marker)


def from_pipenv(lock: Path, folder: Path, more: Sequence[str]) -> Lines:
    """The section `default`, and others by name."""
    whole = json.loads(lock.read_text(encoding="utf-8-sig"))
    packages = {name: one for section in ("default", *more) for name, one in whole[section].items()}
    lines = [_of_pipenv(name, one) for name, one in packages.items()]
    return [*_indexes(one["url"] for one in whole["_meta"].get("sources", [])), *lines], []


def _of_pipenv(name: str, one: Mapping[str, Any]) -> str:
    if one.get("path", one.get("file", "")).rstrip("/") == ".":  # the app, what it needs is in the lock too
        return ""
    extras = f"[{','.join(one['extras'])}]" if one.get("extras") else ""
    kind = next((kind for kind in ("git", "path", "file") if kind in one), "")
    address = _address(one.get(kind, ""), kind, one.get("ref"), one.get("subdirectory"))
    is_, hashes = (f" @ {address}", ()) if address else (one["version"], tuple(one.get("hashes", ())))
    return _Package(name, is_, one.get("markers", ""), hashes).line(extras)


def from_pylock(lock: Path, folder: Path, more: Sequence[str]) -> Lines:
    """All packages of a lock of PEP 751, as long as none is an extra's or a group's."""
    packages = declared.document(lock)["packages"]
    if more or any(re.search(r"\b(extras|dependency_groups)\b", one.get("marker", "")) for one in packages):
        raise ValueError("extras or groups, which only an installer can choose")
    return [*_indexes(one["index"] for one in packages if "index" in one), *map(_of_pylock, packages)], []


def _of_pylock(one: Mapping[str, Any]) -> str:
    vcs, other = one.get("vcs", {}), one.get("archive") or one.get("directory") or {}
    kind = vcs.get("type") or ("url" if "archive" in one else "directory" if "directory" in one else None)
    url = vcs.get("url") or other.get("url") or other.get("path") or ""
    if kind == "directory" and url.rstrip("/") == ".":
        return ""
    address = _address(url, kind, vcs.get("commit-id"), {**vcs, **other}.get("subdirectory"))
    files = [*one.get("wheels", []), *([one["sdist"]] if "sdist" in one else [])]
    hashes = tuple(f"sha256:{file['hashes']['sha256']}" for file in files)
    return _Package(one["name"], f" @ {address}" if address else f"=={one['version']}", one.get("marker", ""), hashes).line()


def _address(url: str, kind: str | None, commit: str | None, folder: str | None) -> str:
    """What stands behind `@` for a package that no index has; empty for one of an index."""
    if kind in (None, "", "legacy"):
        return ""
    place = f"git+{url.removeprefix('git+')}@{commit}" if kind == "git" else url if "://" in url else f"./{url}"
    return place + (f"#subdirectory={folder}" if folder else "")


def _indexes(urls: Iterable[str]) -> list[str]:
    # Which index needs no naming, only pip itself says; it takes a fifth of a second to import.
    from pip._internal.models.index import PyPI

    return [f"--extra-index-url {url}" for url in dict.fromkeys(urls) if url.rstrip("/") != PyPI.simple_url.rstrip("/")]


READERS = (
    (re.compile(r"uv\.lock"), from_uv, "uv lock"),
    (re.compile(r"poetry\.lock"), from_poetry, "poetry lock"),
    (re.compile(r"Pipfile\.lock"), from_pipenv, "pipenv lock"),
    (re.compile(r"pylock(\.[^.]+)?\.toml"), from_pylock, "uv export -o pylock.toml"),
)
"""Which files each of them reads, by name, and the command that makes such a file."""


def read(lock: Path, folder: Path, more: Sequence[str]) -> Lines | None:
    """The lines of a lock; None for a file that is none. `folder`: the app's; `more`: extras,
    groups, or sections. Raises `SlipwayError`."""
    for name, reader, mend in READERS:
        if name.fullmatch(lock.name):
            try:
                return reader(lock, folder, more)
            except KeyError as error:
                problem = f"no {error}"
            except (ValueError, TypeError, AttributeError, OSError, RecursionError) as error:
                problem = str(error)
            raise SlipwayError(f"{lock}: wanted a lock that can be read, found {problem}; make it anew with: {mend}")
    return None
