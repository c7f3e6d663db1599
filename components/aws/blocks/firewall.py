"""A security group whose rules are resources of their own, so that one may change alone."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.common import named
from components.blocks.args import FirewallArgs
from components.blocks.block import Block, Tags, child

WORLD = ("0.0.0.0/0", "::/0")
"""All networks: what `open` takes for everybody."""


class Firewall(Block):
    """Closed but for what `open` and `let_in` open; everything may go out. Programs in other
    languages open it with rules of their own for `group_id`."""

    group_id: pulumi.Output[str]
    """The security group."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:Firewall", name, None, opts)
        self._name, self._tags, kept = name, args.tags, child(self, args.keep)
        group = aws.ec2.SecurityGroup(name, vpc_id=args.vpc_id, description=args.description, tags=named(args.tags, name), opts=kept)
        self.group_id = group.id
        for kind, network in zip(("ipv4", "ipv6"), WORLD, strict=True):
            # Stays with the group: a kept server gets updates and is reached by Systems Manager so.
            rule: dict[str, Any] = {"security_group_id": group.id, "ip_protocol": "-1", f"cidr_{kind}": network}
            aws.vpc.SecurityGroupEgressRule(f"{name}-out-{kind}", **rule, tags=named(args.tags, f"{name}-out-{kind}"), opts=kept)
        self._finish()

    def open(self, name: str, port: int, networks: Sequence[str]) -> None:
        """Lets TCP to that port in from networks such as `198.51.100.0/24`; `0.0.0.0/0` and `::/0`
        are all of the world. `name`: the rules', within this firewall."""
        for network in networks:
            where = {"cidr_ipv6" if ":" in network else "cidr_ipv4": network}
            ingress(self, f"{self._name}-{name}-{network}", self.group_id, port, self._tags, **where)

    def let_in(self, name: str, port: int, group_id: pulumi.Input[str]) -> None:
        """Lets TCP to that port in from members of another group. `name`: the rule's, within it."""
        ingress(self, f"{self._name}-{name}", self.group_id, port, self._tags, referenced_security_group_id=group_id)


def ingress(
    parent: pulumi.Resource, name: str, group_id: pulumi.Input[str], port: int, tags: Tags | None, **source: pulumi.Input[str]
) -> None:
    """One rule of a group. It isn't kept with its group: then nobody comes in any more, and the
    group that it names can be removed."""
    aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group_id,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        **source,
        tags=named(tags, name),
        opts=child(parent),
    )
