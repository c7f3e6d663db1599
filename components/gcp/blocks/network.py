"""The network of servers and databases: new, or an existing one. A subnet is in all zones of its
region."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.blocks import subnets
from components.blocks.args import Tagged
from components.blocks.block import Block, child
from components.gcp.common import resource_name

_LINKS = "https://www.googleapis.com/compute/v1/"
ZONES = 3
"""A fleet is over as many at most."""
_LETTERS = {"europe-west1": "bcd", "us-east1": "bcd"}  # whose zones of the first letter are gone; others have a, b and c


@dataclass(kw_only=True)
class NetworkArgs(Tagged):
    """The arguments of a `Network`: one of its own, or an existing one."""

    region: str
    """The region of its subnet."""
    vpc: str | None = None
    """An existing one by its name or path. One of its own is made if left out."""
    subnet: str | None = None
    """That one's subnet for servers, by its name or path."""
    zones: Sequence[str] | None = None
    """Zones of the region for servers. Its first three if left out."""
    nat: bool | None = None
    """Servers have no public addresses: they go out by Cloud NAT. Priced."""
    keep: bool | None = None
    """All of it is protected, as data stands there."""


class Network(Block):
    """IPv4 in one region. What has no public address reaches Google's own services all the same."""

    vpc_id: pulumi.Output[str]
    """The network."""
    subnet_id: pulumi.Output[str]
    """The subnet of servers."""
    cidr: pulumi.Output[str]
    """The subnet's IPv4 block."""
    zones: pulumi.Output[list[str]]
    """Zones for servers."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:Network", name, None, opts)
        # Not asked for: Google answers once the project has the service, perhaps by this very run.
        first = [f"{args.region}-{letter}" for letter in _LETTERS.get(args.region, "abc")]
        self.zones = pulumi.Output.from_input([*(args.zones or first)])
        if args.vpc is None:
            self._make(resource_name(name), args)
        else:
            path = str(args.subnet)
            subnet = {"self_link": f"{_LINKS}{path}"} if "/" in path else {"name": path}
            there = gcp.compute.get_subnetwork_output(**subnet, region=args.region, opts=pulumi.InvokeOutputOptions(parent=self))
            self.vpc_id, self.subnet_id, self.cidr = pulumi.Output.from_input(args.vpc), there.self_link, there.ip_cidr_range
        self._finish()

    def _make(self, name: str, args: NetworkArgs) -> None:
        kept, own = child(self, args.keep), child(self)
        vpc = gcp.compute.Network(name, auto_create_subnetworks=False, opts=kept)
        subnet = gcp.compute.Subnetwork(
            name, network=vpc.id, region=args.region, ip_cidr_range=subnets.ipv4(0), private_ip_google_access=True, opts=kept
        )
        ready = [subnet.id]
        if args.nat:
            router = gcp.compute.Router(name, network=vpc.id, region=args.region, opts=own)
            way_out = gcp.compute.RouterNat(
                name,
                router=router.name,
                region=args.region,
                nat_ip_allocate_option="AUTO_ONLY",
                source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
                opts=own,
            )
            ready.append(way_out.id)  # there before whoever takes the subnet
        self.vpc_id, self.cidr = vpc.id, subnet.ip_cidr_range
        self.subnet_id = pulumi.Output.all(*ready).apply(lambda ids: str(ids[0]))
