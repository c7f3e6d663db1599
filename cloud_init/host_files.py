"""The plain values that describe a host, and the files that come of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud_init.fleet import Balancer

from .host.contracts.manifest import Tls


class HostFileError(ValueError):
    """A setting that can't be rendered: one line with the setting, what is wanted, what was found."""


@dataclass(frozen=True)
class Server:
    """The application server. `workers` None: from the host's cores and memory, when it starts. `timeout` in seconds.

    `worker_class` is gunicorn's alone; None: the server's own way.
    """

    kind: str = "gunicorn"
    worker_class: str | None = None
    workers: int | None = None
    threads: int = 4
    timeout: int = 30


@dataclass(frozen=True)
class Upstream:
    """How a front server speaks to an application server: `protocol`, and the socket's name in the colour's folder."""

    protocol: str
    socket: str


HTTP = Upstream("http", "app.sock")


@dataclass(frozen=True)
class Front:
    """The front server. `listen`: addresses as the front server writes them, for plain HTTP; with `tls` the same with its port as well.

    `max_body` in bytes; 0 is no limit.
    """

    kind: str = "nginx"
    listen: tuple[str, ...] = ("80 default_server",)
    max_body: int = 20_000_000
    cors: tuple[str, ...] = ()
    tls: Tls | None = None
    balancer: Balancer | None = None


@dataclass(frozen=True)
class WebHost:
    """A host that serves one app. `static` maps a URL path to a folder inside the app; `module` is `package.module:callable`."""

    module: str
    server: Server = field(default_factory=Server)
    front: Front = field(default_factory=Front)
    static: Mapping[str, str] = field(default_factory=dict)
