"""What the servers of a stack are to be, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud_init.host.contracts.manifest import Archive, SystemFile, Tls

__all__ = ["ROLES", "Archive", "Fleet", "More", "OwnHost", "SystemFile", "Tls"]

ROLES = ("web", "database")


@dataclass(frozen=True)
class OwnHost:
    """A database server, as its firewall knows it: `clients` are the networks that may connect to `port`."""

    port: int
    clients: tuple[str, ...]


@dataclass(frozen=True)
class Balancer:
    """A load balancer in front of web hosts. `networks`: those that it comes from; whoever else says who a client is, by which scheme and
    port, is not believed. `idle`: seconds after which it ends a connection on which nothing comes.

    `header` says the client's address, of several the last. A balancer that fills one of another name must replace what a client sent in
    it: where it stands twice nginx takes the first."""

    networks: tuple[str, ...]
    idle: int
    header: str = "X-Forwarded-For"


@dataclass(frozen=True)
class More:
    """What a target adds to its hosts; serving doesn't wait for it. Files come after packages and archives."""

    packages: tuple[str, ...] = ()
    archives: tuple[Archive, ...] = ()
    files: tuple[SystemFile, ...] = ()


@dataclass(frozen=True)
class Fleet:
    """`front`, `engine` and `placement` (of the database) say which packages are needed.

    `balancer`: what web hosts stand behind, if they do. `more`: by role.

    `ssh_from`: who may reach `ssh_ports`; an empty one closes them.

    None is anybody, and the default: a list that lacks the address of whoever launches would lock them out: `firewall.lets_in` tells.
    """

    manager: str
    front: str
    engine: str
    ssh_from: tuple[str, ...] | None = None
    ssh_ports: tuple[int, ...] = (22,)
    database: OwnHost | None = None
    tls: Tls | None = None
    roles: tuple[str, ...] = field(default=("web",))
    placement: str = "same-host"
    balancer: Balancer | None = None
    more: Mapping[str, More] = field(default_factory=dict)

    def has_data(self, role: str) -> bool:
        """Whether the hosts of that role have the app's database."""
        return self.engine != "none" and {"same-host": "web", "own-host": "database"}.get(self.placement) == role
