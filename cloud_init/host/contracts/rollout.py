"""What hosts are to do, and what they say of it."""

from dataclasses import dataclass, field
from typing import Any, Optional

from . import LEFT_OUT


@dataclass(frozen=True)
class HttpAnswer:
    """What an app, or a front server, answered at the health path."""

    status: Optional[int] = None
    """null: no answer."""
    body: str = "no answer yet"
    """The first 300 characters; without an answer what kept it from coming."""
    release: Optional[str] = None
    maintenance: bool = False
    """This is the maintenance page."""


@dataclass(frozen=True)
class Step:
    """A step that ended, done or failed."""

    step: str
    seconds: Optional[float] = None


@dataclass(frozen=True)
class Outcome:
    """How a command of the host tool ended. Of a phase of a rollout it is
    `outcomes/HOST/GENERATION.json` too. Commands that answer a question say more beside it."""

    ok: bool = False
    host: str = field(default="", metadata=LEFT_OUT)
    step: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """The one that failed."""
    message: str = field(default="", metadata=LEFT_OUT)
    """Why it failed, in one line."""
    http: Optional[HttpAnswer] = field(default=None, metadata=LEFT_OUT)
    """What was answered last, where a gate failed."""
    log: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """The lines that lead to the cause."""
    phase: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """`prepared`, `live`, `aborted` or `failed`."""
    release: Optional[str] = field(default=None, metadata=LEFT_OUT)
    served: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """The release that was served as the command began; null: none, or the tool tells none."""
    generation: Optional[int] = field(default=None, metadata=LEFT_OUT)
    token: str = field(default="", metadata=LEFT_OUT)
    """The one of the `desired.json` that was acted on; empty where that, or the tool, has none."""
    at: float = field(default=0.0, metadata=LEFT_OUT)
    """When it ended: seconds since 1970 by the host's clock."""
    seconds: float = field(default=0.0, metadata=LEFT_OUT)
    steps: tuple[Step, ...] = field(default=(), metadata=LEFT_OUT)
    kept: bool = field(default=False, metadata=LEFT_OUT)
    """On standard output alone: it is in the store too."""


@dataclass(frozen=True)
class Served:
    """A release that went live, in the history of what was wanted."""

    release: str
    by: str = ""
    actor: str = ""
    at: float = 0.0


@dataclass(frozen=True)
class DesiredState:
    """The releases that all hosts are to have, `desired.json`; the coordinator alone writes it."""

    generation: int
    """Counts every write. Each is acted on once by each host; 0: nothing was ever wanted."""
    live: Optional[str] = None
    """The release that is to serve; null: none ever did."""
    candidate: Optional[str] = None
    """The release that is to stand ready beside it; null: none."""
    elected: Optional[str] = None
    """The host that does what one alone must: cron, or a release command."""
    by: str = ""
    """The command that wrote it: `up` or `rollback`."""
    actor: str = ""
    """`user@machine`."""
    at: float = 0.0
    """Seconds since 1970 by that machine's clock."""
    history: tuple[Served, ...] = ()
    """The releases that went live, the last one at the end; at most 20."""
    token: str = field(default="", metadata=LEFT_OUT)
    """A mark of this write alone: numbers come again where `desired.json` was put back."""


@dataclass(frozen=True)
class Proven:
    """What was last seen through the public address, `proven.json`."""

    release: str
    generation: int = 0
    token: str = field(default="", metadata=LEFT_OUT)
    """That of the `desired.json` by which it was live."""


@dataclass(frozen=True)
class Heartbeat:
    """A living server, `outcomes/HOST/heartbeat.json`, every 5 s; the store's clock dates it."""

    role: Optional[str] = None
    problems: tuple[str, ...] = ()
    """One line each."""
    live: Optional[str] = None
    """The release that serves here."""
    tool: Optional[str] = None
    """SHA-256 of the host tool at work."""
    acting: int = field(default=0, metadata=LEFT_OUT)
    """The generation that it acts on now; 0: none."""
    token: str = field(default="", metadata=LEFT_OUT)
    """That of the `desired.json` with that number."""
    events: tuple[dict[str, Any], ...] = field(default=(), metadata=LEFT_OUT)
    """Lines of the host tool so far, as on its standard output: `{"event": "step" | "note", …}`."""
