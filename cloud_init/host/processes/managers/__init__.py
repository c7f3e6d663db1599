"""What keeps processes running, a file each; the folder is the registry, and `Manager` the
contract, in words that no manager owns.

A server's first release says which it is, noted in `ETC/manager` for good (server/provision.py);
elsewhere it is Supervisor, or Docker where programs are containers."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional, Protocol

from ...base import Places, read_text
from ...contracts.manifest import Manifest
from ...release import manifests
from ...rollout import state
from ..programs import Program, log_path, log_since

STARTING, RUNNING, STOPPING, STOPPED, WAITING, FAILED = "starting", "running", "stopping", "stopped", "waiting", "failed"
"""`waiting`: it ended and is tried again. `stopped`: on demand, or it found nothing to run.
`failed`: it is tried no more."""


@dataclass(frozen=True)
class ProgramStatus:
    """A program as its manager sees it. `since`: seconds since 1970, while it runs; `why`: for what
    reason it ended, where that is known."""

    name: str
    state: str
    pid: Optional[int] = None
    since: Optional[float] = None
    why: str = ""

    @property
    def runs(self) -> bool:
        return self.state in (STARTING, RUNNING)

    @property
    def over(self) -> bool:
        """Whether it is over for good: nobody starts it again."""
        return self.state in (STOPPED, FAILED)

    @property
    def ended(self) -> bool:
        """Whether a program that was just started is gone, to be tried again or not."""
        return self.over or self.state == WAITING


class Manager(Protocol):
    """What keeps the processes of one app running on this host."""

    kind: str
    places: Places

    @property
    def running(self) -> bool:
        """True while it keeps this app's processes running."""

    @property
    def pid(self) -> Optional[int]:
        """The manager's own process, if it is there for this app alone."""
        return None

    def answers(self) -> bool:
        """True while it takes commands."""
        return self.running

    def install(self) -> None:
        """What it needs on a server that no package brings. Raises `Refused`."""
        return

    def configure(self) -> bool:
        """Writes what is constant on this host; True if that changed: it must be launched again."""
        return False

    def launch(self) -> None:
        """Starts it, and the constant programs. Raises `Refused`."""
        return

    def shut_down(self) -> None:
        """Stops it and all of its programs, each with its own grace."""

    def programs(self) -> list[str]:
        """Names of all programs, those included that came with a release."""

    def status(self, program: str) -> ProgramStatus:
        """How a program is."""

    def start(self, program: str) -> None:
        """Starts a stopped program without waiting for it to be well: the gate asks that."""

    def stop(self, program: str) -> None:
        """Stops a program, letting what it has in hand finish; nothing to do if it does not run."""

    def signal(self, program: str, name: str) -> None:
        """Sends a signal to a program's main process."""

    def add(self, program: Program) -> None:
        """Takes in a program that isn't constant, and starts it, unless it runs unchanged."""

    def remove(self, name: str) -> None:
        """Stops a program that was added, and forgets it."""

    def discard(self, release: str) -> None:
        """Removes what it keeps itself of a release that goes."""
        return

    def logged(self) -> list[str]:
        """Names of all that have a log here: programs, and what else talks."""
        return sorted(path.stem for path in self.places.log.glob("*.log"))

    def log(self, program: str, mark: Optional[int], lines: int) -> tuple[list[str], int]:
        """Whole lines that a program said since a mark, else its last `lines`; the next mark."""
        return log_since(log_path(self.places, program), mark, lines)

    def log_from_now(self, program: str) -> Callable[[int], list[str]]:
        """The last lines, as many as it is called with, of what a program says from here on."""
        _, mark = self.log(program, None, 0)
        return lambda lines: self.log(program, mark, lines)[0][-lines:]

    def restart(self, program: str) -> None:
        """Starts a program whatever it does; one that waits to be tried again counts as started."""
        self.stop(program)
        self.start(program)


def of(places: Places) -> Manager:
    """What keeps this app's processes running."""
    made: Manager = importlib.import_module(f"{__name__}.{kept(places) or wanted(places, None)}").Manager(places)
    return made


def kept(places: Places) -> Optional[str]:
    """The name of the one that this host was laid out with; None before its first release. Where
    the note is lost or damaged the release that serves says it."""
    name, release = read_text(places.manager).strip(), state.serving(places)
    if name in _known():
        return name
    return wanted(places, manifests.peek(places.release(release))) if release else None


def wanted(places: Places, manifest: Optional[Manifest]) -> str:
    """The name of the one that a release asks for."""
    name = manifest.host.manager if manifest and manifest.host else ""
    return name if name in _known() else "docker" if places.facts.containers else "supervisor"


def _known() -> set[str]:
    return {found.name for found in pkgutil.iter_modules(__path__)}
