"""The web servers of a stack, many: a fleet behind a load balancer. What they serve first is wanted before there are any."""

import pulumi

from cloud_init.fronts import idle_timeout
from components.aws.blocks.certificate import Certificate, CertificateArgs
from components.aws.blocks.web_fleet import WebFleet, WebFleetArgs
from components.aws.stack.foundation import Ground
from components.aws.stack.web import Web, name
from components.hosts.database_host import Final
from components.rollout.first_release import FirstRelease, FirstReleaseArgs


def make(ground: Ground, final: Final) -> Web:
    """The group, its load balancer and, with a domain, its certificate."""
    role, options, app = ground.role("web"), ground.options, ground.name
    closed = pulumi.ResourceOptions(depends_on=[ground.store])  # before anything is put there
    wanted = FirstReleaseArgs(ground.store.address, **vars(final))
    first = FirstRelease(f"{app}-first-release", wanted, pulumi.ResourceOptions.merge(ground.own, closed))
    args = WebFleetArgs(
        image=options.image,
        instance_type=options.instance_type,
        disk=options.disk,
        user_data=role.user_data,
        profile_arn=role.profile_arn,
        group_id=ground.web.group_id,
        minimum=options.instances.min,
        maximum=options.instances.max,
        vpc_id=ground.network.vpc_id,
        public_subnets=ground.network.public_subnets,
        host_subnets=ground.network.host_subnets,
        tags=ground.tags,
        public_address=not options.network.nat,
        has_ipv6=ground.network.has_ipv6,
        certificate_arn=_certificate(ground),
        idle_timeout=idle_timeout(ground.settings.server.timeout),
        after=[first.release],
    )
    made = WebFleet(f"{app}-web", args, ground.child)
    named = name(ground, dns_name=made.dns_name, zone_id=made.zone_id, has_ipv6=ground.network.has_ipv6)
    watched = {"load_balancer": made.arn_suffix, "target_group": made.target_group_suffix}
    return Web(role, made.dns_name, (made, *named), fewest=options.instances.min, watched=watched)


def _certificate(ground: Ground) -> pulumi.Output[str] | None:
    """Where the settings name a domain and its zone."""
    domain, zone = ground.settings.domain, ground.options.zone
    if not (domain and zone):
        return None
    return Certificate(f"{ground.name}-certificate", CertificateArgs(domain=domain, zone=zone, tags=ground.tags), ground.child).arn
