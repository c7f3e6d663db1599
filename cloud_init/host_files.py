"""A web host as plain values: its application server, its front server, its app."""

from collections.abc import Collection
from dataclasses import dataclass, field

from cloud_init.fleet import Balancer
from cloud_init.host.contracts.manifest import Tls


class HostFileError(ValueError):
    """A setting that can't be rendered; one line with setting, wanted and found."""


@dataclass(frozen=True)
class Server:
    """The application server. `timeout`: seconds for a request."""

    kind: str = "gunicorn"
    worker_class: str | None = None  # gunicorn's alone; None: its threads
    workers: int | None = None  # None: from the host's cores and memory, when it starts
    threads: int = 4
    timeout: int = 30


@dataclass(frozen=True)
class Limits:
    """What every front takes of a request and of an answer; no application server takes less."""

    line: int = 16_900  # bytes of a request line, and of one header: 16 kB and what stands around them
    headers: int = 90  # how many a client may send, beside those that the front adds
    head: int = 47_000  # bytes of the request line and all headers: uWSGI takes 65,535, and keeps an address twice
    answer: int = 32_768  # bytes of an answer's headers
    head_seconds: int = 15  # for all of the head, once a connection is there
    pause_seconds: int = 30  # between two pieces of a body or of an answer
    idle_seconds: int = 65  # that a connection without a request is kept
    socket_seconds: int = 3_600  # between two messages of a WebSocket
    connections: int = 3_072  # at once, in whatever state: 2,000 idle ones leave room for those who ask


LIMITS = Limits()
WITHHELD = (
    "Forwarded", "X-Host", "X-Original-Host", "X-Original-Url", "X-Rewrite-Url", "X-Scheme", "X-Url-Scheme", "X-Real-Scheme",
    "Front-End-Https", "Https", "Client-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Remote-Addr", "Server-Name", "Server-Port",
    "Request-Uri", "Script-Name", "X-Script-Name", "Path-Info", "X-Path-Info", "Remote-User", "X-Remote-User", "Auth-Type",
    "X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Groups", "X-Slipway-Peer", "Connection", "Keep-Alive", "Proxy",
    "Proxy-Connection", "Proxy-Authorization", "Expect", "Te", "Trailer", "Upgrade", "Http2-Settings", "X-Sendfile-Type",
)  # fmt: skip
"""Headers that would speak for the front, or are for the next hop alone: no app sees a client's.

`X-Forwarded-*` is withheld as a whole, but for what the front itself says."""
ERROR_PAGES = (400, 413, 414, 421, 502, 503, 504)  # statuses that a front server answers by itself; 503 is the maintenance page
SAID = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port")


@dataclass(frozen=True)
class Front:
    """The front server. `max_body`: bytes of a request; 0 is no limit."""

    kind: str = "nginx"
    listen: tuple[str, ...] = ("80 default_server",)
    """Addresses for plain HTTP in the front server's syntax; TLS has its port too."""
    max_body: int = 20_000_000
    cors: tuple[str, ...] = ()
    domain: str | None = None  # the one name that the app is served by; None: any
    tls: Tls | None = None
    balancer: Balancer | None = None
    aliases: tuple[str, ...] = ()  # names from which it leads to the domain
    static_age: int | None = None  # seconds that a browser may keep a static file; None: as it thinks best
    error_pages: tuple[int, ...] = ()  # statuses of the front's own that have a page in the release
    snippet: str = ""  # more configuration, in the front server's own words


@dataclass(frozen=True)
class Door:
    """Rules for who may come in, and below which path: the wrapped app keeps them everywhere."""

    path: str = ""  # path that the app is mounted at, such as `/shop`; empty: the root
    allow: tuple[str, ...] = ()  # networks whose clients come in without a password
    logins: tuple[str, ...] = ()  # names of those who come in with one; the passwords are secrets
    static: tuple[str, ...] = ()  # URL paths of static files, which then go through this door as well

    @property
    def closed(self) -> bool:
        """Whether anybody is kept out."""
        return bool(self.allow or self.logins)


@dataclass(frozen=True)
class WebHost:
    """A host that serves one app. `static`: the URL paths that its front server answers."""

    module: str
    server: Server = field(default_factory=Server)
    front: Front = field(default_factory=Front)
    static: Collection[str] = ()
    door: Door = field(default_factory=Door)
