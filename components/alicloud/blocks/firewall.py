"""A security group whose rules are resources of their own, so that one may change alone."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_alicloud as alicloud

from components.blocks.args import FirewallArgs
from components.blocks.block import Block, child

WORLD = ("0.0.0.0/0", "::/0")
"""All networks: what `open` takes for everybody."""


class Firewall(Block):
    """Closed, to its own members too, but for what `open` and `let_in` open; everything may go
    out."""

    group_id: pulumi.Output[str]
    """The security group."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:Firewall", name, None, opts)
        self._name = name
        group = alicloud.ecs.SecurityGroup(
            name,
            security_group_name=name,
            vpc_id=args.vpc_id,
            description=args.description,
            inner_access_policy="Drop",
            tags=args.tags,
            opts=child(self, args.keep),
        )
        self.group_id = group.id
        self._finish()

    def open(self, name: str, port: int, networks: Sequence[str]) -> None:
        """Lets TCP to that port in from networks such as `198.51.100.0/24`. `name`: the rules',
        within this firewall."""
        for network in networks:
            where = {"ipv6_cidr_ip" if ":" in network else "cidr_ip": network}
            self._rule(f"{self._name}-{name}-{network}", port, **where)

    def let_in(self, name: str, port: int, group_id: pulumi.Input[str]) -> None:
        """Lets TCP to that port in from members of another group. `name`: the rule's, within it."""
        self._rule(f"{self._name}-{name}", port, source_security_group_id=group_id)

    def open_inside(self, name: str, port: int, network: pulumi.Input[str]) -> None:
        """Lets TCP to that port in from one network that may be known later. `name`: the rule's."""
        self._rule(f"{self._name}-{name}", port, cidr_ip=network)

    def _rule(self, name: str, port: int, **source: Any) -> None:
        alicloud.ecs.SecurityGroupRule(
            name,
            security_group_id=self.group_id,
            type="ingress",
            ip_protocol="tcp",
            port_range=f"{port}/{port}",
            nic_type="intranet",  # in a VPC all are; the provider's own default is refused there
            policy="accept",
            **source,
            opts=child(self),
        )
