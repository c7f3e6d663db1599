"""The parts of a stack: web servers, a database beside them, what watches all of that."""

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from components.alicloud.blocks.alarms import Alarms
from components.alicloud.blocks.firewall import Firewall
from components.alicloud.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs
from components.alicloud.blocks.server import DatabaseServer, DatabaseServerArgs, DataDisk, WebServer, WebServerArgs
from components.alicloud.blocks.site_name import SiteName, SiteNameArgs
from components.alicloud.blocks.web_fleet import WebFleet, WebFleetArgs
from components.alicloud.stack.foundation import Foundation
from components.alicloud.stack.options import SECTION
from components.blocks.args import AlarmsArgs, DataDiskArgs, FirewallArgs
from components.blocks.stack import Parts, Tier, WebTier
from components.errors import UsageError, one_line, shown
from components.hosts.database_host import PORTS
from components.rollout.resources import ReleaseArgs

_SYSTEM_DISK = 20  # GB, of a server whose data has a disk of its own


def _own_database(foundation: Foundation) -> Tier:
    name, engine, options = foundation.own_host, foundation.settings.database.engine, foundation.options
    closed = FirewallArgs(vpc_id=foundation.network.vpc_id, description="database server", tags=foundation.tags)
    firewall = Firewall(name, closed, foundation.child)
    firewall.let_in("web", PORTS[engine], foundation.firewall.group_id)
    firewall.open("ssh", 22, options.ssh)
    role, disk = foundation.role("database", backups=True), _disk(foundation, name, options.database.disk)
    args = DatabaseServerArgs(
        **foundation.server_args(role, firewall),
        instance_type=options.database.instance_type,
        disk=_SYSTEM_DISK,
        subnet_id=foundation.subnet_id,
        data_disk=disk.disk_id,
        public_address=not options.network.is_private,
    )
    server = DatabaseServer(name, args, foundation.child)
    return foundation.database_on(role, server, disk.device, foundation.network.cidr)


def _managed_database(foundation: Foundation) -> Tier:
    options = foundation.options
    args = ManagedDatabaseArgs(
        **foundation.managed_args(),
        instance_class=str(options.database.instance_class),
        subnet_id=foundation.subnet_id,
        client_group_id=foundation.firewall.group_id,
        authority=_authority(foundation),
        standby=options.database.standby,
    )
    database = ManagedDatabase(f"{foundation.name}-database", args, foundation.child)
    return Tier(connection=database, resources=(database,), watched={"database": database.instance_id})


def _server(foundation: Foundation) -> WebTier:
    name, options = f"{foundation.name}-web", foundation.options
    disk = _disk(foundation, name, options.data_disk) if options.data_disk is not None else None
    role = foundation.role("web", foundation.has_data_on_web, foundation.keeps_web, disk.device if disk else None)
    args = WebServerArgs(
        **foundation.server_args(role, foundation.firewall),
        instance_type=options.instance_type,
        disk=options.disk,
        subnet_id=foundation.subnet_id,
        keep=foundation.keeps_web,
        data_disk=disk.disk_id if disk else None,
    )
    web = WebServer(name, args, foundation.child)
    return foundation.web_on(role, web, web.address, foundation.site_records(SiteName, SiteNameArgs, ipv4=web.address))


def _fleet(foundation: Foundation, release: ReleaseArgs) -> WebTier:
    """The servers, after the first release."""
    role, options, network, app = foundation.role("web"), foundation.options, foundation.network, foundation.name
    args = WebFleetArgs(
        **foundation.server_args(role, foundation.firewall),
        **foundation.fleet_args(release),
        vpc_id=network.vpc_id,
        subnets=network.subnets,
        zones=network.zones,
        certificate=options.certificate,
    )
    made = WebFleet(f"{app}-web", args, foundation.child)
    return WebTier(
        address=made.dns_name,
        fewest=options.instances.min,
        resources=(made, *foundation.site_records(SiteName, SiteNameArgs, dns_name=made.dns_name)),
        roles={"web": role.name},
    )


def _watch(foundation: Foundation, web: WebTier, database: Tier) -> None:
    if foundation.options.email:
        Alarms(f"{foundation.name}-alarms", AlarmsArgs(**foundation.alarms_args(web, database)), foundation.child)


def _authority(foundation: Foundation) -> str:
    """The certificates in the settings' file, PEM. Raises `UsageError`."""
    where, path = f"{SECTION}.database.authority", str(foundation.options.database.authority)
    try:
        found = x509.load_pem_x509_certificates((foundation.place.folder / path).read_bytes())
    except (OSError, ValueError) as error:
        why = one_line(getattr(error, "strerror", None) or str(error))
        raise UsageError(f"{where}: wanted a file with certificates (PEM), found {shown(path)}: {why}; mend that") from None
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in found)


def _disk(foundation: Foundation, name: str, size: int) -> DataDisk:
    args = DataDiskArgs(size=size, zone=foundation.zone, keep=foundation.settings.keep_data, tags=foundation.tags)
    return DataDisk(f"{name}-data", args, foundation.child)


PARTS = Parts(_own_database, _managed_database, _server, _fleet, _watch)
