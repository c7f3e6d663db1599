"""The web servers of a stack, many: a fleet behind a load balancer. What they serve first is wanted before there are any."""

from cloud_init.fronts import idle_timeout
from components.aws.certificate import Certificate, CertificateArgs
from components.aws.ground import Ground
from components.aws.site_name import SiteNameArgs
from components.aws.web import Web, name
from components.aws.web_fleet import WebFleet, WebFleetArgs
from components.database_host import Final
from components.first_release import FirstRelease, FirstReleaseArgs


def make(ground: Ground, final: Final) -> Web:
    """The group, its load balancer and, with a domain, its certificate."""
    host, options, app = ground.host("web"), ground.options, ground.name
    first = FirstReleaseArgs(ground.address, **vars(final))
    domain, zone = ground.settings.domain, options.zone
    secure = Certificate(f"{app}-certificate", CertificateArgs(domain, zone, ground.tags), ground.child) if domain and zone else None
    args = WebFleetArgs(
        image=options.image,
        instance_type=options.instance_type,
        disk=options.disk,
        user_data=host.user_data,
        profile_arn=host.role.profile_arn,
        firewall=ground.web,
        minimum=options.instances.min,
        maximum=options.instances.max,
        vpc_id=ground.network.vpc_id,
        public_subnets=ground.network.public_subnets,
        host_subnets=ground.network.host_subnets,
        tags=ground.tags,
        public_address=not options.network.nat,
        has_ipv6=ground.network.has_ipv6,
        certificate_arn=secure.arn if secure else None,
        idle_timeout=idle_timeout(ground.settings.server.timeout),
        after=[ground.store, FirstRelease(f"{app}-first-release", first, ground.own)],
    )
    made = WebFleet(f"{app}-web", args, ground.child)
    balancer = made.load_balancer
    named = name(ground, SiteNameArgs(str(domain), str(zone), load_balancer=balancer))
    watched = {"load_balancer": balancer.arn_suffix, "target_group": balancer.target_group_suffix}
    return Web(host, balancer.dns_name, (made, *named), fewest=options.instances.min, watched=watched)
