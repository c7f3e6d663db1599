"""A name in a Route 53 zone that leads to a load balancer or to an address."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.blocks.block import Args, Block, child
from components.errors import UsageError

_TTL = 60  # seconds: a server with another address is soon found


@dataclass(kw_only=True)
class SiteNameArgs(Args):
    """Of one name, and where it leads: to a load balancer by `dns_name` and `zone_id`, or else to a server by `ipv4`, `ipv6` or both."""

    domain: pulumi.Input[str]
    """The name."""
    zone: pulumi.Input[str]
    """The public Route 53 zone of this account that it is in, such as `example.com`."""
    dns_name: pulumi.Input[str] | None = None
    """As `WebFleet` and `LoadBalancer` put it out."""
    zone_id: pulumi.Input[str] | None = None
    """The same."""
    has_ipv6: bool | None = None
    """The load balancer has IPv6 addresses too."""
    ipv4: pulumi.Input[str] | None = None
    """The server's address."""
    ipv6: pulumi.Input[str] | None = None
    """The same."""


class SiteName(Block):
    """An A record, and an AAAA record where there is IPv6. Raises `UsageError` where it isn't said where the name leads."""

    domain: pulumi.Output[str]
    """Known once the records are there."""

    def __init__(self, name: str, args: SiteNameArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:SiteName", name, None, opts)
        lookup = pulumi.InvokeOutputOptions(parent=self)
        zone = aws.route53.get_zone_output(name=args.zone, private_zone=False, opts=lookup)
        made = [
            aws.route53.Record(f"{name}-{kind.lower()}", zone_id=zone.zone_id, name=args.domain, type=kind, **where, opts=child(self))
            for kind, where in _leads(name, args)
        ]
        self.domain = pulumi.Output.all(args.domain, *(one.fqdn for one in made)).apply(lambda known: str(known[0]))
        self._finish()


def _leads(name: str, args: SiteNameArgs) -> list[tuple[str, dict[str, Any]]]:
    """Each record's type and what is in it. An alias also serves the zone's own name, where no CNAME may stand."""
    addresses = [(kind, one) for kind, one in (("A", args.ipv4), ("AAAA", args.ipv6)) if one is not None]
    if args.dns_name is not None and args.zone_id is not None and not addresses:
        # Nothing else answers to the name, so there is nobody to ask instead where the balancer finds no host well.
        alias = aws.route53.RecordAliasArgs(name=args.dns_name, zone_id=args.zone_id, evaluate_target_health=False)
        return [(kind, {"aliases": [alias]}) for kind in (("A", "AAAA") if args.has_ipv6 else ("A",))]
    if args.dns_name is not None or args.zone_id is not None or not addresses:
        given = [one for one in ("dns_name", "zone_id", "ipv4", "ipv6") if getattr(args, one) is not None]
        raise UsageError(f"{name}: wanted dns_name and zone_id, or else ipv4, ipv6 or both, found {', '.join(given) or 'none'}; set those")
    return [(kind, {"records": [address], "ttl": _TTL}) for kind, address in addresses]
