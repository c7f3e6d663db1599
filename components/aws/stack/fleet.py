"""The web servers of a stack, several behind a load balancer. Their first release comes first."""

import pulumi

from cloud_init.fronts import idle_timeout
from components.aws.blocks.site_name import Certificate, CertificateArgs
from components.aws.blocks.web_fleet import WebFleet, WebFleetArgs
from components.aws.stack.foundation import Foundation
from components.aws.stack.web import WebTier, site_name
from components.rollout.resources import FirstRelease, ReleaseArgs


def make(foundation: Foundation, release: ReleaseArgs) -> WebTier:
    """The group, its load balancer and, with a domain, its certificate."""
    role, options, network, app = foundation.role("web"), foundation.options, foundation.network, foundation.name
    after_store = pulumi.ResourceOptions(depends_on=[foundation.store])  # it is closed before anything is put there
    own = pulumi.ResourceOptions.merge(foundation.own, after_store)
    first = FirstRelease(f"{app}-first-release", release, foundation.deployers_store, own)
    args = WebFleetArgs(
        image=options.image,
        instance_type=options.instance_type,
        disk=options.disk,
        user_data=role.user_data,
        profile_arn=role.profile_arn,
        group_id=foundation.firewall.group_id,
        minimum=options.instances.min,
        maximum=options.instances.max,
        vpc_id=network.vpc_id,
        public_subnets=network.public_subnets,
        host_subnets=network.host_subnets,
        tags=foundation.tags,
        public_address=not options.network.is_private,
        has_ipv6=network.has_ipv6,
        certificate_arn=options.certificate or _certificate(foundation),
        requests=options.instances.requests,
        access_logs=options.access_logs,
        protected=options.protect_balancer,
        idle_timeout=idle_timeout(foundation.settings.server.timeout),
        after=[first.release],
    )
    fleet = WebFleet(f"{app}-web", args, foundation.child)
    names = site_name(foundation, dns_name=fleet.dns_name, zone_id=fleet.zone_id, has_ipv6=network.has_ipv6)
    return WebTier(
        address=fleet.dns_name,
        fewest=options.instances.min,
        resources=(fleet, *names),
        roles={"web": role.name},
        watched={"load_balancer": fleet.arn_suffix, "target_group": fleet.target_group_suffix},
    )


def _certificate(foundation: Foundation) -> pulumi.Output[str] | None:
    domain, zone = foundation.settings.domain, foundation.options.zone
    if not (domain and zone):
        return None
    args = CertificateArgs(domain=domain, others=foundation.settings.http.redirect_domains, zone=zone, tags=foundation.tags)
    return Certificate(f"{foundation.name}-certificate", args, foundation.child).arn
