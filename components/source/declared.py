"""What an app declares that it needs: in pyproject.toml (`[project]`, its extras, dependency
groups, Poetry's own tables), and in locks (of uv and Poetry), which become lines as requirements
files have them, exact and with hashes."""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import uv
from packaging.dependency_groups import resolve_dependency_groups
from packaging.utils import canonicalize_name

from components.errors import SlipwayError, UsageError

SETTING = "slipway:app.requirements"
FILE = "pyproject.toml"
_EXPORT = "export --frozen --offline --no-config --no-emit-project --no-dev --no-header --no-annotate --quiet"
_REGISTRY = re.compile(r'^source = \{ registry = "(https?://[^"]+)" \}$', re.MULTILINE)

Lines = tuple[list[str], list[str]]
"""Requirements, and constraints: what of the rest of a lock holds where something needs it."""


def document(path: Path) -> dict[str, Any]:
    """A TOML file. Raises `SlipwayError` for what is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SlipwayError(f"{path}: wanted TOML, found: {error}") from None


def extra_or_group(path: Path, names: Sequence[str]) -> list[str]:
    """`--extra NAME` or `--group NAME` for each of them, as uv has it. Raises `UsageError`."""
    extras, groups = _more(document(path))
    for name in names:
        if name not in extras and name not in groups:
            there = ", ".join(sorted({*extras, *groups})) or "none"
            raise UsageError(f"{SETTING}: wanted extras or groups of {path.name} (there are: {there}), found {name!r}")
    return [word for name in names for word in (f"--{'extra' if name in extras else 'group'}", name)]


def declared(path: Path, more: Sequence[str] = (), poetry: bool = False) -> list[str] | None:
    """The requirements there, with those of extras and groups; None where none are declared, since
    the file may be for tools alone. `poetry`: its tables count, whose versions its lock has.

    Raises `SlipwayError`."""
    whole = document(path)
    try:
        project, tables = whole.get("project"), _poetry(whole).get("dependencies", {}) if poetry else {}
        if (project is None and not tables) or "dependencies" in (project or {}).get("dynamic", []):
            return None
        extra_or_group(path, more)
        extras, groups = _more(whole)
        wanted = [one for name in more for one in (extras[name] if name in extras else resolve_dependency_groups(groups, name))]
        own = (project or {}).get("dependencies", [])
        if tables and not own:
            needed = {name: one if isinstance(one, dict) else {} for name, one in tables.items() if name != "python"}
            own = [_need(name, one) for name, one in needed.items() if not one.get("optional")]
        if not isinstance(own, list) or not all(isinstance(one, str) for one in (*own, *wanted)):
            raise TypeError
        return [*own, *wanted]
    except (TypeError, AttributeError, ExceptionGroup):
        raise SlipwayError(f"{path}: wanted [project] dependencies as a list of texts, found something else") from None


def metadata(folder: Path) -> dict[str, str]:
    """Files that say of the app what an installer would: an app may ask for its own version, or for
    entry points that it declares. By their paths in its folder; none for a project without a name.

    Raises `SlipwayError`."""
    path = folder / "pyproject.toml"
    whole = document(path) if path.is_file() else {}
    project = whole.get("project") or _poetry(whole)
    if not isinstance(project, dict):
        return {}
    name, version = (str(project.get(key, other)) for key, other in (("name", ""), ("version", "0")))
    if not re.fullmatch(r"[\w.-]+", name) or not re.fullmatch(r"[\w.+!-]+", version):
        return {}
    place = f"{canonicalize_name(name).replace('-', '_')}-{version}.dist-info"
    groups = {"console_scripts": project.get("scripts"), **(project.get("entry-points") or {})}
    lines = [line for group, known in groups.items() if known for line in (f"[{group}]", *(f"{key} = {one}" for key, one in known.items()))]
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return {f"{place}/METADATA": about, f"{place}/entry_points.txt": "\n".join(lines) + "\n"}


def _poetry(whole: Mapping[str, Any]) -> dict[str, Any]:
    return dict(whole.get("tool", {}).get("poetry", {}))


def _more(whole: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Extras and groups by name."""
    return (whole.get("project") or {}).get("optional-dependencies", {}), whole.get("dependency-groups", {})


