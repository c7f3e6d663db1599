"""Alembic's revisions in an app, read, not imported: two heads are told before anything runs."""

import re
from pathlib import Path

from components.errors import SlipwayError

_UPGRADE = re.compile(r"\b(flask\b[^;&|]*\bdb|alembic)\b[^;&|]*?\bupgrade\b([^;&|]*)")
_REVISION = re.compile(r"""^revision\b[^=\n]*=\s*["']([^"'\n]+)""", re.MULTILINE)
_BEFORE = re.compile(r"^down_revision\b[^=\n]*=\s*(\([^)]*\)|.*)", re.MULTILINE)


def check(folder: Path, command: str) -> None:
    """Raises `SlipwayError` where the release `command` upgrades to the head and there are two."""
    asked = _UPGRADE.search(command)
    for place in (path for depth in ("*", "*/*", "*/*/*") for path in folder.glob(f"{depth}/versions") if asked):
        texts = [path.read_text("utf-8", "replace") for path in place.glob("*.py")] if (place.parent / "env.py").is_file() else []
        revisions = {one for text in texts for one in _REVISION.findall(text)}
        heads = revisions - {one for text in texts for line in _BEFORE.findall(text) for one in re.findall(r"[\w.-]+", line)}
        named = [word for word in asked[2].split() if word == "heads" or "@" in word or word in revisions] if asked else []
        if len(heads) > 1 and not named:
            wanted = f"wanted one head of migrations, as `{command}` does, found {', '.join(sorted(heads))}"
            merge = "flask db" if "flask" in command else "alembic"
            raise SlipwayError(f"{place.relative_to(folder)}: {wanted}; join them with: {merge} merge heads")
