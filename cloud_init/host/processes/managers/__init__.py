"""What keeps processes running, a file each; the folder is the registry of `contract.py`.

Which one is in force is noted in `ETC/manager`; without a note it is Supervisor, as on `local`, or
Docker where programs are containers."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from ...base.files import read_text, write
from ...base.places import Places
from ...contracts.manifest import Manifest
from ...release import manifests
from .contract import Manager


def of(places: Places) -> Manager:
    """What keeps this app's processes running."""
    return module(places, noted(places))


def beside(places: Places) -> list[Manager]:
    """Others that run, as they do while one takes another's place."""
    others = [module(places, name) for name in sorted(known() - {noted(places)})]
    return [one for one in others if one.running]


def noted(places: Places) -> str:
    """The name of the one in force; a note that is lost or damaged says nothing."""
    name = read_text(_note(places)).strip()
    return name if name in known() else _usual(places)


def note(places: Places, name: str) -> None:
    write(_note(places), f"{name}\n".encode())


def wanted(places: Places, manifest: Manifest | None) -> str:
    """The name of the one that a release asks for."""
    name = manifest.host.manager if manifest and manifest.host else ""
    return name if name in known() else _usual(places)


def wanted_by(places: Places, release: str) -> str:
    """The name of the one that a release of this host asks for."""
    return wanted(places, manifests.peek(places.release(release)))


def known() -> set[str]:
    return {found.name for found in pkgutil.iter_modules(__path__)} - {"contract"}


def module(places: Places, name: str) -> Manager:
    """The manager of that name, in force or not."""
    made: Manager = importlib.import_module(f"{__name__}.{name}").Manager(places)
    return made


def _usual(places: Places) -> str:
    return "docker" if places.facts.containers else "supervisor"


def _note(places: Places) -> Path:
    return places.etc / "manager"
