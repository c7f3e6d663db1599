"""Routes of a recorded plan, followed to where they lead, and its servers with a public address."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from policy.clouds.aws import TEMPLATE
from policy.facts import is_world
from policy.plan import Plan, Resource, first, flag, is_known, items, mapping, origins, text

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
_INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
_ADDRESSES = {
    "aws:ec2/eip:Eip": ("instance", "networkInterface"),
    "aws:ec2/eipAssociation:EipAssociation": ("instanceId", "networkInterfaceId"),
}
_IPV6 = ("ipv6AddressCount", "ipv6Addresses")
_DEFAULT_TABLE = "aws:ec2/defaultRouteTable:DefaultRouteTable"
_TABLES = ("aws:ec2/routeTable:RouteTable", _DEFAULT_TABLE)
_ROUTE = "aws:ec2/route:Route"
_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
_MAIN_ASSOCIATION = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
_INTERNET = "aws:ec2/internetGateway:InternetGateway"
_NAT = "aws:ec2/natGateway:NatGateway"
_DESTINATIONS = ("cidrBlock", "destinationCidrBlock", "ipv6CidrBlock", "destinationIpv6CidrBlock")
_PUBLIC = ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation")


class Subnet(NamedTuple):
    """The part of a network that a host stands in, and where its routes lead."""

    at: Resource
    seen: bool = True
    """False: its routes are set outside the plan."""
    gateway: bool = False
    """To the internet, for hosts with a public address."""
    translated: bool = False
    """Through address translation or the like, for every host."""
    gives_addresses: bool = False
    """Hosts get a public address unless they say otherwise."""


def subnets(plan: Plan, host: Resource) -> list[Subnet]:
    """Those that a host, or a group of hosts, stands in."""
    found = [one for input in ("subnetId", "vpcZoneIdentifiers") for one in plan.origins(host, input, SUBNET)]
    found += [one for it in _interfaces(plan, host) for one in plan.origins(it, "subnetId", SUBNET)]
    return [subnet_facts(plan, one) for one in found if one.kind == "resource"]


def has_public_address(plan: Plan, host: Resource) -> bool | None:
    """Whether the host says so itself; None: it has what its subnet gives."""
    templates = [one for made_by in ("launchTemplate", "mixedInstancesPolicy") for one in plan.origins(host, made_by, TEMPLATE)]
    interfaces = _interfaces(plan, host)
    inner = [mapping(one) for template in templates for one in items(template.inputs.get("networkInterfaces"))]
    said = [_public(one) for one in (host.inputs, *(it.inputs for it in interfaces), *inner)]
    return _is_addressed(plan, host, *interfaces) or next((one for one in said if one is not None), None)


def _interfaces(plan: Plan, host: Resource) -> list[Resource]:
    return [one for within in ("primaryNetworkInterface", "networkInterfaces") for one in plan.origins(host, within, _INTERFACE)]


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
        yield "gateway" if found or text(route["gatewayId"]).startswith("igw-") else "unseen"
    elif route.get("natGatewayId") is not None:
        gateways = _targets(plan, at, route["natGatewayId"], within or "natGatewayId", _NAT)
        if not gateways or any(_leads_out(plan, gateway) for gateway in gateways):
            yield "translated"
    elif any(key.endswith(("GatewayId", "InterfaceId", "ConnectionId", "EndpointId", "Arn")) for key in route if route[key]):
        yield "translated"


def _targets(plan: Plan, at: Resource, value: Any, input: str, type: str) -> list[Resource]:
    named = [plan.find(urn) for urn in origins(value)]
    return [one for one in named if one and one.type == type] or plan.origins(at, input, type)


def _leads_out(plan: Plan, gateway: Resource) -> bool:
    """The gateway's subnet has a route to the internet itself, or isn't in the plan."""
    if gateway.inputs.get("connectivityType") == "private":
        return False
    tables = [route_tables(plan, subnet) for subnet in plan.origins(gateway, "subnetId", SUBNET)]
    if not tables or None in tables:
        return True
    return any(way in ("gateway", "unseen") for one in tables for table in one or () for way in _ways(plan, table, straight=True))


def _is_addressed(plan: Plan, *servers: Resource) -> bool:
    """A fixed address is for one of them, hosts or interfaces."""
    given = ((one, input) for type, inputs in _ADDRESSES.items() for one in plan.made(type) for input in inputs)
    return any(server in servers for address, input in given for server in plan.origins(address, input))


def _public(given: Mapping[str, Any]) -> bool | None:
    """Whether it has a public address; None: as the subnet does it. Not known yet counts as yes."""
    if any(given.get(input) not in (None, 0, []) for input in _IPV6):
        return True
    value = given.get("associatePublicIpAddress")
    return None if value is None else flag(value) is not False
