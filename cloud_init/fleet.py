"""The servers of a stack, as plain values from its settings and its target."""

from dataclasses import dataclass

from cloud_init.host.contracts.manifest import Archive, SystemFile, Tls

__all__ = ["ROLES", "Archive", "Fleet", "OwnHost", "SystemFile", "Tls"]

ROLES = ("web", "database")


@dataclass(frozen=True)
class OwnHost:
    """A database server as its firewall sees it: the networks in `clients` may use `port`."""

    port: int
    clients: tuple[str, ...]


@dataclass(frozen=True)
class Balancer:
    """A load balancer in front of web hosts."""

    networks: tuple[str, ...]  # the balancer's own: headers that say who a client is are believed from them alone
    idle: int  # seconds after which it closes a connection on which nothing comes
    header: str = "X-Forwarded-For"
    """The header with the client's address, of several the last. A balancer that fills one of
    another name must replace what a client sent in it: of two nginx takes the first."""
    chain: bool = False  # proxies stand before it, whose addresses are among `networks`: the last one that isn't


@dataclass(frozen=True)
class Fleet:
    """All servers of a stack. `front`, `engine` and `placement` decide which packages they need."""

    manager: str
    front: str
    engine: str
    ssh_from: tuple[str, ...] | None = None
    """Networks that reach `ssh_ports`: None is anybody, an empty one nobody. A list that lacks the
    address of whoever launches would lock them out: `system.lets_in` tells."""
    ssh_ports: tuple[int, ...] = (22,)
    database: OwnHost | None = None
    tls: Tls | None = None
    roles: tuple[str, ...] = ("web",)
    placement: str = "same-host"
    balancer: Balancer | None = None
    archives: tuple[Archive, ...] = ()  # what a target adds to all its hosts
    web_hosts: int = 1  # at most so many servers of the app
    keeps_folders: bool = False  # a web server's folders of `slipway:app.data` stay with it, and are backed up

    def has_backups(self, role: str) -> bool:
        """Whether the hosts of that role have data of the app."""
        return self.has_database(role) or (self.keeps_folders and role == "web")

    def has_database(self, role: str) -> bool:
        """Whether the hosts of that role have the app's database."""
        return self.engine != "none" and {"same-host": "web", "own-host": "database"}.get(self.placement) == role
