"""A site's name in a zone of Cloud DNS: where it leads, and its certificate from Google."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.blocks.args import Tagged
from components.blocks.block import Block, child
from components.gcp.common import labels, resource_name

_TTL = 60  # seconds: a server with another address is soon found


@dataclass(kw_only=True)
class SiteNameArgs:
    """One name, and where it leads."""

    domain: str
    """The name."""
    zone: pulumi.Input[str]
    """What the public zone that it is in is called in Cloud DNS, such as `example-com`."""
    ipv4: pulumi.Input[str]
    """The address of a server or a fleet."""


class SiteName(Block):
    """An A record."""

    domain: pulumi.Output[str]
    """Known once the record is there."""

    def __init__(self, name: str, args: SiteNameArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:SiteName", name, None, opts)
        record = gcp.dns.RecordSet(
            name, managed_zone=args.zone, name=f"{args.domain}.", type="A", ttl=_TTL, rrdatas=[args.ipv4], opts=child(self)
        )
        self.domain = record.id.apply(lambda _: args.domain)
        self._finish()


@dataclass(kw_only=True)
class CertificateArgs(Tagged):
    """The arguments of a `Certificate`."""

    domain: str
    """The name that it is for."""
    zone: pulumi.Input[str]
    """What the public zone that it is in is called in Cloud DNS."""
    others: Sequence[str] | None = None
    """More names that it is for, in the same zone."""


class Certificate(Block):
    """A certificate, proven by records in the zone before the name leads anywhere, and renewed by
    Google while those are there."""

    map_id: pulumi.Output[str]
    """The id of the map that gives it to a load balancer, known once it has all names. It serves
    some minutes later, as soon as it is issued."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:Certificate", name, None, opts)
        own, tagged, name = child(self), labels(args.tags), resource_name(name)
        domains = [args.domain, *(args.others or ())]
        keys = [f"{name}-{number}" if number else name for number in range(len(domains))]
        proofs = []
        for key, domain in zip(keys, domains, strict=True):
            proof = gcp.certificatemanager.DnsAuthorization(key, domain=domain, labels=tagged, opts=own)
            proofs.append(proof.id)
            record = proof.dns_resource_records[0]
            gcp.dns.RecordSet(
                f"{key}-proof", managed_zone=args.zone, name=record.name, type=record.type, ttl=300, rrdatas=[record.data], opts=own
            )
        issued = gcp.certificatemanager.Certificate(
            name, managed={"domains": domains, "dns_authorizations": proofs}, labels=tagged, opts=own
        )
        shown = gcp.certificatemanager.CertificateMap(name, labels=tagged, opts=own)
        entries = [
            gcp.certificatemanager.CertificateMapEntry(
                key, map=shown.name, hostname=domain, certificates=[issued.id], labels=tagged, opts=own
            ).id
            for key, domain in zip(keys, domains, strict=True)
        ]
        self.map_id = pulumi.Output.all(shown.id, *entries).apply(lambda known: str(known[0]))
        self._finish()
