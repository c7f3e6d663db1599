"""The types that mean something here, and the security groups in inputs."""

from typing import Any

from policy import values
from policy.plan import Plan, Resource

INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SCALING_GROUP = "aws:autoscaling/group:Group"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
SUBNET = "aws:ec2/subnet:Subnet"


def groups(plan: Plan, resource: Resource, input: str, value: Any) -> tuple[str, ...]:
    """The security groups in `value`, part of that input: URNs, or names from outside the plan."""
    known = {one.urn for one in plan.of(SECURITY_GROUP)}
    anywhere = [one.urn for one in plan.origins(resource, input, SECURITY_GROUP)]
    found: list[str] = []
    for one in values.items(value):
        found += [urn for urn in values.origins(one) if urn in known] or anywhere or [values.shown(one)]
    return tuple(dict.fromkeys(found))
