"""Security groups: rules inside them, and rules that are resources of their own."""

from collections.abc import Iterator
from typing import Any

from policy.clouds.aws.types import SECURITY_GROUP, groups
from policy.facts import ALL_PORTS, Opening
from policy.plan import Plan, Resource
from policy.values import flag, items, mapping, number, shown, text

_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_MEMBERS = "referencedSecurityGroupId"
_WITHOUT_PORTS = {"icmp", "icmpv6", "1", "58"}
_WITH_PORTS = {"tcp", "udp", "6", "17"}


def openings(plan: Plan) -> Iterator[Opening]:
    """All that security groups let in."""
    for group in plan.made(SECURITY_GROUP):
        for entry in items(group.inputs.get("ingress")):
            yield from _opening(plan, group, group.urn, mapping(entry), "ingress")
    for rule in plan.made(_RULE):
        firewall = next((one.urn for one in plan.origins(rule, "securityGroupId", SECURITY_GROUP)), "")
        yield from _opening(plan, rule, firewall, rule.inputs, _MEMBERS)


def _opening(plan: Plan, at: Resource, firewall: str, entry: Any, input: str) -> Iterator[Opening]:
    given = entry.get("protocol", entry.get("ipProtocol"))
    protocol = shown(number(given)) if number(given) is not None else text(given).lower()
    if protocol in _WITHOUT_PORTS or not entry:
        return
    named = [one for key in ("securityGroups", _MEMBERS) for one in items(entry.get(key))]
    members = groups(plan, at, input, named) + ((firewall,) if flag(entry.get("self")) else ())
    keys = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "cidrIpv4", "cidrIpv6", "prefixListId")
    addresses = tuple(one for key in keys for one in items(entry.get(key)))
    yield Opening(at, firewall, _ports(protocol, entry), addresses, members)


def _ports(protocol: str, entry: Any) -> range | None:
    """A protocol without ports of its own, or all of them, opens everything."""
    if protocol and protocol not in _WITH_PORTS:
        return ALL_PORTS
    first, last = entry.get("fromPort"), entry.get("toPort")
    if first is None and last is None:
        return ALL_PORTS
    low, high = number(first), number(last)
    if low is None or high is None:
        return None
    return ALL_PORTS if low < 0 else range(low, min(high, ALL_PORTS[-1]) + 1)
