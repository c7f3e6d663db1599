"""What pyproject.toml declares: `[project]`, its extras, dependency groups, Poetry's own tables."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.dependency_groups import resolve_dependency_groups
from packaging.utils import canonicalize_name

from components.errors import SlipwayError, UsageError

SETTING = "slipway:app.requirements"
FILE = "pyproject.toml"


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
            optional = {canonicalize_name(name): _need(name, one) for name, one in tables.items() if _is_optional(one)}
            own = [_need(name, one) for name, one in tables.items() if name != "python" and not _is_optional(one)]
            wanted = [optional.get(canonicalize_name(one), one) for one in wanted]
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
    poetry, project = _poetry(whole), whole.get("project") or {}
    own = {name: [_need(*one) for one in group.get("dependencies", {}).items()] for name, group in poetry.get("group", {}).items()}
    return {**poetry.get("extras", {}), **project.get("optional-dependencies", {})}, {**own, **whole.get("dependency-groups", {})}


def _is_optional(table: Any) -> bool:
    return isinstance(table, dict) and bool(table.get("optional"))


def _need(name: str, table: Any) -> str:
    """Poetry's entry for a package, without its version."""
    one = table if isinstance(table, dict) else {}
    extras = f"[{','.join(one['extras'])}]" if one.get("extras") else ""
    return f"{name}{extras}" + (f" ; {one['markers']}" if one.get("markers") else "")
