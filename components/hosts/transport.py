"""How a host is reached. Ways to a machine: its commands are run as programs of this one, as `ssh`
or `docker exec`; and how the host tool is run by them: a file in components/hosts/transports/, by
name."""

import importlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from cloud_init.host.base import files
from cloud_init.host.base.outcome import Refused
from cloud_init.host.data import backup
from components.deployment.answers import Kept
from components.errors import LockedError, SlipwayError
from components.hosts import progress
from components.source.archive import unpack

QUICK = 5.0  # seconds that a machine may be away outside a rollout

Event = Mapping[str, Any]
"""A line of the host tool: {"event": "step" | "note" | "outcome", …}; see docs/architecture.md."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: bytes
    err: str

    @property
    def last(self) -> str:
        """The last words of its errors, or of what it said."""
        said = self.err.strip() or self.out.decode(errors="replace").strip()
        return (said.splitlines() or [f"exit status {self.status}"])[-1]


@dataclass
class Pipe:
    """A command that is asked and answers. `ended`: its errors, once it ended."""

    asked: IO[bytes]
    answers: IO[bytes]
    ended: Callable[[], str]

    def send(self, data: bytes) -> None:
        with suppress(OSError, ValueError):  # it ended, or was closed: the missing answer is told of
            self.asked.write(data)
            self.asked.flush()

    def close(self) -> None:
        with suppress(OSError):
            self.asked.close()
        self.answers.close()


class Way:
    """The way to this machine. One to another is held open by a program that ends with this one,
    and a command opens it. Any thread may use it. Raises `Lost` where a machine can't be reached,
    or how a command ended isn't known."""

    is_here = True

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._holds: subprocess.Popen[bytes] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it was opened, and nobody noticed that it broke."""
        return self._holds is not None and self._holds.poll() is None

    def open(self, patience: float = QUICK, say: Callable[[str], None] = lambda text: None) -> None:
        """Opens it; tried again for so many seconds where that may help, which `say` hears."""
        with self._lock:
            if not self.is_open:
                self._holds = self._opened(patience, say)

    def _opened(self, patience: float, say: Callable[[str], None]) -> subprocess.Popen[bytes]:
        """The program that holds it open."""
        raise NotImplementedError

    def command(self, words: Sequence[str], root: bool = True, terminal: bool = False) -> list[str]:
        """The program of this machine that runs `words` there."""
        return list(words)

    def ended(self, what: str, done: Done) -> Done:
        """Raises `Lost` where the command `what` may have ended otherwise than `done` says."""
        return done

    def run(self, words: Sequence[str], data: bytes | IO[bytes] = b"", root: bool = False, out: int | IO[bytes] = subprocess.PIPE) -> Done:
        """Runs a command to its end; root's, if it is to be. `data`: its input; `out`: where its
        output goes to."""
        process = self._started(words, root, stdin=subprocess.PIPE if isinstance(data, bytes) else data, stdout=out)
        said, errors = process.communicate(data if isinstance(data, bytes) else None)
        return self.ended(words[0], Done(process.returncode, said or b"", errors.decode(errors="replace")))

    def lines(self, words: Sequence[str], ended: Callable[[Done], None] | None = None) -> Iterator[str]:
        """The lines of a command as they come; then `ended` hears how it ended. A command that
        nobody wants to hear that of is ended once nobody reads on."""
        with tempfile.TemporaryFile() as errors:  # of any length, read when all lines are
            process = self._started(words, stderr=errors)
            try:
                for line in process.stdout or ():
                    yield line.decode(errors="replace").rstrip("\n")
                status = process.wait()
            finally:
                if ended is None:
                    process.terminate()
            errors.seek(0)
            done = self.ended(words[-1], Done(status, b"", errors.read().decode(errors="replace")))
        if ended:
            ended(done)

    def pipe(self, words: Sequence[str]) -> Pipe:
        """A command that is asked and answers."""
        process = self._started(words, stdin=subprocess.PIPE)
        assert process.stdin
        assert process.stdout
        return Pipe(process.stdin, process.stdout, lambda: process.communicate()[1].decode(errors="replace"))

    def attach(self, words: Sequence[str]) -> int:
        """A command with this terminal's own input and output; its exit status."""
        done = subprocess.run(self.command(words, terminal=sys.stdin.isatty() and sys.stdout.isatty()), check=False)
        return self.ended(words[-1], Done(done.returncode, b"", "")).status

    def _started(self, words: Sequence[str], root: bool = True, **streams: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """Apart from this terminal where it is for another machine: Ctrl-C is told to this program,
        which then may have things to put right there."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        return subprocess.Popen(self.command(words, root), start_new_session=not self.is_here, **streams)  # type: ignore[call-overload,no-any-return]


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


class Launched:
    """A host that Slipway itself launches and removes, by a way to its machine; others are
    resources of a cloud's. `copies`: what copies of its last backups are called here; `mend`: what
    to do where one can't be made."""

    host: str
    role: str
    address: str
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
