"""Alembic's revisions in an app, read, not imported: two heads are told before anything runs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from components.errors import SlipwayError

_UPGRADE = re.compile(r"\b(?:flask\b[^;&|]*\bdb|alembic)\b[^;&|]*?\bupgrade\b([^;&|]*)")
_PLACES = ("*/versions", "*/*/versions", "*/*/*/versions")


def check(folder: Path, command: str) -> None:
    """Raises `SlipwayError` where the release `command` upgrades to the head and there are two."""
    asked = _UPGRADE.search(command)
    for place in sorted(path for pattern in _PLACES for path in folder.glob(pattern)) if asked else ():
        if not (place.parent / "env.py").is_file():
            continue
        below = dict(_revisions(place))
        heads = sorted(below.keys() - {one for many in below.values() for one in many})
        named = [word for word in (asked[1].split() if asked else ()) if word == "heads" or "@" in word or word in below]
        if len(heads) > 1 and not named:
            merge = "flask db" if "flask" in command else "alembic"
            wanted = f"wanted one head of migrations, as `{command}` does, found {', '.join(heads)}"
            raise SlipwayError(f"{place.relative_to(folder)}: {wanted}; join them with: {merge} merge heads")


def _revisions(place: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each revision, with those that it comes after."""
    for path in sorted(place.glob("*.py")):
        try:
            known = dict(_assigned(ast.parse(path.read_bytes())))
        except (OSError, ValueError, SyntaxError):
            continue  # Alembic itself says what is wrong with it
        before = known.get("down_revision") or ()
        if isinstance(revision := known.get("revision"), str):
            yield revision, (before,) if isinstance(before, str) else tuple(map(str, before))


def _assigned(module: ast.Module) -> Iterator[tuple[str, object]]:
    for one in module.body:
        target = one.targets[0] if isinstance(one, ast.Assign) else one.target if isinstance(one, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id in ("revision", "down_revision") and isinstance(one, ast.Assign | ast.AnnAssign):
            yield target.id, ast.literal_eval(one.value) if one.value else None