def _need(name: str, one: Mapping[str, Any]) -> str:
    """Poetry's entry for a package, without its version."""
    extras = f"[{','.join(one['extras'])}]" if one.get("extras") else ""
    return f"{name}{extras}" + (f" ; {one['markers']}" if one.get("markers") else "")


def from_uv(lock: Path, folder: Path, more: Sequence[str]) -> Lines:
    """What uv exports of a lock for the project in `folder`; the text doesn't depend on what this
    machine's environment tells uv."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    words = extra_or_group(folder / "pyproject.toml", more) if more else []
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
    whole, known = document(lock), dict[str, list[dict[str, Any]]]()
    for one in whole.get("package", []):
        files, marker = one.get("files") or whole["metadata"].get("files", {}).get(one["name"], []), one.get("markers", "")
        marker = marker if isinstance(marker, str) else marker.get("main", "")
        known.setdefault(canonicalize_name(one["name"]), []).append({**one, "files": files, "marker": marker})
    for name, several in known.items():
        if len(several) > 1 and not all(one["marker"] for one in several):
            raise ValueError(f"{len(several)} versions of {name} without markers, which Poetry 2 writes")
    sources = [one["source"] for one in whole.get("package", []) if one.get("source", {}).get("type") == "legacy"]
    needs = [_pinned(need, known) for need in declared(folder / "pyproject.toml", more, poetry=True) or []]
    constraints = [_exact(one, marker=one["marker"] if several[1:] else "") for several in known.values() for one in several]
    return [*_indexes(one["url"] for one in sources), *needs], constraints


def _pinned(need: str, known: Mapping[str, list[dict[str, Any]]]) -> str:
    """The requirement with its version of the lock. Of several the constraints choose one."""
    name, extras, marker = re.fullmatch(r"([\w.-]+)\s*(\[[^\]]*\])?[^;]*(?:;(.*))?", need).groups("")  # type: ignore[union-attr]
    several = known.get(canonicalize_name(name))
    if not several:
        raise ValueError(f"no {name}, which pyproject.toml needs")
    return _exact(several[0], extras, marker.strip()) if len(several) == 1 else f"{name}{extras}" + f" ;{marker}" * bool(marker)


def _exact(one: Mapping[str, Any], extras: str = "", marker: str = "") -> str:
    """A package of the lock as a line: by its version and hashes, or its address if no index has
    it."""
    source, when = one.get("source", {}), f" ; {marker}" if marker else ""
    if source.get("type") in (None, "legacy"):
        return f"{one['name']}{extras}=={one['version']}{when}" + "".join(f" --hash={file['hash']}" for file in one["files"])
    url, folder = source["url"], source.get("subdirectory")
    place = f"git+{url}@{source['resolved_reference']}" if source["type"] == "git" else url if "://" in url else f"./{url}"
    return f"{one['name']}{extras} @ {place}{f'#subdirectory={folder}' if folder else ''}{when}"


def _indexes(urls: Iterable[str]) -> list[str]:
    # Which index needs no naming, only pip itself says; it takes a fifth of a second to import.
    from pip._internal.models.index import PyPI

    return [f"--extra-index-url {url}" for url in dict.fromkeys(urls) if url.rstrip("/") != PyPI.simple_url.rstrip("/")]


READERS = {"uv.lock": from_uv, "poetry.lock": from_poetry}


def read_lock(lock: Path, folder: Path, more: Sequence[str]) -> Lines | None:
    """The lines of a lock; None for a file that is none. `folder`: the app's; `more`: extras or
    groups. Raises `SlipwayError`."""
    if (reader := READERS.get(lock.name)) is None:
        return None
    try:
        return reader(lock, folder, more)
    except KeyError as error:
        problem = f"no {error}"
    except (ValueError, TypeError, AttributeError, OSError, RecursionError) as error:
        problem = str(error)
    raise SlipwayError(f"{lock}: wanted a lock that can be read, found {problem}; make it anew with: {lock.stem} lock")
