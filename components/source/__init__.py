"""Finding an app in its folder by reading it, never importing it: what to serve, what it needs."""

from dataclasses import dataclass
from pathlib import Path

from components.errors import SlipwayError
from components.source import discovery, requirements
from components.source.discovery import SeveralApps

__all__ = ["AppSource", "SeveralApps", "find_app"]


@dataclass(frozen=True)
class AppSource:
    """An app in its folder. `module`: `package.module:name` or `package.module:factory()`;
    `requirements`: what an installer reads; `sentences`: both in words for people, and what was not
    taken."""

    folder: Path
    module: str
    requirements: str
    sentences: tuple[str, ...]


def find_app(folder: Path, module: str | None) -> AppSource:
    """The app in `folder`; `module` is slipway:app.module, None to look for it.

    Raises `SlipwayError` with what to do."""
    if not folder.is_dir():
        raise SlipwayError(f"slipway:app.path: wanted the app's folder, found no folder at {folder}")
    found = discovery.checked(folder, module) if module else discovery.find(folder)
    needs = requirements.read(folder)
    count = "1 package" if needs.packages == 1 else f"{needs.packages} packages"
    sentences = (f"module {found.module} ({found.where})", f"requirements from {needs.file} ({count})", *found.notes)
    return AppSource(folder, found.module, needs.text, sentences)
