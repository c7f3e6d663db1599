"""What a recorded plan gives its hosts on Amazon: a way out, the store without one, and whom their security groups let in and out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from policy.clouds.aws import facts
from policy.clouds.aws.types import SECURITY_GROUP, groups
from policy.facts import ALL_PORTS, Opening
from policy.plan import Plan, Resource
from policy.values import text

from . import ways

_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_ASSOCIATION = "aws:ec2/eipAssociation:EipAssociation"
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


class Recorded:
    """One plan, read once, of which the test network has the IPv4 alone."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan.model_copy(update={"resources": tuple(_ipv4(plan.resources))})
        self.facts = facts(self.plan)

    def without(self, leaves_out: Callable[[Resource], bool]) -> "Recorded":
        """As if the program hadn't asked for these."""
        return Recorded(self.plan.model_copy(update={"resources": tuple(one for one in self.plan.resources if not leaves_out(one))}))

    def unassociated(self) -> "Recorded":
        """While no fixed address is anybody's yet."""
        return self.without(lambda one: one.type == _ASSOCIATION)

    def standing(self, type: str, name: str) -> Standing:
        """Of an instance or a group; subnets that differ in what they give can't be told here."""
        (host,) = [one for one in self.facts.hosts if (one.at.type, one.at.name) == (type, name)]
        subnets, public = ways.subnets(self.plan, host.at), ways.has_public_address(self.plan, host.at)
        (way_out,) = {_leads_out(public, subnet) for subnet in subnets}
        (store,) = {self._has_endpoint(subnet) for subnet in subnets}
        return Standing(way_out, store, host.firewalls)

    def balancer(self) -> tuple[str, ...]:
        """The security groups of the load balancer."""
        return tuple(
            urn for one in self.plan.made(_BALANCER) for urn in groups(self.plan, one, "securityGroups", one.inputs["securityGroups"])
        )

    def openings(self, group: str) -> Iterator[Opening]:
        """What it lets in."""
        return (one for one in self.facts.openings if one.firewall == group)

    def outlets(self, group: str) -> Iterator[Outlet]:
        """What it lets out. Where nothing is said, that is nothing: the provider removes the rule that Amazon has from the start."""
        for rule in self.plan.made(_EGRESS):
            said = rule.inputs
            if any(one.urn == group for one in self.plan.origins(rule, "securityGroupId", SECURITY_GROUP)):
                ports = ALL_PORTS if said["ipProtocol"] == "-1" else range(int(said["fromPort"]), int(said["toPort"]) + 1)
                yield Outlet(ports, said["cidrIpv4"])

    def _has_endpoint(self, subnet: ways.Subnet) -> bool:
        tables = ways.route_tables(self.plan, subnet.at) or []
        of_s3 = [one for one in self.plan.made(_ENDPOINT) if text(one.inputs["serviceName"]).endswith(".s3")]
        return any(table in self.plan.origins(one, "routeTableIds") for one in of_s3 for table in tables)


def _ipv4(resources: Iterable[Resource]) -> Iterator[Resource]:
    """Without routes, rules and addresses of IPv6: they lead out for nobody here."""
    for one in resources:
        if one.inputs.get("destinationIpv6CidrBlock") is None and one.inputs.get("cidrIpv6") is None:
            yield one.model_copy(update={"inputs": {name: value for name, value in one.inputs.items() if "ipv6" not in name.lower()}})


def _leads_out(public: bool | None, subnet: ways.Subnet) -> bool:
    assert subnet.seen, f"{subnet.at.name}: its routes are set outside the plan"
    addressed = subnet.gives_addresses if public is None else public
    return subnet.translated or (subnet.gateway and addressed)
