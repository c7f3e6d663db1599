"""What a target is: the module components/targets/NAME.py (- becomes _), found by its file."""

import importlib
import os
import runpy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import pulumi
from pydantic import BaseModel
from pydantic.alias_generators import to_snake

from components import owner
from components.deployment import Deployment
from components.errors import MissingError, UsageError, nearest, shown
from components.settings import Settings, reader, report

AS_IF_IN = "SLIPWAY_AS_IF_IN"
"""The variable with the project folder whose tree counts while another checkout is planned."""


@dataclass(frozen=True)
class StackPlace:
    """Which stack of which project, and the folder that Pulumi.yaml stands in."""

    folder: Path
    project: str
    stack: str

    @property
    def tree(self) -> Path:
        """Everything Slipway keeps on the deploying machine for this stack."""
        return Path(os.environ.get(AS_IF_IN) or self.folder) / ".slipway" / self.stack

    @property
    def last_backups(self) -> Path:
        """The folder of the last backup of what `destroy --with-data` removes."""
        return self.folder / ".slipway/backups" / self.stack


@dataclass(frozen=True)
class Need:
    """A program that a target wants on this machine, `required` or for what it does better, in
    these Debian `packages`."""

    program: str
    why: str
    packages: tuple[str, ...]
    present: bool
    required: bool


Shared = Literal[
    "front", "manager", "server.kind", "database.engine", "database.placement", "domain", "tls.certificate",
    "app.static", "app.data", "app.processes", "app.cron", "app.packages",
    "http.allow", "http.staticAge", "http.errorPages", "http.snippet", "http.maxBody", "http.cors", "http.redirectDomains",
    "http.trustedProxies", "database.extensions", "app.healthHost",
]  # fmt: skip
"""The settings that not every target serves."""
Takes = Mapping[Shared, tuple[str, ...] | bool]
"""The words of a setting that a target serves; for one without words, whether it does. What isn't
there is served, whatever it is set to."""


def _unserved(takes: Takes, settings: Settings) -> Iterator[report.Problem]:
    """One for each setting that is set, or follows from the database, and isn't served."""
    for key, served in takes.items():
        *section, name = to_snake(key).split(".")
        part = getattr(settings, section[0]) if section else settings
        value = getattr(part, name)
        asked = name in part.model_fields_set or (key.startswith("database.") and settings.database.engine != "none")
        if asked and value not in (None, "none", {}, ()) and served is not True and not (served and value in served):
            wanted = ", ".join(served[:-1]) + " or " * bool(served[1:]) + served[-1] if served else "nothing"
            why = f"the target {settings.target} serves {'no other' if served else 'none'}"
            mend = "leave it out, or take another target"
            yield f"slipway:{key}", f"wanted {wanted}, found {shown(value)}; {why}; {mend}"


class TargetComponent(pulumi.ComponentResource):
    """What is launched; a target's own `Target` derives from it."""

    exported: Mapping[str, Any]
    """The stack's outputs."""

    def put_out(
        self, settings: Settings, release: pulumi.Input[str], url: pulumi.Input[str], addresses: pulumi.Input[list[str]], **own: Any
    ) -> None:
        """The last step of `__init__`. `url`: known once it is served; `own`: more outputs."""
        every = {"url": url, "target": settings.target, "release": release, "addresses": addresses}
        self.exported = {**every, "database": settings.database.engine, **own}
        self.register_outputs({})


class TargetModule(Protocol):
    """The public names of components/targets/NAME.py."""

    Options: type[BaseModel]
    """The model of the target's own section, `slipway:NAME`."""
    TAKES: Takes
    """What of the other settings it serves."""

    Target: Callable[[str, Settings, StackPlace], TargetComponent]
    """The class of its component, by the app's name; the program makes one."""
    THIS_MACHINE: bool
    """All of it is made on the deploying machine: what only creates there needs nobody's yes."""

    def needs(self, settings: Settings) -> list[Need]:
        """What this target wants installed here; must not change anything."""

    def deployment(self, settings: Settings, place: StackPlace) -> Deployment:
        """What was launched, to be asked without running the program."""


def needs_nothing(settings: Settings) -> list[Need]:
    """The `needs` of a target that wants nothing on this machine but Python's packages."""
    return []


def names() -> list[str]:
    """The names of all targets, as the stack config spells them."""
    return reader.target_names()


def chosen(settings: Settings) -> TargetModule:
    """The target of these settings. Raises `UsageError` that names all of them it doesn't serve."""
    module = find(settings.target)
    if problems := list(_unserved(module.TAKES, settings)):
        raise report.error(settings.stack, problems)
    return module


def find(name: str) -> TargetModule:
    """The target of that name; the only place where a target's module is imported."""
    if name not in names():
        raise UsageError(f"slipway:target: no target is called {shown(name)}; {nearest(name, names())}")
    try:
        return cast(TargetModule, importlib.import_module("components.targets." + name.replace("-", "_")))
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("pulumi_"):
            raise
        package = str(error.name).partition(".")[0].replace("_", "-")
        how = f"run ./slipway with this stack, or: .venv/bin/pip install -r requirements/{name}.in"
        raise MissingError(f"slipway:target: {name} needs the package {package}, which isn't installed; {how}") from None


def place() -> StackPlace:
    """The place of the running program. Raises `UsageError` where the CLI may change nothing."""
    found = StackPlace(Path(os.getcwd()), pulumi.get_project(), pulumi.get_stack())
    who = owner.current(found.project, found.stack)
    # `./slipway` has asked before; the bare CLI tells in one line what a program refuses.
    if who.engine == owner.CLI and (refused := owner.refusal(found.tree, who)):
        raise UsageError(refused)
    return found


def export(launched: TargetComponent) -> None:
    """Makes what was put out the stack's outputs."""
    for name, value in launched.exported.items():
        pulumi.export(name, value)


def hook() -> None:
    """A `hooks.py` beside Pulumi.yaml has the last word: its `transform` is a stack transformation
    of Pulumi's, asked of every resource before that is made. Raises `UsageError`."""
    path = place().folder / "hooks.py"
    if path.exists():
        transform = runpy.run_path(str(path)).get("transform")
        if not callable(transform):
            raise UsageError(f"{path.name}: wanted a function transform(args), found none; write one, or remove the file")
        pulumi.runtime.register_stack_transformation(transform)
