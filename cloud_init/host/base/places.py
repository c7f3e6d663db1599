"""What this host is (host.json), the places of everything on it, and the front servers and
databases of this machine, looked for when they are needed."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from .. import contracts
from ..contracts.facts import HostFacts
from .files import read_json
from .outcome import Refused

COLOURS = ("blue", "green")
HTTP = "app.sock"  # every server listens there with HTTP
FRONTS = {"nginx": "nginx", "apache": "apache2"}
_SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"


class Colour:
    """One of the two sides of a web host that take turns: a folder in RUN. The app's user may write
    `own` in it alone: a link beside that leads fronts to its socket."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, folder.name
        self.own = folder / "own"
        self.socket = self.own / HTTP
        self.link = folder / "release"  # to the folder of the release that this colour runs
        self.process = self.own / "process.json"  # pid and start time of its server


class _Account:
    """A user that a fact of the host names, else the app's; None: whoever runs this tool."""

    def __init__(self, fact: str) -> None:
        self.fact = fact

    def __get__(self, places: Places, kind: type[Places]) -> pwd.struct_passwd | None:
        name = getattr(places.facts, self.fact) or places.facts.user
        return pwd.getpwnam(name) if name else None


class Places:
    """A host: its facts, and its folders and files as docs/architecture.md lists them."""

    user = _Account("user")  # the app's own user
    database_user = _Account("database_user")
    front_user = _Account("front_user")  # the user that reads the certificate's key: not the app's on a server, but in its group
    release_user = _Account("release_user")
    """The user that knows the owner's password: not the app's on a server, but of its group."""
    build_user = _Account("build_user")  # what packages run as they are built is its own

    def __init__(self, root: Path, facts: HostFacts) -> None:
        self.root, self.facts = root, facts
        self.app, self.host, self.python, self.store = facts.app, facts.host, facts.python, facts.store
        self.role = facts.role  # `web` or `database` on a server; None on a machine that is taken as it is
        self.tool = root / "opt/slipway/host.pyz"
        self.supervisor = list(facts.supervisor or [str(root / "opt/slipway/supervisor/bin/supervisord")])
        """The command that starts supervisord. On a server it has an environment of its own."""
        self.etc, self.srv = root / "etc/slipway" / facts.app, root / "srv/slipway" / facts.app
        self.lib, self.log = root / "var/lib/slipway" / facts.app, root / "var/log/slipway" / facts.app
        self.is_driven = bool(facts.transport)  # by deployers, who run this tool here; else `watch` follows the store
        self.shared = self.srv / "shared"
        self.shared_mode = 0o2770 if facts.release_user else 0o750  # the release command's own user writes there too
        self.app_data = self.shared / "app"  # the folders of `slipway:app.data`
        self.kept = tuple(self.srv / name for name in ("shared", "snapshots", "data", "backups"))  # the folders with data
        self.disk = self.srv / "disk"  # where that of a web host has one of its own
        self.database = self.shared / "app.sqlite3"
        self.units = root / "etc/systemd/system"
        self.manager = self.etc / "manager"  # the name of the manager that it was laid out with
        self.serves = self.etc / "database"  # certificate, key, rules and network of a database for other hosts
        self.front = self.etc / "front"  # link to the front configuration in force
        self.restoring = self.lib / "restore.json"  # the note of a restore at work, or interrupted
        self.run = Path(facts.run)
        self.live = self.run / "live"  # the link that the front server reads: its rename is the flip
        self.previous = self.run / "previous"
        self.front_process = self.run / "front/process.json"  # pid and start time of the front server
        self.serving = self.run / "front/kind"  # the kind of front server that was started last

    @property
    def front_binaries(self) -> dict[str, str]:
        """Programs by front server, from host.json; on a server, where it has none, as found."""
        given = self.facts.front.binaries
        return fronts() if given is None else dict(given)

    @property
    def database_binaries(self) -> dict[str, str]:
        """Folders of programs by database engine, from host.json; on a server as found now."""
        given = self.facts.databases
        return databases() if given is None else dict(given)

    def release(self, release: str) -> Path:
        return self.srv / "releases" / release

    def colour(self, name: str) -> Colour:
        return Colour(self.run / name)


def other(colour: str) -> str:
    """The name of the colour that takes turns with this one."""
    return COLOURS[1 - COLOURS.index(colour)]


def load(root: Path) -> Places:
    """The places under `root`, from its host.json. Raises `Refused`."""
    path = root / "etc/slipway/host.json"
    try:
        return Places(root, contracts.read(HostFacts, read_json(path)))
    except contracts.Wrong as wrong:
        raise Refused(f"{path}: wanted the facts of this host, found none or damaged ones ({wrong}); run `up` again to write it") from None


def program(name: str) -> str | None:
    """The program's path, wherever this machine has it."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), _SYSTEM]))


def fronts() -> dict[str, str]:
    """The front servers that are there, each with its program."""
    paths = {front: program(name) for front, name in FRONTS.items()}
    return {front: path for front, path in paths.items() if path}


def databases() -> dict[str, str]:
    """The folder of each database engine's programs, of those that are there."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    paths = {"postgres": str(newest[-1]) if newest else program("postgres"), "mysql": program("mariadbd")}
    return {engine: str(Path(path).parent) for engine, path in paths.items() if path}
