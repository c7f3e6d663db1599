"""How the host tool of a host is run from here: a file in components/hosts/transports/, by name."""

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from cloud_init.host.base import files
from cloud_init.host.base.outcome import Refused
from cloud_init.host.data import backup
from components.deployment.answers import Kept
from components.errors import LockedError, SlipwayError
from components.hosts import progress
from components.hosts.way import Done, Way
from components.source.archive import unpack

Event = Mapping[str, Any]
"""A line of the host tool: {"event": "step" | "note" | "outcome", …}; see docs/architecture.md."""


class Transport(Protocol):
    """One host; `host`: its name in the store; `role`: web or database; `address`: for people."""

    host: str
    role: str
    address: str

    def run(self, arguments: Sequence[str], on_event: Callable[[Event], None] | None = None) -> dict[str, Any]:
        """Runs the host tool and gives its last event, the outcome; `on_event` hears the others.
        Raises `SlipwayError` when the host can't be reached."""

    def stream(self, arguments: Sequence[str]) -> Iterator[str]:
        """The host tool's plain lines, as they come (logs)."""

    def attach(self, arguments: Sequence[str]) -> int:
        """Runs the host tool with this terminal's own input and output; its exit status."""


def asked(facts: Mapping[str, Any]) -> str:
    """What a command of the host tool begins with: whose host is meant, or it refuses."""
    return f"SLIPWAY_ASKED={facts['app']}/{facts.get('stack')}"


def outcome(
    host: str,
    lines: Iterable[str],
    arguments: Sequence[str],
    on_event: Callable[[Event], None] | None,
    ended: Callable[[], tuple[str, int]],
    absent: str = "run `./slipway up`",
) -> dict[str, Any]:
    """What `Transport.run` gives, of the host tool's lines. `ended`: error output and exit status,
    once all is read. Raises `LockedError` where another run holds the host, `SlipwayError` where
    there is no host tool, with what helps: `absent`."""
    last: dict[str, Any] = {}
    for line in lines:
        try:
            event = progress.readable(json.loads(line))
        except (ValueError, RecursionError):  # another program's, cut, or nested by who broke into a server
            continue
        if not isinstance(event, dict) or "event" not in event:
            continue
        if event["event"] == "outcome":
            last = event
        elif on_event:
            on_event(event)
    errors, status = ended()
    if status == 3:
        raise LockedError(f"{host}: {last.get('message', 'locked by another run')}")
    if last:
        return last
    if "can't open file" in errors:
        raise SlipwayError(f"{host}: nothing is launched there yet; {absent}")
    why = (errors.strip().splitlines() or [f"exit status {status}"])[-1]
    return {"ok": False, "host": host, "step": arguments[0], "message": f"the host tool ended early: {why}", "log": []}


class Launched(Transport):
    """A host that Slipway itself launches and removes, by a way to its machine; others are
    resources of a cloud's. `copies`: what copies of its last backups are called here; `mend`: what
    to do where one can't be made."""

    way: Way
    copies: str
    mend = "mend that, then run it again"

    def tool(self, arguments: Sequence[str]) -> list[str]:
        """The host tool with these arguments, as the machine's own command."""
        raise NotImplementedError

    def run(self, arguments: Sequence[str], on_event: Callable[[Event], None] | None = None) -> dict[str, Any]:
        done: list[Done] = []
        lines = self.way.lines(self.tool(arguments), done.append)
        return outcome(self.host, lines, arguments, on_event, lambda: (done[0].err, done[0].status))

    def stream(self, arguments: Sequence[str]) -> Iterator[str]:
        return self.way.lines(self.tool(arguments))

    def attach(self, arguments: Sequence[str]) -> int:
        return self.way.attach(self.tool(arguments))

    def install(self, tool: bytes) -> None:
        """Puts the host tool and host.json in place, each by rename; unchanged files stay. Servers
        set themselves up."""
        raise NotImplementedError

    def remove(self, keep_data: bool) -> None:
        """Stops everything and removes what was set up; with `keep_data` shared data stays."""
        raise NotImplementedError

    def settle(self, origin: Path) -> None:
        """After a move of its folder, for one that is in a folder of this machine: ends what runs,
        and removes what names the old place. Data and store stay; `up` makes the rest."""
        raise NotImplementedError

    def kept(self) -> Sequence[Kept]:
        """The app's data there."""
        return [Kept(f"{self.host}:{one['path']}", int(one["bytes"])) for one in self.run(["kept"]).get("kept") or []]

    def leave(self, *how: str) -> None:
        """Ends what runs and removes what was made. Raises `SlipwayError`."""
        done = self.run(["leave", *how])
        if not done["ok"]:
            raise SlipwayError(f"{self.host}, {done.get('step') or 'leave'}: {done['message']}")

    def save(self, engine: str, folder: Path, on_event: Callable[[Event], None] | None = None) -> Path | None:
        """A last backup of what goes with the host, copied into a folder here; None without any.
        Raises `SlipwayError` when it can't be made."""
        saved = self.run(["backup", "--own", "--reason", "before destroy --with-data", "--engine", engine], on_event)
        if not saved["ok"]:
            raise SlipwayError(f"{self.copies}: last backup: {saved['message']}; nothing was removed; {self.mend}")
        return self.fetch(Path(saved["path"]), folder / f"{self.copies}-{saved['backup']['id']}") if saved["backup"] else None

    def fetch(self, source: Path, target: Path) -> Path:
        """A copy of a backup there at `target` here, checked and whole. Raises `SlipwayError`."""
        with copied(f"backup {source.name}", target) as part:
            part.mkdir(mode=0o700)
            archive = part / "archive.tar"
            with archive.open("wb") as file:
                done = self.way.run(["tar", "-C", str(source), "-cf", "-", "."], root=True, out=file)
            if done.status:
                raise OSError(done.last)
            unpack(archive, part)
            archive.unlink()
            backup.check(part, source.name)
        return target


@contextmanager
def copied(what: str, target: Path, way: str = "nothing was removed") -> Iterator[Path]:
    """A place for a copy, which comes to be `target` once it is whole. Raises `SlipwayError`."""
    try:
        files.make_folder(target.parent, 0o700)
        with files.replacing(target) as part:
            yield part
            files.sync_tree(part)
    except (OSError, Refused) as error:
        raise SlipwayError(f"{what}: wanted a copy at {target}, found: {error}; {way}") from None


def connect(facts: Mapping[str, Any]) -> Launched:
    """The transport that `facts["transport"]` names, for the host that `facts` is of."""
    module = importlib.import_module(f"components.hosts.transports.{facts['transport']}")
    return cast(Launched, module.connect(facts))
