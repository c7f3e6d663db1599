"""A name in a Route 53 zone that leads to a load balancer or to an address."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.aws.tags import child

if TYPE_CHECKING:
    from components.aws.load_balancer import LoadBalancer

_TTL = 60  # seconds: a server with another address is soon found


@dataclass
class SiteNameArgs:
    """`domain`: the name; `zone`: the public Route 53 zone of this account that it is in, such as `example.com`. Where it leads:
    `load_balancer`, or `ipv4` and perhaps `ipv6`, addresses of a server."""

    domain: str
    zone: str
    load_balancer: "LoadBalancer | None" = None
    ipv4: pulumi.Input[str] | None = None
    ipv6: pulumi.Input[str] | None = None


class SiteName(pulumi.ComponentResource):
    """An A record, and an AAAA record where there is IPv6. `domain`: known once the records are there."""

    domain: pulumi.Output[str]

    def __init__(self, name: str, args: SiteNameArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:SiteName", name, None, opts)
        lookup = pulumi.InvokeOutputOptions(parent=self)
        zone = aws.route53.get_zone_output(name=args.zone, private_zone=False, opts=lookup)
        made = [
            aws.route53.Record(f"{name}-{kind.lower()}", zone_id=zone.zone_id, name=args.domain, type=kind, **where, opts=child(self))
            for kind, where in _leads(args)
        ]
        self.domain = pulumi.Output.all(*(one.fqdn for one in made)).apply(lambda _: args.domain)
        self.register_outputs({"domain": self.domain})


def _leads(args: SiteNameArgs) -> list[tuple[str, dict[str, Any]]]:
    """Each record's type and what is in it. An alias also serves the zone's own name, where no CNAME may stand."""
    balancer = args.load_balancer
    if balancer is None:
        given = (("A", args.ipv4), ("AAAA", args.ipv6))
        return [(kind, {"records": [address], "ttl": _TTL}) for kind, address in given if address is not None]
    # Nothing else answers to the name, so there is nobody to ask instead where the balancer finds no host well.
    alias = aws.route53.RecordAliasArgs(name=balancer.dns_name, zone_id=balancer.zone_id, evaluate_target_health=False)
    return [(kind, {"aliases": [alias]}) for kind in (("A", "AAAA") if balancer.has_ipv6 else ("A",))]
