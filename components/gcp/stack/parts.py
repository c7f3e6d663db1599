"""The parts of a stack: web servers, a database beside them, what watches all of that."""

from pathlib import Path
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.blocks.stack import Parts, Tier, WebTier
from components.gcp.blocks.alarms import Alarms, AlarmsArgs
from components.gcp.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs
from components.gcp.blocks.server import DatabaseServer, DatabaseServerArgs, DataDisk, DataDiskArgs, WebServer, WebServerArgs
from components.gcp.blocks.site_name import Certificate, CertificateArgs, SiteName, SiteNameArgs
from components.gcp.blocks.web_fleet import WebFleet, WebFleetArgs
from components.gcp.stack.foundation import Foundation
from components.hosts.database_host import PORTS
from components.rollout.resources import ReleaseArgs

_SYSTEM_DISK = 20  # GB, of a server whose data has a disk of its own
_AGENT = Path(__file__).parent / "ops-agent.yaml"


def _own_database(foundation: Foundation) -> Tier:
    name, options = foundation.own_host, foundation.options
    type, engine = options.database.instance_type, foundation.settings.database.engine
    disk = _disk(foundation, name, options.database.disk, type)
    role = foundation.role("database", backups=True)
    foundation.closed("database", role).let_in("web", PORTS[engine], foundation.web.name)
    args = DatabaseServerArgs(
        **foundation.server_args(role),
        instance_type=type,
        disk=_SYSTEM_DISK,
        zone=foundation.zone,
        data_disk=disk.disk_id,
        public_address=not options.network.is_private,
    )
    server = DatabaseServer(name, args, foundation.child)
    return foundation.database_on(role, server, disk.device, foundation.network.cidr)


def _managed_database(foundation: Foundation) -> Tier:
    options, network = foundation.options, foundation.network
    args = ManagedDatabaseArgs(
        **foundation.managed_args(),
        instance_class=options.database.instance_class,
        project=options.project,
        network_id=network.vpc_id,
        subnet_id=network.subnet_id,
        region=options.region,
        zone=foundation.zone,
        client_group_id=foundation.web.name,
        standby=options.database.standby,
        last_snapshot=foundation.settings.last_snapshot,
    )
    database = ManagedDatabase(f"{foundation.name}-database", args, foundation.child)
    return Tier(connection=database, resources=(database,), watched={"database": database.database_id})


def _server(foundation: Foundation) -> WebTier:
    name, options = f"{foundation.name}-web", foundation.options
    disk = _disk(foundation, name, options.data_disk, options.instance_type) if options.data_disk is not None else None
    args = WebServerArgs(
        **foundation.server_args(foundation.web),
        instance_type=options.instance_type,
        disk=options.disk,
        zone=foundation.zone,
        keep=foundation.keeps_web,
        data_disk=disk.disk_id if disk else None,
    )
    web = WebServer(name, args, foundation.child)
    return foundation.web_on(foundation.web, web, web.address, _records(foundation, web.address))


def _fleet(foundation: Foundation, release: ReleaseArgs) -> WebTier:
    """The servers, after the first release."""
    app, settings, zone, map_id = foundation.name, foundation.settings, foundation.dns_zone, None
    if settings.domain and zone is not None:
        names = CertificateArgs(domain=settings.domain, others=settings.http.redirect_domains, zone=zone, tags=foundation.tags)
        map_id = Certificate(f"{app}-certificate", names, foundation.child).map_id
    args = WebFleetArgs(
        **foundation.server_args(foundation.web),
        **foundation.fleet_args(release),
        zones=foundation.network.zones,
        certificate_map=map_id,
        requests=foundation.options.instances.requests,
    )
    made = WebFleet(f"{app}-web", args, foundation.child)
    return WebTier(
        address=made.address,
        fewest=foundation.options.instances.min,
        resources=(made, *_records(foundation, made.address)),
        roles={"web": foundation.web.name},
        watched={"url_map": made.url_map},
    )


def _watch(foundation: Foundation, web: WebTier, database: Tier) -> None:
    agents = foundation.labels if foundation.options.logs else None
    if agents:
        _install(foundation, agents, {**web.roles, **database.roles})
    if foundation.options.email:
        site = foundation.settings.domain or web.address
        args = AlarmsArgs(site=site, agents=agents, **foundation.alarms_args(web, database))
        Alarms(f"{foundation.name}-alarms", args, foundation.child)


def _install(foundation: Foundation, labels: dict[str, str], accounts: dict[str, pulumi.Output[str]]) -> None:
    """Google's Ops Agent on all servers with those labels, and on those to come; and the rights of
    the servers' accounts, by kind, that it needs."""
    name, project, own = foundation.name, foundation.options.project, foundation.child
    config = _AGENT.read_text(encoding="utf-8").replace("@@APP@@", name)
    gcp.compute.GlobalVmExtensionPolicy(
        f"{name}-logs",
        extension_policies=[{"extension_name": "ops-agent", "string_config": config}],
        instance_selectors=[{"label_selector": {"inclusion_labels": labels}}],
        rollout_operation={"rollout_input": {"predefined_rollout_plan": "FAST_ROLLOUT"}},  # the other one takes five days
        opts=own,
    )
    for kind, account in accounts.items():
        member = pulumi.Output.concat("serviceAccount:", account)
        for role in ("logging.logWriter", "monitoring.metricWriter"):
            gcp.projects.IAMMember(f"{name}-{kind}-{role.lower()}", project=project, role=f"roles/{role}", member=member, opts=own)


def _records(foundation: Foundation, address: pulumi.Output[str]) -> tuple[SiteName, ...]:
    return foundation.site_records(SiteName, SiteNameArgs, zone=foundation.dns_zone, ipv4=address)


def _disk(foundation: Foundation, name: str, size: int, instance_type: str) -> DataDisk:
    settings = foundation.settings
    kept: dict[str, Any] = {"keep": settings.keep_data, "last_snapshot": settings.last_snapshot, "tags": foundation.tags}
    return DataDisk(f"{name}-data", DataDiskArgs(size=size, zone=foundation.zone, instance_type=instance_type, **kept), foundation.child)


PARTS = Parts(_own_database, _managed_database, _server, _fleet, _watch)
