"""The network of servers, load balancer and databases: new over two zones, or an existing one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pulumi
import pulumi_aws as aws

from components.aws.common import filters, named
from components.blocks import subnets
from components.blocks.args import Tagged
from components.blocks.block import Block, child
from components.errors import UsageError

_ZONES = 2
_PUBLIC, _PRIVATE, _DATABASES = 0, 4, 8  # the first of each kind's subnets
_Way = Mapping[str, pulumi.Input[str]]


@dataclass(kw_only=True)
class NetworkArgs(Tagged):
    """The arguments of a `Network`: one of its own, or an existing one."""

    vpc: str | None = None
    """An existing one by its id, or `default`. One of its own is made if left out."""
    subnets: Sequence[str] | None = None
    """An existing network's for servers and load balancer, of two zones. Found if left out: those
    with public addresses."""
    server_subnets: Sequence[str] | None = None
    """An existing network's for servers alone, with a way out. As `subnets` if left out."""
    database_subnets: Sequence[str] | None = None
    """An existing network's for managed databases, of two zones. As `subnets` if left out."""
    nat: bool | None = None
    """Servers have private subnets, and a gateway translates their addresses. It is priced by the
    hour."""
    instance_types: Sequence[str] | None = None
    """A network of its own is in zones that have all of these."""
    databases: bool | None = None
    """There are private subnets for managed databases."""
    keep: bool | None = None
    """The network is protected with the databases' subnets, as data stands there."""
    keep_public: bool | None = None
    """All of it is protected, as data is on a server."""


class Network(Block):
    """Two zones, IPv6 everywhere, and a way out for both protocols; or what there is. Raises
    `UsageError` as the program runs where no two zones have the instance types."""

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
        given, lookup, is_default = self._args, pulumi.InvokeOutputOptions(parent=self), named_vpc == "default"
        vpc = aws.ec2.get_vpc_output(default=is_default or None, id=None if is_default else named_vpc, opts=lookup)
        self.vpc_id, self.cidr = vpc.id, vpc.cidr_block
        wanted = filters({"vpc-id": vpc.id, "default-for-az" if is_default else "map-public-ip-on-launch": "true"})
        public = [*given.subnets] if given.subnets else aws.ec2.get_subnets_output(filters=wanted, opts=lookup).ids.apply(sorted)
        self.public_subnets = pulumi.Output.from_input(public)
        self.host_subnets = pulumi.Output.from_input([*given.server_subnets]) if given.server_subnets else self.public_subnets
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
        lookup, everywhere = pulumi.InvokeOutputOptions(parent=self), filters({"opt-in-status": "opt-in-not-required"})
        self._zones = aws.get_availability_zones_output(state="available", filters=everywhere, opts=lookup).names
        for type in sorted({*(given.instance_types or ())}):
            wanted = [*filters({"instance-type": type}), {"name": "location", "values": self._zones}]
            found = aws.ec2.get_instance_type_offerings_output(location_type="availability-zone", filters=wanted, opts=lookup)
            self._zones = found.locations.apply(self._enough)
        self.host_zone = self._zones[0]
        public = self._subnets("public", _PUBLIC, True, self._public)
        gateway = aws.ec2.InternetGateway(f"{name}-gateway", vpc_id=self._vpc.id, tags=named(given.tags, name), opts=self._public)
        way = {"gateway_id": gateway.id}
        self._table("public", public, self._public, way, way)
        self.public_subnets = _ids(public)
        self.host_subnets = _ids(self._translated(public)) if given.nat else self.public_subnets
        self.database_subnets = _ids(self._subnets("database", _DATABASES, False, self._kept)) if given.databases else _ids([])

    def _enough(self, zones: Sequence[str]) -> list[str]:
        if len(zones) < _ZONES:
            types, found = " and ".join(sorted({*(self._args.instance_types or ())})), ", ".join(zones) or "none"
            raise UsageError(f"{self._name}: wanted two zones that have {types}, found {found}; take another type, or another region")
        return sorted(zones)

    def _subnets(self, kind: str, first: int, public: bool, opts: pulumi.ResourceOptions) -> list["aws.ec2.Subnet"]:
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

    def _translated(self, public: Sequence["aws.ec2.Subnet"]) -> list["aws.ec2.Subnet"]:
        """Private subnets. IPv6 and S3 do without the gateway, which costs."""
        name, tags = self._name, self._args.tags
        outward = aws.ec2.EgressOnlyInternetGateway(f"{name}-outward", vpc_id=self._vpc.id, tags=named(tags, name), opts=self._own)
        private = self._subnets("private", _PRIVATE, False, self._own)
        given = named(tags, f"{name}-nat")
        address = aws.ec2.Eip(f"{name}-nat", domain="vpc", tags=given, opts=self._own)
        gateway = aws.ec2.NatGateway(f"{name}-nat", subnet_id=public[0].id, allocation_id=address.id, tags=given, opts=self._own)
        ipv4, ipv6 = {"nat_gateway_id": gateway.id}, {"egress_only_gateway_id": outward.id}
        table = self._table("private", private, self._own, ipv4, ipv6)
        region = aws.get_region_output(opts=pulumi.InvokeOutputOptions(parent=self)).region
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=self._vpc.id,
            service_name=pulumi.Output.concat("com.amazonaws.", region, ".s3"),
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id],
            tags=named(tags, f"{name}-s3"),
            opts=self._own,
        )
        return private

    def _table(
        self, kind: str, within: Sequence["aws.ec2.Subnet"], opts: pulumi.ResourceOptions, ipv4: _Way, ipv6: _Way
    ) -> "aws.ec2.RouteTable":
        """A route table of these subnets, with a way out by either protocol."""
        name = f"{self._name}-{kind}"
        table = aws.ec2.RouteTable(name, vpc_id=self._vpc.id, tags=named(self._args.tags, name), opts=opts)
        aws.ec2.Route(f"{name}-ipv4", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", **ipv4, opts=opts)
        aws.ec2.Route(f"{name}-ipv6", route_table_id=table.id, destination_ipv6_cidr_block="::/0", **ipv6, opts=opts)
        for number, subnet in enumerate(within):
            aws.ec2.RouteTableAssociation(f"{name}-{number}", subnet_id=subnet.id, route_table_id=table.id, opts=opts)
        return table


def _ids(made: Sequence["aws.ec2.Subnet"]) -> pulumi.Output[list[str]]:
    return pulumi.Output.all(*(one.id for one in made))
