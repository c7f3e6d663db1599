"""What a target is: the module components/targets/NAME.py (hyphens become underscores), found by its file alone."""

import difflib
import importlib
import os
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import pulumi
from pydantic import BaseModel

from components.errors import MissingError, SlipwayError, UsageError
from components.settings import Settings
from components.settings.found import shown
from components.store import Store
from components.transport import Transport

AS_IF_IN = "SLIPWAY_AS_IF_IN"
"""Names the folder that a plan of another checkout is to be compared in: its tree is the one that is meant."""


@dataclass(frozen=True)
class Place:
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
        """Where the last backup of what `destroy --with-data` removes is kept."""
        return self.folder / ".slipway/backups" / self.stack


@dataclass(frozen=True)
class Need:
    """Something the deploying machine should have; without it a target that doesn't require it works less well.

    `packages` are names of Debian packages."""

    program: str
    why: str
    packages: tuple[str, ...]
    present: bool
    required: bool


@dataclass(frozen=True)
class DayTwo:
    """What the commands after a launch (status, logs, rollback, …) need of a target."""

    store: Store
    hosts: Sequence[Transport]
    url: str
    follow: bool = False
    """The hosts follow the store by themselves; nobody drives them through a rollout."""
    expected: tuple[str, ...] = ()
    """Hosts that follow, by name, as far as the target knows them."""
    fewest: int = 0
    """Web hosts that there will be at least, where the target knows no names."""
    addresses: tuple[str, ...] = ()
    """Of the web hosts, as far as they can be asked from here, in the order of `expected`. A domain is to lead to them."""

    @property
    def web(self) -> Sequence[Transport]:
        """The hosts that serve the app."""
        return [host for host in self.hosts if host.role == "web"]

    @property
    def database_host(self) -> Transport:
        """The host that is asked about the database: its own, or else the web host that runs release commands."""
        if not self.hosts:
            raise SlipwayError(f"no server of {self.url} is there; run `./slipway up`, or look why none starts")
        return next((host for host in self.hosts if host.role == "database"), self.hosts[0])


class TargetComponent(pulumi.ComponentResource):
    """What every target puts out; how it comes about says its own `Target`."""

    url: pulumi.Output[str]
    target: pulumi.Output[str]
    release: pulumi.Output[str]
    addresses: pulumi.Output[list[str]]
    database: pulumi.Output[str]

    def put_out(self, settings: Settings, release: pulumi.Input[str], url: pulumi.Input[str], addresses: pulumi.Input[list[str]]) -> None:
        """`release` its id; `url` known once it is served there; `addresses` of the web hosts. The last step of `__init__`."""
        self.url = pulumi.Output.from_input(url)
        self.target = pulumi.Output.from_input(settings.target)
        self.release = pulumi.Output.from_input(release)
        self.addresses = pulumi.Output.from_input(addresses)
        self.database = pulumi.Output.from_input(settings.database.engine)
        self.register_outputs({})


class TargetModule(Protocol):
    """The public names of components/targets/NAME.py."""

    Options: type[BaseModel]
    """The model of the target's own section, `slipway:NAME`."""

    def deploy(self, settings: Settings, place: Place) -> TargetComponent:
        """Creates the `Target` component; called once by the program."""

    def needs(self, settings: Settings) -> list[Need]:
        """What this target wants installed here; must not change anything."""

    def day_two(self, settings: Settings, place: Place) -> DayTwo:
        """How to reach what was launched, without running the program."""


def names() -> list[str]:
    """The names of all targets, as the stack config spells them."""
    import components.targets as folder

    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(folder.__path__))


def find(name: str) -> TargetModule:
    """The target of that name; the only place where a target's module is imported."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"perhaps you meant {near[0]}" if near else "targets: " + ", ".join(names())
        raise UsageError(f"slipway:target: no target is called {shown(name)}; {hint}")
    try:
        return cast(TargetModule, importlib.import_module("components.targets." + name.replace("-", "_")))
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("pulumi_"):
            raise
        package = str(error.name).partition(".")[0].replace("_", "-")
        file = f"requirements/{name}.txt"
        how = f"run ./slipway with this stack, or: .venv/bin/pip install -r {file}"
        raise MissingError(f"slipway:target: {name} needs the package {package}, which isn't installed; {how}") from None


def place() -> Place:
    """Where the running program stands."""
    return Place(Path(os.getcwd()), pulumi.get_project(), pulumi.get_stack())


def export(outputs: TargetComponent) -> None:
    """Exports what every target has, as stack outputs."""
    names: tuple[str, ...] = ("url", "target", "release", "addresses", "database")
    values: dict[str, Any] = {name: getattr(outputs, name) for name in names}
    for name, value in values.items():
        pulumi.export(name, value)
