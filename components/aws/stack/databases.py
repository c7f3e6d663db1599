"""The database of a stack: on a server of its own, or managed."""

from components.aws.blocks.firewall import Firewall
from components.aws.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs
from components.aws.blocks.server import DatabaseServer, DatabaseServerArgs
from components.aws.stack.foundation import Foundation
from components.blocks.args import FirewallArgs
from components.blocks.stack import Tier
from components.hosts.database_host import PORTS

_SYSTEM_DISK = 8  # GB, of a server whose data has a disk of its own


def own(foundation: Foundation) -> Tier:
    """A server for the database alone, and its data's disk."""
    name, engine, options = foundation.own_host, foundation.settings.database.engine, foundation.options
    closed = FirewallArgs(vpc_id=foundation.network.vpc_id, description="database server", tags=foundation.tags)
    firewall = Firewall(name, closed, foundation.child)
    firewall.let_in("web", PORTS[engine], foundation.firewall.group_id)
    firewall.open("ssh", 22, options.ssh)
    role = foundation.role("database", backups=True)
    args = DatabaseServerArgs(
        **foundation.server_args(role, firewall),
        instance_type=options.database.instance_type,
        disk=_SYSTEM_DISK,
        public_address=not options.network.is_private,
        zone=foundation.network.host_zone,
        data_disk=options.database.disk,
        keep_data=foundation.settings.keep_data,
        last_snapshot=foundation.settings.last_snapshot,
    )
    server = DatabaseServer(name, args, foundation.child)
    return foundation.database_on(role, server, server.device, foundation.network.cidr)


def managed(foundation: Foundation) -> Tier:
    """A database of RDS."""
    settings, options = foundation.settings, foundation.options
    args = ManagedDatabaseArgs(
        **foundation.managed_args(),
        instance_class=f"db.{options.database.instance_type}",
        region=options.region,
        vpc_id=foundation.network.vpc_id,
        subnets=foundation.network.database_subnets,
        client_group_id=foundation.firewall.group_id,
        last_snapshot=settings.last_snapshot,
        version=options.database.version,
        multi_az=options.database.multi_az,
        backup_days=options.database.backup_days,
        apply_now=options.database.apply_now,
    )
    database = ManagedDatabase(f"{foundation.name}-database", args, foundation.child)
    return Tier(connection=database, resources=(database,), watched={"database": database.identifier})
