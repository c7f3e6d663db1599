"""The network of servers, load balancer and databases: new over two zones, or an existing one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.common import named, region_of
from components.blocks import subnets
from components.blocks.block import Args, Block, Tags, child

_ZONES = 2
_PUBLIC, _PRIVATE, _DATABASES = 0, 4, 8  # the first of each kind's subnets


@dataclass(kw_only=True)
class NetworkArgs(Args):
    """The arguments of a `Network`: one of its own, or an existing one."""

    vpc: str | None = None
    """An existing one by its id, or `default`. One of its own is made if left out."""
    subnets: Sequence[str] | None = None
    """An existing network's for servers and load balancer, of two zones. Found if left out: those
    with public addresses."""
    database_subnets: Sequence[str] | None = None
    """An existing network's for managed databases, of two zones. As `subnets` if left out."""
    nat: bool | None = None
    """Servers have private subnets with address translation, which is priced by the hour."""
    databases: bool | None = None
    """There are private subnets for managed databases."""
    keep: bool | None = None
    """The network is protected with the databases' subnets, as data stands there."""
    keep_public: bool | None = None
    """All of it is protected, as data is on a server."""
    tags: Tags | None = None
    """On all that is made."""


class Network(Block):
    """Two zones, IPv6 everywhere, and a way out for both protocols; or what there is."""

    vpc_id: pulumi.Output[str]
    """The network."""
    cidr: pulumi.Output[str]
    """The network's IPv4 block."""
    public_subnets: pulumi.Output[list[str]]
    """One of each zone; for a load balancer."""
    host_subnets: pulumi.Output[list[str]]
    """One of each zone, for servers: the public ones unless `nat`."""
    host_zone: pulumi.Output[str]
    """The zone of the first of them."""
    database_subnets: pulumi.Output[list[str]]
    """One of each zone, for managed databases; none without `databases`."""
    has_ipv6: bool
    """Subnets have IPv6 addresses: those of a network of its own."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:Network", name, None, opts)
        self._name, self._args, self._own = name, args, child(self)
        self._kept, self._public = child(self, args.keep or args.keep_public), child(self, args.keep_public)
        self.has_ipv6 = args.vpc is None
        if args.vpc is None:
            self._make()
        else:
            self._find(args.vpc)
        self._finish()

    def _find(self, named_vpc: str) -> None:
        given, lookup = self._args, pulumi.InvokeOutputOptions(parent=self)
        if named_vpc == "default":
            vpc = aws.ec2.get_vpc_output(default=True, opts=lookup)
            only = "default-for-az"
        else:
            vpc = aws.ec2.get_vpc_output(id=named_vpc, opts=lookup)
            only = "map-public-ip-on-launch"
        self.vpc_id, self.cidr = vpc.id, vpc.cidr_block
        filters: Any = [{"name": "vpc-id", "values": [vpc.id]}, {"name": only, "values": ["true"]}]
        public = [*given.subnets] if given.subnets else aws.ec2.get_subnets_output(filters=filters, opts=lookup).ids.apply(sorted)
        self.public_subnets = pulumi.Output.from_input(public)
        self.host_subnets = self.public_subnets
        self.host_zone = aws.ec2.get_subnet_output(id=self.host_subnets.apply(lambda ids: ids[0]), opts=lookup).availability_zone
        self.database_subnets = pulumi.Output.from_input([*given.database_subnets]) if given.database_subnets else self.public_subnets

    def _make(self) -> None:
        given, name = self._args, self._name
        self._vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=subnets.NETWORK,
            assign_generated_ipv6_cidr_block=True,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=named(given.tags, name),
            opts=self._kept,
        )
        self.vpc_id, self.cidr = self._vpc.id, self._vpc.cidr_block
        everywhere: Any = {"name": "opt-in-status", "values": ["opt-in-not-required"]}
        lookup = pulumi.InvokeOutputOptions(parent=self)
        self._zones = aws.get_availability_zones_output(state="available", filters=[everywhere], opts=lookup).names
        self.host_zone = self._zones[0]
        public = self._subnets("public", _PUBLIC, True, self._public)
        self._public_routes(public)
        self.public_subnets = _ids(public)
        self.host_subnets = _ids(self._translated(public[0])) if given.nat else self.public_subnets
        self.database_subnets = _ids(self._subnets("database", _DATABASES, False, self._kept)) if given.databases else _ids([])

    def _subnets(self, kind: str, first: int, public: bool, opts: pulumi.ResourceOptions) -> list[aws.ec2.Subnet]:
        """Subnets never change their zone: the list of zones is shorter while one is in trouble."""
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["availabilityZone"]))
        return [
            aws.ec2.Subnet(
                f"{self._name}-{kind}-{number}",
                vpc_id=self._vpc.id,
                cidr_block=subnets.ipv4(first + number),
                ipv6_cidr_block=self._vpc.ipv6_cidr_block.apply(partial(subnets.ipv6, number=first + number)),
                availability_zone=self._zones[number],
                map_public_ip_on_launch=public,
                assign_ipv6_address_on_creation=True,
                tags=named(self._args.tags, f"{self._name}-{kind}-{number}"),
                opts=opts,
            )
            for number in range(_ZONES)
        ]

    def _public_routes(self, public: Sequence[aws.ec2.Subnet]) -> None:
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-gateway", vpc_id=self._vpc.id, tags=named(self._args.tags, self._name), opts=self._public
        )
        table = self._table("public", public, self._public)
        self._route("public-ipv4", table, self._public, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
        self._route("public-ipv6", table, self._public, destination_ipv6_cidr_block="::/0", gateway_id=gateway.id)

    def _translated(self, public: aws.ec2.Subnet) -> list[aws.ec2.Subnet]:
        """Private subnets with one gateway for all zones, as each costs; IPv6 and S3 do without."""
        name, tags = self._name, self._args.tags
        address = aws.ec2.Eip(f"{name}-nat", domain="vpc", tags=named(tags, f"{name}-nat"), opts=self._own)
        gateway = aws.ec2.NatGateway(
            f"{name}-nat", subnet_id=public.id, allocation_id=address.id, tags=named(tags, f"{name}-nat"), opts=self._own
        )
        outward = aws.ec2.EgressOnlyInternetGateway(f"{name}-outward", vpc_id=self._vpc.id, tags=named(tags, name), opts=self._own)
        private = self._subnets("private", _PRIVATE, False, self._own)
        table = self._table("private", private, self._own)
        self._route("private-ipv4", table, self._own, destination_cidr_block="0.0.0.0/0", nat_gateway_id=gateway.id)
        self._route("private-ipv6", table, self._own, destination_ipv6_cidr_block="::/0", egress_only_gateway_id=outward.id)
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=self._vpc.id,
            service_name=pulumi.Output.concat("com.amazonaws.", region_of(self), ".s3"),
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id],
            tags=named(tags, f"{name}-s3"),
            opts=self._own,
        )
        return private

    def _table(self, kind: str, within: Sequence[aws.ec2.Subnet], opts: pulumi.ResourceOptions) -> aws.ec2.RouteTable:
        name = f"{self._name}-{kind}"
        table = aws.ec2.RouteTable(name, vpc_id=self._vpc.id, tags=named(self._args.tags, name), opts=opts)
        for number, subnet in enumerate(within):
            aws.ec2.RouteTableAssociation(f"{name}-{number}", subnet_id=subnet.id, route_table_id=table.id, opts=opts)
        return table

    def _route(self, kind: str, table: aws.ec2.RouteTable, opts: pulumi.ResourceOptions, **way: pulumi.Input[str]) -> None:
        aws.ec2.Route(f"{self._name}-{kind}", route_table_id=table.id, **way, opts=opts)


def _ids(made: Sequence[aws.ec2.Subnet]) -> pulumi.Output[list[str]]:
    return pulumi.Output.all(*(one.id for one in made))
