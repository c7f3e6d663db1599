"""What the verbs of `Deployment` answer; `--json` prints just that. Moments are seconds since 1970,
durations seconds, sizes bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from cloud_init.host.contracts.rollout import Outcome
from components.hosts.names import short

GOING_BACK = "going back to"
"""How the step begins that failed where what served before couldn't be served again."""
Facts = Mapping[str, Any]
"""Named values for people, in order. Numbers from 1000 on are bytes, lists parts of an address."""


class Reported(BaseModel):
    """What a host says; what it says beyond these fields is kept, for `--json`."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Answer(Reported):
    """How one instance answered: why it is not `ok`, which step failed, log lines that help."""

    host: str
    ok: bool
    message: str = ""
    step: str = ""
    log: Sequence[str] = ()


class Live(Reported):
    """The release that serves, and since when."""

    release: str
    colour: str | None = None
    since: float | None = None


class Process(Reported):
    """A program of the app, how long it is up and what it takes."""

    name: str
    state: str
    pid: int | None = None
    uptime: float | None = None
    memory: int | None = None


class Restore(Reported):
    """A restore under way, or interrupted; `first` is the backup of what was there before."""

    backup: str
    phase: str
    running: bool
    first: str | None = None


class Instance(Answer):
    """What one instance says of itself."""

    role: str = "web"
    address: str = ""
    live: Live | None = None
    candidate: str | None = None
    processes: Sequence[Process] = ()
    front: Facts = {}
    database: Facts = {}
    disk: Facts = {}
    maintenance: bool = False
    restore: Restore | None = None
    problems: Sequence[str] = ()


class Release(Reported):
    """A release that can be served again."""

    id: str
    code: str | None = None
    prepared_at: float | None = None
    live: bool = False
    previous: bool = False
    size: int | None = None


class Releases(Answer):
    """What one instance keeps, the newest first."""

    releases: Sequence[Release] = ()


@dataclass(frozen=True)
class Verdict:
    """How a rollout ended: `live` is what serves now, `message` what a person needs if not `ok`."""

    ok: bool
    message: str
    release: str
    live: str | None

    @classmethod
    def refused(cls, release: str, failed: Sequence[Outcome], live: str | None) -> Self:
        """The verdict on a release that isn't served; `live` is what serves, or should again."""
        serves = f"release {live} still serves" if live else "nothing serves yet"
        if any(str(one.step).startswith(GOING_BACK) for one in failed):
            back = f"release {live}" if live else "nothing"
            serves = f"{GOING_BACK} {back} failed too, see `slipway status`"
        message = "\n".join([f"release {release} was refused; {serves}", *map(_reason, failed)])
        return cls(False, message, release, live)


def _reason(outcome: Outcome) -> str:
    where = f"{short(outcome.host or 'a host')}, {outcome.step or 'start'}"
    lines = [f"{where}: {outcome.message or 'no reason given'}"]
    http = outcome.http
    if http and http.status and str(http.status) not in lines[0]:
        lines.append(f"  answered {http.status}: {http.body}")
    return "\n".join([*lines, *(f"  | {line}" for line in outcome.log)])


class Dump(Reported):
    """A file of a backup."""

    bytes: int
    files: int = 0
    """How many the app's folders hold; the database's dump has none."""


class Backup(Reported):
    """A backup: of a damaged one the id alone; `rows` by table; `host` where that host is gone."""

    id: str
    at: float | None = None
    reason: str = ""
    engine: str | None = None
    rows: Mapping[str, int] = {}
    release: str | None = None
    dump: Dump | None = None
    folders: Dump | None = None
    host: str | None = None


class Saved(Answer):
    """A backup that was made, and where it is; none where there is neither database nor folder."""

    backup: Backup | None = None
    path: str | None = None


class Backups(Answer):
    """What can be restored, the newest first; `problem` says why the list may not be whole."""

    path: str | None = None
    backups: Sequence[Backup] = ()
    problem: str = ""


class Restored(Answer):
    """A loaded backup; `first` is one of what was there, `migrate`: its schema was older."""

    backup: str | None = None
    first: str | None = None
    migrate: bool = False


@dataclass(frozen=True)
class Kept:
    """Data that outlives a `destroy`: where and how many bytes, or why nobody can tell."""

    path: str
    bytes: int | None
    problem: str = ""
