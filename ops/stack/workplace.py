"""The stack a command works on: project, settings, target."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from components import owner, settings, target
from components.deployment import Deployment
from components.errors import UsageError
from components.settings import Settings
from components.target import StackPlace, TargetModule
from ops import engine
from ops.call import Call
from ops.display import tables
from ops.engine.state import State
from ops.setup import install
from ops.stack import project
from ops.stack.project import Project, Stack


@dataclass(frozen=True)
class Workplace:
    """A stack, read and checked."""

    project: Project
    stack: Stack
    settings: Settings
    target: TargetModule
    place: StackPlace

    def deployment(self, acts: bool = True) -> Deployment:
        """What was launched, to be asked. In a tree that was copied or moved only what reads is
        done, and told of it. Raises `UsageError` for a command that `acts`."""
        if why := owner.elsewhere(self.place.tree):
            if acts:
                raise UsageError(why)
            tables.line(f"slipway: {why}", stderr=True)
        return self.target.deployment(self.settings, self.place)

    def state(self) -> State:
        """What the engine in this process has of it."""
        return engine.Engine(self.project, self.stack).state()

    def install_needs(self) -> None:
        """Installs what the target wants on this machine."""
        install.ensure(lambda: self.target.needs(self.settings))


def folder() -> Path:
    """The project folder: ./slipway goes there before it starts Python."""
    return Path.cwd()


def given(path: Path) -> Path:
    """A path on the command line: a relative one counts from where the user is."""
    return Path(os.environ.get("SLIPWAY_CWD") or folder()) / path


def place(call: Call) -> StackPlace:
    """The stack's place, without reading its settings."""
    check_name(call.stack)
    return StackPlace(folder(), project.load_project(folder()).name, call.stack)


def enter(call: Call, sealed: bool = False) -> Workplace:
    """Reads the stack's settings; `UsageError` when there is no such stack. `sealed`: encrypted."""
    here = place(call)
    whole = project.load_project(here.folder)
    stack = project.load_stack(whole, call.stack, sealed)
    chosen = settings.parse(stack.config, stack.secret_keys, call.stack, whole.name)
    return Workplace(whole, stack, chosen, target.chosen(chosen), here)


def check_name(stack: str) -> None:
    """A stack's name becomes a file's and a folder's."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", stack):
        raise UsageError(f"--stack: letters, digits, '-', '_' and '.' are wanted, found {stack!r}")
