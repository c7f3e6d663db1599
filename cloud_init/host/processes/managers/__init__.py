"""What keeps processes running, a file each; the folder is the registry. `contract.py` says what each has.

Which one is in force is noted in `ETC/manager`; without a note it is Supervisor, as on `local`. A colour and its processes belong to the
manager that their release asks for, the front server and a database to the one in force: while a release changes it, both run.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from ...base.files import read_text, write
from ...base.places import COLOURS, Places
from ...contracts.manifest import Manifest
from ...release import manifests
from ..programs import split
from ..two_managers import TwoManagers
from .contract import Manager

USUAL = "supervisor"


def of(places: Places) -> Manager:
    """What keeps this app's processes running."""
    first = module(places, noted(places))
    others = [one for one in others_than(places, first.kind) if one.running]
    return TwoManagers(places, first, others, owner) if others else first


def others_than(places: Places, kind: str) -> list[Manager]:
    """The managers there are, but for that one."""
    return [module(places, name) for name in sorted(known() - {kind})]


def noted(places: Places) -> str:
    """The name of the one in force; a note that is lost or damaged says nothing."""
    name = read_text(_note(places)).strip()
    return name if name in known() else USUAL


def note(places: Places, name: str) -> None:
    """From here on that one is in force."""
    write(_note(places), f"{name}\n".encode())


def wanted(manifest: Manifest) -> str:
    """The one that a release asks for."""
    name = manifest.host.manager if manifest.host else USUAL
    return name if name in known() else USUAL


def owner(places: Places, program: str) -> str:
    """The name of the one that a program belongs to."""
    colour = split(program)[0] or program
    if colour not in COLOURS:
        return noted(places)
    found = manifests.peek(places.colour(colour).link.resolve())
    return wanted(found) if found else USUAL


def known() -> set[str]:
    """The managers there are."""
    return {found.name for found in pkgutil.iter_modules(__path__)} - {"contract"}


def module(places: Places, name: str) -> Manager:
    """The manager of that name, in force or not."""
    made: Manager = importlib.import_module(f"{__name__}.{name}").Manager(places)
    return made


def _note(places: Places) -> Path:
    return places.etc / "manager"
