"""The web servers of a stack: one with a fixed address, or several behind a load balancer."""

import pulumi

from components.aws.blocks.server import DataDisk, DataDiskArgs, WebServer, WebServerArgs
from components.aws.blocks.site_name import Certificate, CertificateArgs, SiteName, SiteNameArgs
from components.aws.blocks.web_fleet import WebFleet, WebFleetArgs
from components.aws.stack.foundation import Foundation
from components.blocks.stack import WebTier
from components.rollout.resources import ReleaseArgs


def server(foundation: Foundation) -> WebTier:
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
        data_volume=disk.volume_id if disk else None,
        store=foundation.store.address,
        role_id=role.unique_id,
    )
    web = WebServer(name, args, foundation.child)
    return foundation.web_on(role, web, web.address, foundation.site_records(SiteName, SiteNameArgs, ipv4=web.address))


def fleet(foundation: Foundation, release: ReleaseArgs) -> WebTier:
    """The group, its load balancer and, with a domain, its certificate. Its first release comes
    first."""
    role, options, network, app = foundation.role("web"), foundation.options, foundation.network, foundation.name
    domain = foundation.settings.domain
    issued: pulumi.Input[str] | None = options.certificate
    if domain and options.zone and not issued:
        others = foundation.settings.http.redirect_domains
        wanted = CertificateArgs(domain=domain, others=others, zone=options.zone, tags=foundation.tags)
        issued = Certificate(f"{app}-certificate", wanted, foundation.child).arn
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
        certificate_arn=issued,
        requests=options.instances.requests,
        access_logs=options.access_logs,
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
