"""Small plans made by hand."""

from typing import Any

from policy.plan import UNKNOWN, Plan, Resource, origins

INSTANCE = "aws:ec2/instance:Instance"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
DATABASE = "aws:rds/instance:Instance"
EIP = "aws:ec2/eip:Eip"
VOLUME = "aws:ebs/volume:Volume"
ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"


def urn(type: str, name: str) -> str:
    return f"urn:pulumi:dev::shop::{type}::{name}"


def resource(type: str, name: str = "it", **given: Any) -> Resource:
    """Inputs and options by their names; `references` follow from what is unknown."""
    inputs = given.pop("inputs", {})
    references = {key: found for key, value in inputs.items() if (found := origins(value))}
    return Resource(urn=urn(type, name), type=type, name=name, inputs=inputs, references=references, **given)


def of(*resources: Resource) -> Any:
    """An output of these."""
    return {UNKNOWN: [one.urn for one in resources]}


def plan(*resources: Resource, **settings: Any) -> Plan:
    """Settings with `_` for `.`."""
    named = {f"slipway:{key.replace('_', '.')}": value for key, value in settings.items()}
    return Plan(project="shop", stack="dev", target="example", settings=named, resources=resources)
