"""The parts of a stack: web servers, a database beside them, alarms about all that."""

from components.aws.blocks.alarms import Alarms, AlarmsArgs
from components.aws.blocks.firewall import Firewall
from components.aws.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs
from components.aws.blocks.server import DatabaseServer, DatabaseServerArgs, DataDisk, DataDiskArgs, WebServer, WebServerArgs
from components.aws.blocks.site_name import SiteName, SiteNameArgs
from components.aws.blocks.web_fleet import WebFleet, WebFleetArgs
from components.aws.stack.foundation import AwsStack, Foundation
from components.blocks.args import FirewallArgs
from components.blocks.stack import Parts, Tier, WebTier
from components.hosts.database_host import PORTS
from components.rollout.resources import ReleaseArgs

_SYSTEM_DISK = 8  # GB, of a server whose data has a disk of its own


def _own_database(foundation: Foundation) -> Tier:
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


def managed_database(foundation: AwsStack) -> Tier:
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


def _server(foundation: Foundation) -> WebTier:
    """One server, with a disk for its data where the settings ask for one."""
    name, options, settings, disk = f"{foundation.name}-web", foundation.options, foundation.settings, None
    if options.data_disk is not None:
        kept = {"keep": settings.keep_data, "last_snapshot": settings.last_snapshot}
        wanted = DataDiskArgs(size=options.data_disk, zone=foundation.network.host_zone, tags=foundation.tags, **kept)
        disk = DataDisk(f"{name}-data", wanted, foundation.child)
    role = foundation.role("web", foundation.has_data_on_web, foundation.keeps_web, disk.device if disk else None)
    args = WebServerArgs(
        **foundation.server_args(role, foundation.firewall),
        instance_type=options.instance_type,
        disk=options.disk,
        keep=foundation.keeps_web,
        data_disk=disk.volume_id if disk else None,
        store=foundation.store.address,
        role_id=role.unique_id,
    )
    web = WebServer(name, args, foundation.child)
    return foundation.web_on(role, web, web.address, foundation.site_records(SiteName, SiteNameArgs, ipv4=web.address))


def _fleet(foundation: Foundation, release: ReleaseArgs) -> WebTier:
    """The group, its load balancer and, with a domain, its certificate. Its first release comes
    first."""
    role, options, network, app = foundation.role("web"), foundation.options, foundation.network, foundation.name
    args = WebFleetArgs(
        image=options.image,
        **foundation.fleet_args(release),
        user_data=role.user_data,
        profile_arn=role.profile_arn,
        group_id=foundation.firewall.group_id,
        vpc_id=network.vpc_id,
        public_subnets=network.public_subnets,
        host_subnets=network.host_subnets,
        tags=foundation.tags,
        has_ipv6=network.has_ipv6,
        certificate_arn=foundation.certificate(),
        requests=options.instances.requests,
    )
    made = WebFleet(f"{app}-web", args, foundation.child)
    leads_to = {"dns_name": made.dns_name, "zone_id": made.zone_id, "has_ipv6": network.has_ipv6}
    return WebTier(
        address=made.dns_name,
        fewest=options.instances.min,
        resources=(made, *foundation.site_records(SiteName, SiteNameArgs, **leads_to)),
        roles={"web": role.name},
        watched={"load_balancer": made.arn_suffix, "target_group": made.target_group_suffix},
    )


def _watch(foundation: Foundation, web: WebTier, database: Tier) -> None:
    """E-mails about whatever the stack has."""
    if foundation.options.email:
        Alarms(f"{foundation.name}-alarms", AlarmsArgs(**foundation.alarms_args(web, database)), foundation.child)


PARTS = Parts(_own_database, managed_database, _server, _fleet, _watch)
