"""A site's name in a Route 53 zone: where it leads, and its certificate from Amazon."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.common import named
from components.blocks.args import Tagged
from components.blocks.block import Block, child
from components.errors import UsageError

_TTL = 60  # seconds: a server with another address is soon found


@dataclass(kw_only=True)
class SiteNameArgs:
    """One name, and where it leads: to a load balancer by `dns_name` and `zone_id`, or else to a
    server by `ipv4`, `ipv6` or both."""

    domain: pulumi.Input[str]
    """The name."""
    zone: pulumi.Input[str]
    """The public Route 53 zone of this account that it is in, such as `example.com`."""
    dns_name: pulumi.Input[str] | None = None
    """`dns_name` of a `WebFleet`."""
    zone_id: pulumi.Input[str] | None = None
    """`zone_id` of the same block."""
    has_ipv6: bool | None = None
    """The load balancer has IPv6 addresses too."""
    ipv4: pulumi.Input[str] | None = None
    """The server's IPv4 address."""
    ipv6: pulumi.Input[str] | None = None
    """The server's IPv6 address."""


class SiteName(Block):
    """An A record, and an AAAA record where there is IPv6. Raises `UsageError` where it isn't said
    where the name leads."""

    domain: pulumi.Output[str]
    """Known once the records are there."""

    def __init__(self, name: str, args: SiteNameArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:SiteName", name, None, opts)
        zone_id = _zone_id(self, args.zone)
        records = [
            aws.route53.Record(f"{name}-{kind.lower()}", zone_id=zone_id, name=args.domain, type=kind, **answer, opts=child(self))
            for kind, answer in _answers(name, args)
        ]
        self.domain = pulumi.Output.all(args.domain, *(one.fqdn for one in records)).apply(lambda known: str(known[0]))
        self._finish()


@dataclass(kw_only=True)
class CertificateArgs(Tagged):
    """The arguments of a `Certificate`."""

    domain: pulumi.Input[str]
    """The name that it is for."""
    zone: pulumi.Input[str]
    """The public Route 53 zone of this account that the name is in, such as `example.com`."""
    others: Sequence[str] | None = None
    """More names that it is for, in the same zone."""


class Certificate(Block):
    """A certificate, proven by a record in the zone, and renewed by Amazon while that is there."""

    arn: pulumi.Output[str]
    """Known once it is issued, so whatever takes it waits for that."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:Certificate", name, None, opts)
        own, zone_id = child(self), _zone_id(self, args.zone)
        asked = aws.acm.Certificate(
            name,
            domain_name=args.domain,
            subject_alternative_names=[*(args.others or ())] or None,
            validation_method="DNS",
            tags=named(args.tags, name),
            opts=own,
        )
        records = []
        for number in range(1 + len(args.others or ())):
            proof = asked.domain_validation_options[number]
            record = aws.route53.Record(
                f"{name}-proof" + (f"-{number}" if number else ""),
                zone_id=zone_id,
                name=proof.resource_record_name,
                type=proof.resource_record_type,
                records=[proof.resource_record_value],
                ttl=300,
                allow_overwrite=True,  # all certificates of an account for one name have the same record
                opts=own,
            )
            records.append(record.fqdn)
        issued = aws.acm.CertificateValidation(name, certificate_arn=asked.arn, validation_record_fqdns=records, opts=own)
        self.arn = issued.certificate_arn
        self._finish()


def _zone_id(block: Block, zone: pulumi.Input[str]) -> pulumi.Output[str]:
    return aws.route53.get_zone_output(name=zone, private_zone=False, opts=pulumi.InvokeOutputOptions(parent=block)).zone_id


def _answers(name: str, args: SiteNameArgs) -> list[tuple[str, dict[str, Any]]]:
    """Types and contents of records. An alias may stand at a zone, where no CNAME may."""
    addresses = [(kind, one) for kind, one in (("A", args.ipv4), ("AAAA", args.ipv6)) if one is not None]
    if args.dns_name is not None and args.zone_id is not None and not addresses:
        # Nothing else has the name, so there is no other answer where no host is well.
        alias = {"name": args.dns_name, "zone_id": args.zone_id, "evaluate_target_health": False}
        return [(kind, {"aliases": [alias]}) for kind in (("A", "AAAA") if args.has_ipv6 else ("A",))]
    if args.dns_name is not None or args.zone_id is not None or not addresses:
        given = [one for one in ("dns_name", "zone_id", "ipv4", "ipv6") if getattr(args, one) is not None]
        raise UsageError(f"{name}: wanted dns_name and zone_id, or else ipv4, ipv6 or both, found {', '.join(given) or 'none'}; set those")
    return [(kind, {"records": [address], "ttl": _TTL}) for kind, address in addresses]
