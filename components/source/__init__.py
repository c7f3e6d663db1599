"""Finding an app in its folder by reading it, never importing it: what to serve, what it needs."""

from dataclasses import dataclass
from pathlib import Path

from components.errors import SlipwayError
from components.source import requirements
from components.source.discovery import AppFolder, SeveralApps

__all__ = ["AppSource", "SeveralApps", "find_app"]


@dataclass(frozen=True)
class AppSource:
    """An app in its folder. `module`: `package.module:name` or `package.module:factory()`;
    `requirements` and `constraints`: what an installer reads; `sentences`: all in words for people,
    of which `remarks` say what was passed over."""

    folder: Path
    module: str
    requirements: str
    constraints: str
    remarks: tuple[str, ...]
    sentences: tuple[str, ...]


def find_app(folder: Path, module: str | None, chosen: str | None = None) -> AppSource:
    """The app in `folder`; `module` is slipway:app.module, `chosen` slipway:app.requirements, None
    to look for them.

    Raises `SlipwayError` with what to do."""
    if not folder.is_dir():
        raise SlipwayError(f"slipway:app.path: wanted the app's folder, found no folder at {folder}")
    there = AppFolder(folder)
    found = there.checked(module) if module else there.find()
    needs = requirements.read(folder, chosen)
    packages = sum(line[0] != "-" for line in needs.lines)
    count = "1 package" if packages == 1 else f"{packages} packages"
    first = (f"module {found.module} ({found.where})", f"requirements from {needs.file} ({count})")
    remarks = (*there.notes, *needs.remarks)
    text, constraints = ("".join(f"{line}\n" for line in lines) for lines in (needs.lines, needs.constraints))
    return AppSource(folder, found.module, text, constraints, remarks, (*first, *remarks))
