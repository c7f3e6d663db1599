"""Subnets and where their routes lead, and what clients come in by."""

from collections.abc import Iterator
from typing import Any

from policy import values
from policy.clouds.aws.types import SUBNET, VPC
from policy.facts import Subnet, is_world
from policy.plan import Plan, Resource, is_known
from policy.values import first, flag, items, mapping

_DEFAULT_TABLE = "aws:ec2/defaultRouteTable:DefaultRouteTable"
_TABLES = ("aws:ec2/routeTable:RouteTable", _DEFAULT_TABLE)
_ROUTE = "aws:ec2/route:Route"
_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
_MAIN_ASSOCIATION = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
_INTERNET = "aws:ec2/internetGateway:InternetGateway"
_NAT = "aws:ec2/natGateway:NatGateway"
_DESTINATIONS = ("cidrBlock", "destinationCidrBlock", "ipv6CidrBlock", "destinationIpv6CidrBlock")
ENTRANCES = (
    "aws:ec2/eip:Eip",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:alb/loadBalancer:LoadBalancer",
    "aws:lb/listener:Listener",
    "aws:alb/listener:Listener",
    "aws:elasticbeanstalk/environment:Environment",
    "aws:route53/zone:Zone",
)
_PUBLIC = ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation")


def subnet_facts(plan: Plan, subnet: Resource) -> Subnet:
    """Whether hosts in the subnet have a way out."""
    tables = route_tables(plan, subnet)
    ways = {way for table in tables or () for way in _ways(plan, table)}
    gives = any(flag(subnet.inputs.get(input)) is not False for input in _PUBLIC)
    return Subnet(subnet, tables is not None and "unseen" not in ways, "gateway" in ways, "translated" in ways, gives)


def route_tables(plan: Plan, subnet: Resource) -> list[Resource] | None:
    """The route tables in force there; None where they are chosen outside the plan."""
    chosen = [one for one in plan.made(_ASSOCIATION) if subnet in plan.origins(one, "subnetId", SUBNET)]
    networks = plan.origins(subnet, "vpcId", VPC)
    if not chosen and not any(network.kind == "resource" for network in networks):
        return None
    chosen = chosen or [one for one in plan.made(_MAIN_ASSOCIATION) if plan.origins(one, "vpcId") == networks]
    if not chosen:
        # The network stands for its main table: routes go there by its `mainRouteTableId`, too.
        return [*networks, *(one for one in plan.made(_DEFAULT_TABLE) if plan.origins(one, "defaultRouteTableId") == networks)]
    found = [plan.origins(one, "routeTableId", *_TABLES) for one in chosen]
    return [table for tables in found for table in tables] if all(found) else None


def _ways(plan: Plan, table: Resource, straight: bool = False) -> Iterator[str]:
    """`gateway`, `translated` or `unseen` for each way out of a route table; `straight`: without
    address translation, which could go in a circle."""
    inside = [(table, entry, "routes") for entry in items(table.inputs.get("routes"))]
    apart = [(route, route.inputs, "") for route in plan.made(_ROUTE) if table in plan.origins(route, "routeTableId")]
    for at, entry, within in [*inside, *apart]:
        if not is_known(entry):
            yield "unseen"
        elif not straight or mapping(entry).get("natGatewayId") is None:
            yield from _way(plan, at, mapping(entry), within)


def _way(plan: Plan, at: Resource, route: Any, within: str) -> Iterator[str]:
    """`within`: the input that the route is a part of, which its references are noted for."""
    destination = first([route[key] for key in _DESTINATIONS if route.get(key) is not None])
    if (isinstance(destination, str) and not is_world(destination)) or route.get("destinationPrefixListId") is not None:
        return
    if route.get("gatewayId") is not None:
        found = _targets(plan, at, route["gatewayId"], within or "gatewayId", _INTERNET)
        yield "gateway" if found or values.text(route["gatewayId"]).startswith("igw-") else "unseen"
    elif route.get("natGatewayId") is not None:
        gateways = _targets(plan, at, route["natGatewayId"], within or "natGatewayId", _NAT)
        if not gateways or any(_leads_out(plan, gateway) for gateway in gateways):
            yield "translated"
    elif any(key.endswith(("GatewayId", "InterfaceId", "ConnectionId", "EndpointId", "Arn")) for key in route if route[key]):
        yield "translated"


def _targets(plan: Plan, at: Resource, value: Any, input: str, type: str) -> list[Resource]:
    named = [plan.find(urn) for urn in values.origins(value)]
    return [one for one in named if one and one.type == type] or plan.origins(at, input, type)


def _leads_out(plan: Plan, gateway: Resource) -> bool:
    """The gateway's subnet has a route to the internet itself, or isn't in the plan."""
    if gateway.inputs.get("connectivityType") == "private":
        return False
    tables = [route_tables(plan, subnet) for subnet in plan.origins(gateway, "subnetId", SUBNET)]
    if not tables or None in tables:
        return True
    return any(way in ("gateway", "unseen") for one in tables for table in one or () for way in _ways(plan, table, straight=True))
