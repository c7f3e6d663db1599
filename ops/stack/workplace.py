"""The stack a command works on: project, settings, target, and the Debian packages that it needs on
this machine, installed if no password is asked, else named."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from components import owner, settings, target
from components.deployment import Deployment
from components.errors import MissingError, UsageError
from components.settings import Settings
from components.target import Need, StackPlace, TargetModule
from ops import engine
from ops.cli import Call
from ops.display import tables
from ops.engine.state import State
from ops.stack import project
from ops.stack.project import Project, Stack

SCRIPT = Path(__file__).with_name("install-packages.sh")
POLICY = Path("/usr/sbin/policy-rc.d")


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
        ensure(lambda: self.target.needs(self.settings))


def given(path: Path) -> Path:
    """A path on the command line: a relative one counts from where the user is, as ./slipway
    goes to the project folder before it starts Python."""
    return Path(os.environ.get("SLIPWAY_CWD") or Path.cwd()) / path


def place(call: Call) -> StackPlace:
    """The stack's place, without reading its settings."""
    check_name(call.stack)
    return StackPlace(Path.cwd(), project.load_project(Path.cwd()).name, call.stack)


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


def ensure(read_needs: Callable[[], list[Need]]) -> None:
    """Installs what is missing; raises `MissingError` where a required need stays unmet."""
    wanted = [package for need in _missing(read_needs()) for package in need.packages]
    problem = _install(list(dict.fromkeys(wanted))) if wanted else None
    for need in _missing(read_needs()):
        if need.required:
            if not need.packages:
                raise MissingError(need.why)
            how = install_command(need.packages) + (f"\n{problem}" if problem else "")
            raise MissingError(f"{need.program} is missing ({need.why}); install it with: {how}")
        tables.line(f"Going on without {need.program} ({need.why}); to have it: {install_command(need.packages)}", stderr=True)


def _missing(needs: Sequence[Need]) -> list[Need]:
    return [need for need in needs if not need.present]


def install_command(names: Sequence[str]) -> str:
    """The command that installs these packages, for a person to run."""
    return f"sudo apt-get install -y {' '.join(names)}" if names else "see docs/"


def become_root() -> list[str] | None:
    """The words before a command that is to run as root: none for root, sudo where it asks for no
    password; None where there is no way."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def _install(names: Sequence[str]) -> str | None:
    """Runs apt-get; gives the last lines of a failure."""
    become = become_root()
    if become is None or not shutil.which("apt-get"):
        return None
    start = time.monotonic()
    # A file and not a pipe: should this process be killed, the script still finishes and tidies up.
    with tempfile.TemporaryFile("w+") as log:
        arguments = [*become, "sh", str(SCRIPT), str(POLICY), *names]
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False)
        log.seek(0)
        last = log.read().strip().splitlines()[-5:]
    spent = tables.duration(time.monotonic() - start)
    if done.returncode == 0:
        tables.line(f"Installed Debian packages: {' '.join(names)} (services not started)  {spent}", stderr=True)
        return None
    tables.line(f"Installing Debian packages failed: {' '.join(names)}  {spent}", stderr=True)
    return "\n".join(f"  {text}" for text in last)
