"""A security group whose rules are resources of their own: one that changes leaves the others alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.tags import child, named

WORLD = ("0.0.0.0/0", "::/0")


@dataclass
class FirewallArgs:
    """`vpc_id`: the network it is of. `keep`: it is protected and retained with the way out, as data stands behind it."""

    vpc_id: pulumi.Input[str]
    description: str
    tags: Mapping[str, str]
    keep: bool = False


class Firewall(pulumi.ComponentResource):
    """Closed but for what `open` opens; everything may go out. `group_id`: the security group."""

    group_id: pulumi.Output[str]

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:Firewall", name, None, opts)
        self._name, self._tags, self._own, self._kept = name, args.tags, child(self), child(self, args.keep)
        group = aws.ec2.SecurityGroup(name, vpc_id=args.vpc_id, description=args.description, tags=named(args.tags, name), opts=self._kept)
        self.group_id = group.id
        self._out("ipv4", cidr_ipv4="0.0.0.0/0")
        self._out("ipv6", cidr_ipv6="::/0")
        self.register_outputs({"group_id": group.id})

    def open(self, name: str, port: int, to: "Sequence[str] | Firewall") -> None:
        """Lets TCP to that port in from networks, or from members of another group. `name`: the rules', within this firewall."""
        if isinstance(to, Firewall):
            self._rule(name, port, referenced_security_group_id=to.group_id)
            return
        for network in to:
            kind = "cidr_ipv6" if ":" in network else "cidr_ipv4"
            self._rule(f"{name}-{network}", port, **{kind: network})

    def _out(self, name: str, cidr_ipv4: str | None = None, cidr_ipv6: str | None = None) -> None:
        """Stays with the group: a kept server asks by it for updates, sends its backups and is reached by Systems Manager."""
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-out-{name}",
            security_group_id=self.group_id,
            ip_protocol="-1",
            cidr_ipv4=cidr_ipv4,
            cidr_ipv6=cidr_ipv6,
            tags=named(self._tags, f"{self._name}-out-{name}"),
            opts=self._kept,
        )

    def _rule(self, name: str, port: int, **source: pulumi.Input[str]) -> None:
        """Of a group that is kept the rule isn't: nobody comes in any more, and the group that it names can be removed."""
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-{name}",
            security_group_id=self.group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            **source,
            tags=named(self._tags, f"{self._name}-{name}"),
            opts=self._own,
        )
