"""What a recorded plan gives its hosts: a way out, the store without one, and whom their security groups let in and out."""

import abc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from components.blocks import subnets
from policy.clouds import alicloud, aws, gcp
from policy.clouds.aws import SECURITY_GROUP, groups
from policy.facts import ALL_PORTS, Facts, Opening
from policy.plan import Plan, Resource, text

from . import ways

_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"


@dataclass(frozen=True)
class Standing:
    """How a host stands there. `way_out`: its routes lead out, and its address too; `store`: an endpoint leads to S3, whatever the
    routes; `groups`: its security groups."""

    way_out: bool
    store: bool
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Outlet:
    """What a security group lets its members go out to."""

    ports: range
    network: str


class Recorded(abc.ABC):
    """One plan, read once. `facts`: what it means to the cloud."""

    ADDRESS: ClassVar[str]
    """The type of what makes a fixed address somebody's."""

    def __init__(self, plan: Plan, facts: Facts) -> None:
        self.plan, self.facts = plan, facts

    @abc.abstractmethod
    def of(self, plan: Plan) -> "Recorded":
        """The same of another plan."""

    @abc.abstractmethod
    def standing(self, type: str, name: str) -> Standing:
        """How an instance or a group stands; subnets that differ in what they give can't be told here."""

    @abc.abstractmethod
    def outlets(self, group: str) -> Iterator[Outlet]:
        """What a security group lets out."""

    def balancer(self) -> tuple[str, ...]:
        """The security groups of the load balancer."""
        return ()

    def openings(self, group: str) -> Iterator[Opening]:
        """What a security group lets in."""
        return (one for one in self.facts.openings if one.firewall == group)

    def without(self, leaves_out: Callable[[Resource], bool]) -> "Recorded":
        """As if the program hadn't asked for these."""
        return self.of(self.plan.model_copy(update={"resources": tuple(one for one in self.plan.resources if not leaves_out(one))}))

    def unassociated(self) -> "Recorded":
        """While no fixed address is anybody's yet."""
        return self.without(lambda one: one.type == self.ADDRESS)


class RecordedOnAmazon(Recorded):
    """The plan without IPv6, which the test network hasn't got."""

    ADDRESS = "aws:ec2/eipAssociation:EipAssociation"

    def __init__(self, plan: Plan) -> None:
        plan = plan.model_copy(update={"resources": tuple(_ipv4(plan.resources))})
        super().__init__(plan, aws.facts(plan))

    def of(self, plan: Plan) -> Recorded:
        return RecordedOnAmazon(plan)

    def standing(self, type: str, name: str) -> Standing:
        (host,) = [one for one in self.facts.hosts if (one.at.type, one.at.name) == (type, name)]
        places, public = ways.subnets(self.plan, host.at), ways.has_public_address(self.plan, host.at)
        (way_out,) = {_leads_out(public, subnet) for subnet in places}
        (store,) = {self._has_endpoint(subnet) for subnet in places}
        return Standing(way_out, store, host.firewalls)

    def balancer(self) -> tuple[str, ...]:
        return tuple(
            urn for one in self.plan.made(_BALANCER) for urn in groups(self.plan, one, "securityGroups", one.inputs["securityGroups"])
        )

    def outlets(self, group: str) -> Iterator[Outlet]:
        """Nothing, if nothing is said: the provider removes the rule that Amazon has from the start."""
        for rule in self.plan.made(_EGRESS):
            said = rule.inputs
            if any(one.urn == group for one in self.plan.origins(rule, "securityGroupId", SECURITY_GROUP)):
                ports = ALL_PORTS if said["ipProtocol"] == "-1" else range(int(said["fromPort"]), int(said["toPort"]) + 1)
                yield Outlet(ports, said["cidrIpv4"])

    def _has_endpoint(self, subnet: ways.Subnet) -> bool:
        tables = ways.route_tables(self.plan, subnet.at) or []
        of_s3 = [one for one in self.plan.made(_ENDPOINT) if text(one.inputs["serviceName"]).endswith(".s3")]
        return any(table in self.plan.origins(one, "routeTableIds") for one in of_s3 for table in tables)


class RecordedOnAlibaba(Recorded):
    """`network`: the addresses of the test network, which stand for those that the program gives its own. Everybody may go out as far as
    routes lead; the storage's address inside is there without a way out."""

    ADDRESS = "alicloud:ecs/eipAssociation:EipAssociation"

    def __init__(self, plan: Plan, network: str) -> None:
        super().__init__(plan, alicloud.facts(plan))
        self.network = network

    def of(self, plan: Plan) -> Recorded:
        return RecordedOnAlibaba(plan, self.network)

    def standing(self, type: str, name: str) -> Standing:
        (host,) = [one for one in self.facts.hosts if (one.at.type, one.at.name) == (type, name)]
        started_from = [one for one in self.plan.resources if one.urn in (host.at.urn, *host.started_from)]
        is_public = any(one.inputs.get("internetMaxBandwidthOut") for one in started_from)
        is_fixed = any(host.at in self.plan.origins(one, "instanceId") for one in self.plan.made(self.ADDRESS))
        return Standing(is_public or is_fixed or bool(self.plan.of("alicloud:vpc/snatEntry:SnatEntry")), True, host.firewalls)

    def outlets(self, group: str) -> Iterator[Outlet]:
        yield Outlet(ALL_PORTS, "0.0.0.0/0")

    def openings(self, group: str) -> Iterator[Opening]:
        for one in super().openings(group):
            yield one._replace(addresses=tuple(self.network if each == subnets.NETWORK else each for each in one.addresses))


class RecordedOnGoogle(Recorded):
    """Everybody may go out as far as routes lead; Google's storage is there without a way out. An instance says itself which fixed address
    it has."""

    ADDRESS = ""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, gcp.facts(plan))

    def of(self, plan: Plan) -> Recorded:
        return RecordedOnGoogle(plan)

    def standing(self, type: str, name: str) -> Standing:
        (host,) = [one for one in self.facts.hosts if (one.at.type, one.at.name) == (type, name)]
        templates = self.plan.origins(host.at, "versions", "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate")
        cards = [card for one in (host.at, *templates) for card in one.inputs.get("networkInterfaces", [])]
        is_public = any(card.get("accessConfigs") for card in cards)
        return Standing(is_public or bool(self.plan.of("gcp:compute/routerNat:RouterNat")), True, host.firewalls)

    def outlets(self, group: str) -> Iterator[Outlet]:
        yield Outlet(ALL_PORTS, "0.0.0.0/0")


def _ipv4(resources: Iterable[Resource]) -> Iterator[Resource]:
    """Without routes, rules and addresses of IPv6: they lead out for nobody here."""
    for one in resources:
        if one.inputs.get("destinationIpv6CidrBlock") is None and one.inputs.get("cidrIpv6") is None:
            yield one.model_copy(update={"inputs": {name: value for name, value in one.inputs.items() if "ipv6" not in name.lower()}})


def _leads_out(public: bool | None, subnet: ways.Subnet) -> bool:
    assert subnet.seen, f"{subnet.at.name}: its routes are set outside the plan"
    addressed = subnet.gives_addresses if public is None else public
    return subnet.translated or (subnet.gateway and addressed)
