"""A web host as plain values: its application server, its front server, its app."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud_init.fleet import Balancer
from cloud_init.host.contracts.manifest import Tls


class HostFileError(ValueError):
    """A setting that can't be rendered; one line with setting, wanted and found."""


@dataclass(frozen=True)
class Server:
    """The application server. `timeout`: seconds for a request."""

    kind: str = "gunicorn"
    worker_class: str | None = None
    """gunicorn's alone; None: its threads."""
    workers: int | None = None
    """None: from the host's cores and memory, when it starts."""
    threads: int = 4
    timeout: int = 30


@dataclass(frozen=True)
class Upstream:
    """A front server's way to an application server: protocol, and socket of a colour."""

    protocol: str
    socket: str


HTTP = Upstream("http", "app.sock")


@dataclass(frozen=True)
class Front:
    """The front server. `max_body`: bytes of a request; 0 is no limit."""

    kind: str = "nginx"
    listen: tuple[str, ...] = ("80 default_server",)
    """Addresses for plain HTTP in the front server's syntax; TLS has its port too."""
    max_body: int = 20_000_000
    cors: tuple[str, ...] = ()
    tls: Tls | None = None
    balancer: Balancer | None = None


@dataclass(frozen=True)
class WebHost:
    """A host that serves one app. `static` maps URL paths to folders inside the app."""

    module: str
    server: Server = field(default_factory=Server)
    front: Front = field(default_factory=Front)
    static: Mapping[str, str] = field(default_factory=dict)
