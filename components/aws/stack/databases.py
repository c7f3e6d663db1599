"""The database of a stack: on a server of its own, or managed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.aws.blocks.database_server import DatabaseServer, DatabaseServerArgs
from components.aws.blocks.firewall import Firewall, FirewallArgs
from components.aws.blocks.host_role import HostRole
from components.aws.stack.foundation import Ground
from components.blocks import names
from components.hosts.database_host import PORTS, DatabaseHost, DatabaseHostArgs

if TYPE_CHECKING:
    from components.aws.blocks.managed_database import ManagedDatabase

_SYSTEM_DISK = 8  # GB, of a server whose data has a disk of its own


@dataclass(frozen=True)
class Database:
    """`told`: what its release says of it; `expected`: its host's name in the store; `server` with its `role`, or `managed`: which of
    the two it is."""

    told: "DatabaseHost | ManagedDatabase"
    expected: tuple[pulumi.Output[str], ...] = ()
    server: DatabaseServer | None = None
    role: HostRole | None = None
    managed: "ManagedDatabase | None" = None


def make(ground: Ground) -> Database | None:
    """None where it is the web server's, somebody else's, or none at all."""
    maker = {"own-host": _own, "managed": _managed}.get(ground.settings.database.placement)
    return maker(ground) if maker else None


def _own(ground: Ground) -> Database:
    app, engine, wanted = ground.name, ground.settings.database.engine, ground.options.database
    closed = FirewallArgs(vpc_id=ground.network.vpc_id, description="database server", tags=ground.tags)
    firewall = Firewall(f"{app}-database", closed, ground.child)
    firewall.let_in("web", PORTS[engine], ground.web.group_id)
    firewall.open("ssh", 22, ground.options.ssh)
    role = ground.role("database", backups=True)
    args = DatabaseServerArgs(
        image=ground.options.image,
        instance_type=wanted.instance_type,
        disk=_SYSTEM_DISK,
        subnet_id=ground.subnet(),
        group_ids=[firewall.group_id],
        profile_name=role.profile_name,
        user_data=role.user_data,
        tags=ground.tags,
        has_ipv6=ground.network.has_ipv6,
        public_address=not ground.options.network.nat,
        zone=ground.network.host_zone,
        data_disk=wanted.disk,
        keep_data=ground.settings.keep_data,
    )
    server = DatabaseServer(f"{app}-database", args, ground.child)
    inside = DatabaseHostArgs(app, engine, server.private_address, pulumi.Output.all(ground.network.cidr), server.device)
    host = names.host(role.unique_id, server.instance_id)
    return Database(DatabaseHost(f"{app}-database", inside, ground.own), (host,), server, role)


def _managed(ground: Ground) -> Database:
    from components.aws.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs

    settings, wanted = ground.settings, ground.options.database
    args = ManagedDatabaseArgs(
        app=ground.name,
        engine=settings.database.engine,
        instance_class=f"db.{wanted.instance_type}",
        storage=wanted.disk,
        region=ground.options.region,
        vpc_id=ground.network.vpc_id,
        subnets=ground.network.database_subnets,
        client_group_id=ground.web.group_id,
        tags=ground.tags,
        keep=settings.keep_data,
    )
    made = ManagedDatabase(f"{ground.name}-database", args, ground.child)
    return Database(made, managed=made)
