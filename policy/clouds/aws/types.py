"""The types that mean something here, and how to find resources by them."""

from collections.abc import Iterator
from typing import Any

from policy import values
from policy.plan import Plan, Resource

INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SCALING_GROUP = "aws:autoscaling/group:Group"
SECURITY_GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
SUBNET = "aws:ec2/subnet:Subnet"
VPC = "aws:ec2/vpc:Vpc"


def own(plan: Plan, *types: str) -> Iterator[Resource]:
    """Those of these types that the plan makes; what is there already is somebody else's."""
    return (one for one in plan.of(*types) if one.kind == "resource")


def origins(plan: Plan, resource: Resource, input: str, *types: str) -> list[Resource]:
    """The resources of these types that an input comes from."""
    return [one for one in plan.origins(resource, input) if one.type in types]


def groups(plan: Plan, resource: Resource, input: str, value: Any) -> tuple[str, ...]:
    """The security groups in `value`, part of that input: URNs, or names from outside the plan."""
    known = {one.urn for one in plan.of(*SECURITY_GROUPS)}
    anywhere = [one.urn for one in origins(plan, resource, input, *SECURITY_GROUPS)]
    found: list[str] = []
    for one in values.items(value):
        found += [urn for urn in values.origins(one) if urn in known] or anywhere or [values.shown(one)]
    return tuple(dict.fromkeys(found))


def first(value: Any) -> Any:
    """The block itself, where a list of one stands for it as well."""
    return next(iter(values.items(value)), None)
