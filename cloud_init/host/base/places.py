"""What this host is (host.json) and where everything on it stands."""

from __future__ import annotations

import pwd
from dataclasses import dataclass
from pathlib import Path

from .. import contracts
from ..contracts.facts import HostFacts
from . import installed
from .files import read_json
from .outcome import Refused

COLOURS = ("blue", "green")
SQLITE = "app.sqlite3"
HTTP = "app.sock"  # every server listens there with HTTP, whatever else it speaks


@dataclass(frozen=True)
class Colour:
    """One of the two sides that take turns."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def socket(self) -> Path:
        return self.folder / HTTP

    @property
    def sockets(self) -> list[Path]:
        """Everything that the colour's server listens on: HTTP, and a protocol of its own beside it."""
        return sorted(path for path in self.folder.glob("app.*") if path.is_socket())

    @property
    def link(self) -> Path:
        """Link to the release that this colour runs."""
        return self.folder / "release"

    @property
    def process(self) -> Path:
        """Who runs as this colour: pid and start time."""
        return self.folder / "process.json"


@dataclass(frozen=True)
class Places:
    """The host, and its folders as the architecture page lists them."""

    root: Path
    facts: HostFacts

    @property
    def app(self) -> str:
        return self.facts.app

    @property
    def host(self) -> str:
        return self.facts.host

    @property
    def python(self) -> str:
        return self.facts.python

    @property
    def user(self) -> pwd.struct_passwd | None:
        """The app's own user; None: the app runs as whoever runs this tool."""
        name = self.facts.user
        return pwd.getpwnam(name) if name else None

    @property
    def database_user(self) -> pwd.struct_passwd | None:
        """Who runs a database of this host: a user of its own on a server, the app's where there is none."""
        name = self.facts.database_user
        return pwd.getpwnam(name) if name else self.user

    @property
    def store(self) -> str:
        """The store's address."""
        return self.facts.store

    @property
    def role(self) -> str | None:
        """What this server is for; None: no server, but a machine taken as it is."""
        return self.facts.role

    @property
    def front_binaries(self) -> dict[str, str]:
        """As host.json has it; on a server, whose packages come with a release, looked for."""
        given = self.facts.front.binaries
        return installed.fronts() if given is None else dict(given)

    @property
    def database_binaries(self) -> dict[str, str]:
        """Likewise."""
        given = self.facts.databases
        return installed.databases() if given is None else dict(given)

    @property
    def supervisor(self) -> list[str]:
        """The command that starts supervisord. On a server it has an environment of its own."""
        return list(self.facts.supervisor or [str(self.tool.with_name("supervisor") / "bin/supervisord")])

    @property
    def run(self) -> Path:
        return Path(self.facts.run)

    @property
    def etc(self) -> Path:
        return self.root / "etc/slipway" / self.app

    @property
    def srv(self) -> Path:
        return self.root / "srv/slipway" / self.app

    @property
    def lib(self) -> Path:
        return self.root / "var/lib/slipway" / self.app

    @property
    def log(self) -> Path:
        return self.root / "var/log/slipway" / self.app

    @property
    def tool(self) -> Path:
        return self.root / "opt/slipway/host.pyz"

    @property
    def shared(self) -> Path:
        return self.srv / "shared"

    @property
    def database(self) -> Path:
        return self.shared / SQLITE

    @property
    def live(self) -> Path:
        """The link that the front server reads: its rename is the flip."""
        return self.run / "live"

    @property
    def previous(self) -> Path:
        return self.run / "previous"

    @property
    def front(self) -> Path:
        """Link to the front configuration in force."""
        return self.etc / "front"

    @property
    def front_process(self) -> Path:
        """Who runs as the front server: pid and start time."""
        return self.run / "front/process.json"

    @property
    def front_awaits(self) -> Path:
        """There while a front server waits until another one has let go of the port."""
        return self.run / "front.awaits"

    @property
    def serving(self) -> Path:
        """Which front server was started last."""
        return self.run / "front/kind"

    def release(self, release: str) -> Path:
        return self.srv / "releases" / release

    def colour(self, name: str) -> Colour:
        return Colour(self.run / name)


def other(colour: str) -> str:
    """The colour that takes turns with this one."""
    return COLOURS[1 - COLOURS.index(colour)]


def load(root: Path) -> Places:
    """The places under `root`, from its host.json."""
    path = root / "etc/slipway/host.json"
    try:
        return Places(root, contracts.read(HostFacts, read_json(path)))
    except contracts.Wrong as wrong:
        raise Refused(f"{path}: wanted the facts of this host, found none or damaged ones ({wrong}); run `up` again to write it") from None
