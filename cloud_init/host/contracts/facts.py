"""What a host is."""

from dataclasses import dataclass, field
from typing import Optional

from . import LEFT_OUT


@dataclass(frozen=True)
class FrontFacts:
    """The front servers of a host, and the address at which one listens."""

    listen: tuple[str, int]
    """Address and port, such as `["127.0.0.1", 8080]`."""
    binaries: Optional[dict[str, str]] = field(default=None, metadata=LEFT_OUT)
    """Programs by front server (`nginx`, `apache`); left out: looked for."""


@dataclass(frozen=True)
class ContainerFacts:
    """The containers of one stack on a Docker engine, which stand for the programs of a host."""

    site: str
    """What their names begin with; the network and the volume with the tree are called so."""
    images: str
    """The repository of the images of releases; their tags are release ids."""
    memory: int
    """Megabytes that a container of the app may hold."""
    processes: int
    """Processes and threads in one."""


@dataclass(frozen=True)
class HostFacts:
    """What a host is, `ROOT/etc/slipway/host.json`; no secret. From the target, on a server from
    its boot data (cloud_init/host/server/setup.py)."""

    app: str
    host: str
    """The host's name in the store."""
    run: str
    """The folder RUN."""
    store: str
    """The store's address."""
    python: str
    """The interpreter for environments of releases."""
    front: FrontFacts
    root: str = "/"
    user: Optional[str] = None
    """The app's user; null: whoever runs the host tool."""
    uv: Optional[str] = None
    """The program uv; null: pip."""
    database_user: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """The user of a database cluster; left out: `user`."""
    front_user: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """The user of the front server, in the app's group; left out: `user`."""
    release_user: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """The user of the release command and of what asks the database; left out: `user`."""
    build_user: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """The user that makes environments; left out: `user`."""
    stack: Optional[str] = field(default=None, metadata=LEFT_OUT)
    role: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """`web` or `database`; left out where this is no server, but a machine taken as it is."""
    transport: str = field(default="", metadata=LEFT_OUT)
    """The file in `components/hosts/transports/` that reaches it; left out: none."""
    databases: Optional[dict[str, str]] = field(default=None, metadata=LEFT_OUT)
    """Folders of the engines' programs; left out: looked for."""
    supervisor: Optional[tuple[str, ...]] = field(default=None, metadata=LEFT_OUT)
    """The command that starts supervisord; left out: the host tool's own environment has it."""
    containers: Optional[ContainerFacts] = field(default=None, metadata=LEFT_OUT)
    """Set where programs are containers; left out: they are processes of this machine."""
    disk: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """The disk for all data of a web host, such as `/dev/disk/by-id/…`; left out: the system's."""


@dataclass(frozen=True)
class Boot:
    """All that a server knows before its first release, `/etc/slipway/boot.json`."""

    app: str
    stack: str
    role: str
    store: str
    """The store's address, such as `s3://bucket/prefix?region=eu-west-1`."""
    name: Optional[str] = None
    """null: its own host name; `{host}`: that without the domain, `{instance}`: cloud-init's id."""
    transport: str = field(default="", metadata=LEFT_OUT)
    """How deployers reach it: `transport` of `HostFacts`."""
    disk: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """The disk for its data: `disk` of `HostFacts`."""
