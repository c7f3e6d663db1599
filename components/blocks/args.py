"""Arguments that blocks of every cloud take alike; each cloud's own derive from them, and add."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from cloud_init.host.contracts.facts import Boot
from components.blocks.block import Tags
from components.hosts import names


@dataclass(kw_only=True)
class Tagged:
    """Arguments of a block whose resources have tags."""

    tags: Tags | None = None
    """On all that is made."""


@dataclass(kw_only=True)
class FirewallArgs(Tagged):
    """The arguments of a `Firewall`."""

    vpc_id: pulumi.Input[str]
    """The network of the group."""
    description: str | None = None
    """What it is for, as the console shows it. Another one may make another group."""
    keep: bool | None = None
    """Protected with the way out, as data stands behind it; not what it lets in."""


@dataclass(kw_only=True)
class ReleaseStoreArgs(Tagged):
    """The arguments of a `ReleaseStore`."""

    bucket: pulumi.Input[str]
    """The bucket's name, unique among all of the cloud's customers."""
    region: pulumi.Input[str]
    """The region that it is in: the servers'."""
    keep: bool = True
    """Protected, as backups are in it. Otherwise removed with all that is in it."""


@dataclass(kw_only=True)
class HostRoleArgs(Tagged):
    """The arguments of a `HostRole`: the servers of one kind."""

    app: pulumi.Input[str]
    """The app that they serve, or whose database they have."""
    role: str
    """`web` or `database`."""
    backups: bool | None = None
    """They have a database, and make backups of it."""
    store: pulumi.Input[str]
    """The address of the `ReleaseStore` for hosts."""
    keep: bool | None = None
    """The servers are kept, so it is protected: they are named after it, and another
    role would let them write nothing."""
    disk: pulumi.Input[str] | None = None
    """`device` of a single web server's `DataDisk`."""

    def boot(self, identity: pulumi.Input[str], own: str) -> pulumi.Output[Boot]:
        """What they boot from, which holds no secret. `identity`: the role's; `own`: what stands
        for a server's name, as `Boot.name` has it."""
        stack, role = pulumi.get_stack(), self.role
        return pulumi.Output.all(self.app, self.store, identity, self.disk).apply(
            lambda known: Boot(known[0], stack, role, known[1], names.full(known[2], own), disk=known[3])
        )


@dataclass(kw_only=True)
class MachineArgs(Tagged):
    """What a server is, alone or as one of a fleet."""

    image: str
    """`debian-13`, `ubuntu-24.04` or an image's id. Another one makes other servers; a newer one of
    that name doesn't."""
    instance_type: str
    """The cloud's name of a size. It decides between images for ARM and for x86."""
    disk: pulumi.Input[int]
    """The system's, in GB."""
    user_data: pulumi.Input[str]
    """What it boots with: `HostRole`'s, or your own. Read once: another one changes nothing of a
    server that is there."""
    public_address: bool = True
    """The server has a public IPv4 address from the start; else its subnet has another way out."""


@dataclass(kw_only=True)
class ServerArgs(MachineArgs):
    """The arguments of any single server."""

    subnet_id: pulumi.Input[str]
    """The server's subnet, which leads out."""


@dataclass(kw_only=True)
class WebServerArgs(ServerArgs):
    """The arguments of a `WebServer`."""

    keep: bool | None = None
    """The app's data is on the system's disk: the server is protected."""
    data_disk: pulumi.Input[str] | None = None
    """`disk_id` of a `DataDisk` for the app's data, which moves to a server that takes another's
    place. One with such a disk, and one without, are not the same server."""


@dataclass(kw_only=True)
class DatabaseServerArgs(ServerArgs):
    """The arguments of a `DatabaseServer`."""

    data_disk: pulumi.Input[str]
    """`disk_id` of the `DataDisk` for its data."""


@dataclass(kw_only=True)
class DataDiskArgs(Tagged):
    """The arguments of a `DataDisk`."""

    size: pulumi.Input[int]
    """In GB."""
    zone: pulumi.Input[str]
    """The zone of its server's subnet."""
    keep: bool = True
    """Protects the disk."""


@dataclass(kw_only=True)
class FleetArgs(MachineArgs):
    """The arguments of a `WebFleet`: the hosts, how many there are, and what leads to them."""

    minimum: int
    """How many hosts there are at least."""
    maximum: int
    """How many hosts there are at most."""
    group_id: pulumi.Input[str]
    """The hosts' security group."""
    after: Sequence[pulumi.Input[str]] | None = None
    """Outputs of what must be there before the first host starts, such as its release."""


@dataclass(kw_only=True)
class ManagedDatabaseArgs(Tagged):
    """The arguments of a `ManagedDatabase`."""

    app: str
    """Names the database, and the web hosts' folder that the authority's certificate is in."""
    engine: str
    """`postgres` or `mysql`."""
    instance_class: pulumi.Input[str]
    """The cloud's name of its size."""
    storage: int
    """In GB, 20 at least. It grows to four times that by itself."""
    client_group_id: pulumi.Input[str]
    """The security group of the web hosts, which alone are let in."""
    keep: bool | None = None
    """Protected, with all it stands in."""


@dataclass(kw_only=True)
class AlarmsArgs(Tagged):
    """The arguments of `Alarms`: an address, and whatever is to be watched."""

    email: pulumi.Input[str]
    """The address of the e-mails."""
    servers: Mapping[str, pulumi.Input[str]] | None = None
    """`instance_id` of single servers, by name."""
    database: pulumi.Input[str] | None = None
    """What a `ManagedDatabase` puts out to name its figures."""
