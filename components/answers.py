"""What the verbs of `Deployment` answer; `--json` prints just that.

Moments are seconds since 1970, durations seconds, sizes bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Facts = Mapping[str, Any]
"""Named values for people, in order. Numbers from 1000 on are bytes, lists parts of an address."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How one instance answered: why it is not `ok`, which step failed, log lines that help."""

    host: str
    ok: bool
    message: str = ""
    step: str = ""
    log: Sequence[str] = ()
    more: Facts = field(default_factory=dict)
    """Whatever else it told; `--json` prints it beside the rest."""


@dataclass(frozen=True)
class Live:
    """The release that serves, and since when."""

    release: str
    colour: str | None = None
    since: float | None = None


@dataclass(frozen=True)
class Process:
    """A program of the app, how long it is up and what it takes."""

    name: str
    state: str
    pid: int | None = None
    uptime: float | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Restore:
    """A restore under way, or interrupted; `first` is the backup of what was there before."""

    backup: str
    phase: str
    running: bool
    first: str | None = None


@dataclass(frozen=True, kw_only=True)
class Instance(Answer):
    """What one instance says of itself."""

    role: str = "web"
    address: str = ""
    live: Live | None = None
    candidate: str | None = None
    processes: Sequence[Process] = ()
    front: Facts = field(default_factory=dict)
    database: Facts = field(default_factory=dict)
    disk: Facts = field(default_factory=dict)
    maintenance: bool = False
    restore: Restore | None = None
    problems: Sequence[str] = ()


@dataclass(frozen=True)
class Release:
    """A release that can be served again."""

    id: str
    code: str | None = None
    prepared_at: float | None = None
    live: bool = False
    previous: bool = False
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Releases(Answer):
    """What one instance keeps, the newest first."""

    releases: Sequence[Release] = ()


@dataclass(frozen=True)
class Verdict:
    """How a rollout ended: `live` is what serves now, `message` all that a person needs if not `ok`."""

    ok: bool
    message: str
    release: str
    live: str | None


@dataclass(frozen=True)
class Dump:
    """The file of a backup."""

    bytes: int
    sha256: str = ""


@dataclass(frozen=True)
class Backup:
    """A backup: of a damaged one the id alone; `rows` by table; `host` where that host is gone."""

    id: str
    at: float | None = None
    by: str = ""
    reason: str = ""
    engine: str | None = None
    schema: str = ""
    revision: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    release: str | None = None
    release_made: float = 0
    tool: str = ""
    dump: Dump | None = None
    host: str | None = None


@dataclass(frozen=True, kw_only=True)
class Saved(Answer):
    """A backup that was made, and where it is; none where there is no database."""

    backup: Backup | None = None
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Backups(Answer):
    """What can be restored, the newest first; `problem` says why the list may not be whole."""

    path: str | None = None
    backups: Sequence[Backup] = ()
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
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
