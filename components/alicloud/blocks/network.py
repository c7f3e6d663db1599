"""The network of servers, load balancer and databases: new over two zones, or an existing one."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_alicloud as alicloud

from components.blocks import subnets
from components.blocks.args import Tagged
from components.blocks.block import Block, child
from components.errors import UsageError

_ZONES = 2


@dataclass(kw_only=True)
class NetworkArgs(Tagged):
    """The arguments of a `Network`: one of its own, or an existing one."""

    vpc: str | None = None
    """An existing one by its id. One of its own is made if left out."""
    subnets: Sequence[str] | None = None
    """An existing network's vswitches for servers and load balancer, of two zones."""
    nat: bool | None = None
    """Servers have no public addresses: they go out by a NAT gateway. Priced."""
    instance_types: Sequence[str] | None = None
    """A network of its own is in zones that offer all of these."""
    keep: bool | None = None
    """All of it is protected, as data stands there."""


class Network(Block):
    """IPv4 in two zones. Raises `UsageError` as the program runs where no two zones have the
    instance types."""

    vpc_id: pulumi.Output[str]
    """The network."""
    cidr: pulumi.Output[str]
    """The network's IPv4 block."""
    subnets: pulumi.Output[list[str]]
    """A vswitch of each zone."""
    zones: pulumi.Output[list[str]]
    """Their zones."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:Network", name, None, opts)
        self._name, self._args, self._kept = name, args, child(self, args.keep)
        if args.vpc is None:
            self._make()
        else:
            self._find(args.vpc, [*(args.subnets or ())])
        self._finish()

    def _find(self, vpc: str, given: list[str]) -> None:
        lookup = pulumi.InvokeOutputOptions(parent=self)
        self.vpc_id, self.subnets = pulumi.Output.from_input(vpc), pulumi.Output.from_input(given)
        self.cidr = alicloud.vpc.get_networks_output(ids=[vpc], opts=lookup).vpcs[0].cidr_block
        found = alicloud.vpc.get_switches_output(ids=given, opts=lookup).vswitches
        self.zones = found.apply(lambda every: [zone for one in given for zone in (each.zone_id for each in every if each.id == one)])

    def _make(self) -> None:
        name, tags = self._name, self._args.tags
        vpc = alicloud.vpc.Network(name, vpc_name=name, cidr_block=subnets.NETWORK, tags=tags, opts=self._kept)
        self.vpc_id, self.cidr = vpc.id, vpc.cidr_block
        lookup, types = pulumi.InvokeOutputOptions(parent=self), sorted({*(self._args.instance_types or ())})
        offers = [
            alicloud.get_zones_output(
                available_resource_creation="VSwitch", available_instance_type=type, available_disk_category="cloud_essd", opts=lookup
            ).ids
            for type in types or (None,)
        ]
        chosen = pulumi.Output.all(*offers).apply(self._common)
        made = [
            alicloud.vpc.Switch(
                f"{name}-{number}",
                vswitch_name=f"{name}-{number}",
                vpc_id=vpc.id,
                cidr_block=subnets.ipv4(number),
                zone_id=chosen[number],
                tags=tags,
                # The list of zones is another one while a type is sold out in one of them.
                opts=child(self, self._args.keep, ("zoneId",)),
            )
            for number in range(_ZONES)
        ]
        self.zones = chosen
        translated = self._translated(made) if self._args.nat else []
        self.subnets = pulumi.Output.all(*(one.id for one in made), *translated).apply(lambda ids: ids[:_ZONES])

    def _common(self, offers: Sequence[Sequence[str]]) -> list[str]:
        # A plan that asks no cloud has texts that stand for zones: no two answers share one.
        real = [each for each in offers if not any("(" in zone for zone in each)] or offers[:1]
        zones = sorted(set.intersection(*map(set, real)))
        if len(zones) < _ZONES:
            types, found = " and ".join(sorted({*(self._args.instance_types or ())})), ", ".join(zones) or "none"
            raise UsageError(f"{self._name}: wanted two zones that have {types}, found {found}; take another type, or another region")
        return zones[:_ZONES]

    def _translated(self, made: Sequence["alicloud.vpc.Switch"]) -> list[pulumi.Output[str]]:
        """Ids of what leads out, which is there before whoever takes the vswitches."""
        name, tags, own = f"{self._name}-nat", self._args.tags, child(self)
        address = alicloud.ecs.EipAddress(
            name, address_name=name, payment_type="PayAsYouGo", internet_charge_type="PayByTraffic", bandwidth="100", tags=tags, opts=own
        )
        gateway = alicloud.vpc.NatGateway(
            name,
            nat_gateway_name=name,
            vpc_id=self.vpc_id,
            vswitch_id=made[0].id,
            nat_type="Enhanced",
            payment_type="PayAsYouGo",
            eip_bind_mode="NAT",
            tags=tags,
            opts=own,
        )
        bound = alicloud.ecs.EipAssociation(name, allocation_id=address.id, instance_id=gateway.id, instance_type="Nat", opts=own)
        after = child(self, after=[bound])
        return [
            alicloud.vpc.SnatEntry(
                f"{name}-{number}", snat_table_id=gateway.snat_table_ids, source_vswitch_id=one.id, snat_ip=address.ip_address, opts=after
            ).id
            for number, one in enumerate(made)
        ]
