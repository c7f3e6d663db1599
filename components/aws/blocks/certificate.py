"""A certificate of Amazon's authority, for a load balancer."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.tags import named
from components.blocks.block import Args, Block, Tags, child


@dataclass(kw_only=True)
class CertificateArgs(Args):
    """Of one name."""

    domain: pulumi.Input[str]
    """The name that it is for."""
    zone: pulumi.Input[str]
    """The public Route 53 zone of this account that the name is in, such as `example.com`."""
    tags: Tags | None = None
    """On the certificate."""


class Certificate(Block):
    """Asked for, proven by a record in the zone, and renewed by Amazon for as long as that record is there."""

    arn: pulumi.Output[str]
    """Known once it is issued, so whatever takes it waits for that."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:Certificate", name, None, opts)
        own = child(self)
        zone = aws.route53.get_zone_output(name=args.zone, private_zone=False, opts=pulumi.InvokeOutputOptions(parent=self))
        asked = aws.acm.Certificate(name, domain_name=args.domain, validation_method="DNS", tags=named(args.tags, name), opts=own)
        proof = asked.domain_validation_options[0]
        record = aws.route53.Record(
            f"{name}-proof",
            zone_id=zone.zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            allow_overwrite=True,  # all certificates of an account for one name have the same record
            opts=own,
        )
        issued = aws.acm.CertificateValidation(name, certificate_arn=asked.arn, validation_record_fqdns=[record.fqdn], opts=own)
        self.arn = issued.certificate_arn
        self._finish()
