"""What rules speak of, whatever the cloud. None: not known yet. `at`: the resource that says it."""

import ipaddress
from collections.abc import Iterable
from typing import Any, NamedTuple

from policy.plan import Resource

ALL_PORTS = range(65536)
DATABASE_PORTS = frozenset({3306, 33060, 5432, 6432})
"""What MySQL and PostgreSQL listen on, and the usual pooler."""
_SHORTEST_PREFIX = {4: 8, 6: 16}
"""Shorter prefixes are no one's network: 0.0.0.0/0 in two halves is the world as well."""
_UNIQUE_LOCAL = ipaddress.IPv6Network("fc00::/7")


def is_world(value: Any) -> bool:
    """A range that lets in whoever is on the internet; False for what isn't known or no range."""
    try:
        network = ipaddress.ip_network(value.strip() if isinstance(value, str) else "", strict=False)
    except ValueError:
        return False
    inside = isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_UNIQUE_LOCAL)
    return network.prefixlen < _SHORTEST_PREFIX[network.version] and not inside


class Opening(NamedTuple):
    """Something a firewall lets in."""

    at: Resource
    firewall: str
    """URN of the firewall; empty where it isn't in the plan."""
    ports: range | None
    addresses: tuple[Any, ...] = ()
    """Ranges of addresses, marks and names of lists included."""
    members: tuple[str, ...] = ()
    """Firewalls whose members may come in: their URNs, or what names them where they aren't in the
    plan (`NOT_KNOWN`: nothing yet)."""

    @property
    def from_world(self) -> tuple[str, ...]:
        """Those of the ranges that are the world."""
        return tuple(one for one in self.addresses if is_world(one))

    def covers(self, port: int) -> bool:
        """The port is open."""
        return self.ports is not None and port in self.ports

    def names_a_port_of(self, ports: Iterable[int]) -> bool:
        """One of the ports is open, and not just because all are."""
        return self.ports != ALL_PORTS and any(map(self.covers, ports))


class Disk(NamedTuple):
    """A disk of a host, or a database's storage."""

    at: Resource
    label: str
    encrypted: bool | None
    apart: bool = False
    """A resource of its own, which outlives hosts: it holds data."""
    final_snapshot: bool | None = False
    """A copy is made as it is removed."""


class CloudBucket(NamedTuple):
    """A store of objects. `openness`: what leaves it open to the public, in words."""

    at: Resource
    encrypted: bool | None
    openness: tuple[str, ...] = ()


class CloudDatabase(NamedTuple):
    """A database that the cloud runs."""

    at: Resource
    public: bool | None
    firewalls: tuple[str, ...] = ()
    locked: bool | None = False
    """The cloud itself refuses to remove it."""
    final_snapshot: bool | None = False
    lock_input: str = ""
    """The input that locks it."""
    stops_for: frozenset[str] = frozenset()
    """Inputs whose change stops it for a while, though it isn't replaced."""


class CloudHost(NamedTuple):
    """A server, or a group of equal ones."""

    at: Resource
    firewalls: tuple[str, ...] = ()
    stops_for: frozenset[str] = frozenset()
    """Inputs whose change stops it for a while but doesn't replace it; none if others serve."""
    started_from: tuple[str, ...] = ()
    """URNs of templates that it starts servers from; those that run stay as they were."""
    disks: tuple[str, ...] = ()
    """URNs of the disks attached to it that are resources of their own."""


class Metadata(NamedTuple):
    """The cloud's metadata service, as servers may ask it."""

    at: Resource
    token_wanted: bool | None
    hops: int | None
    """How many network hops an answer may take; 0: not said."""


class UserData(NamedTuple):
    """What a server is given for its first start."""

    at: Resource
    input: str
    value: Any


class Problem(NamedTuple):
    """What a rule says: `at` a resource, or a setting by its key path. It may have many lines."""

    at: Resource | str
    message: str


class DefaultTags(NamedTuple):
    """Tags that a provider puts on all it makes."""

    at: Resource
    tags: Any
    without: frozenset[str] = frozenset()
    """Types that it doesn't put them on."""


class Facts(NamedTuple):
    """All there is of each in one plan."""

    openings: tuple[Opening, ...] = ()
    disks: tuple[Disk, ...] = ()
    buckets: tuple[CloudBucket, ...] = ()
    databases: tuple[CloudDatabase, ...] = ()
    hosts: tuple[CloudHost, ...] = ()
    entrances: tuple[Resource, ...] = ()
    """What clients come in by: fixed addresses, load balancers, names."""
    images: tuple[tuple[Resource, str], ...] = ()
    """Servers, each with the input that names what its disk is made from."""
    metadata: tuple[Metadata, ...] = ()
    user_data: tuple[UserData, ...] = ()
    freedoms: tuple[tuple[Resource, str], ...] = ()
    """Containers, each with what it may do to the machine that it runs on, in words."""
    default_tags: tuple[DefaultTags, ...] = ()

    @property
    def database_firewalls(self) -> set[str]:
        """URNs of the firewalls of databases that the cloud runs."""
        return {urn for database in self.databases for urn in database.firewalls}
