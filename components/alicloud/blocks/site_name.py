"""A site's name in a domain of Alibaba Cloud DNS: where it leads."""

from dataclasses import dataclass

import pulumi
import pulumi_alicloud as alicloud

from components.blocks.block import Block, child

_TTL = 600  # seconds, the least of the edition without a price


@dataclass(kw_only=True)
class SiteNameArgs:
    """One name, and where it leads."""

    domain: str
    """The name."""
    zone: str
    """The domain in Alibaba Cloud DNS that it is in, such as `example.com`."""
    ipv4: pulumi.Input[str] | None = None
    """A server's address; or else"""
    dns_name: pulumi.Input[str] | None = None
    """`dns_name` of a `WebFleet`. The zone itself can't lead there: it may not be an alias."""


class SiteName(Block):
    """An A record for a server, a CNAME record for a fleet."""

    domain: pulumi.Output[str]
    """Known once the record is there."""

    def __init__(self, name: str, args: SiteNameArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:SiteName", name, None, opts)
        kind, value = ("A", args.ipv4) if args.ipv4 is not None else ("CNAME", args.dns_name)
        host = args.domain.removesuffix(args.zone).rstrip(".") or "@"
        record = alicloud.dns.AlidnsRecord(name, domain_name=args.zone, rr=host, type=kind, value=value, ttl=_TTL, opts=child(self))
        self.domain = record.id.apply(lambda _: args.domain)
        self._finish()
