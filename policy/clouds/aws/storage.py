"""Disks, buckets, and what can't be removed while something else is there."""

from collections.abc import Iterator
from typing import Any

from policy import facts
from policy.clouds.aws.types import INSTANCE, SECURITY_GROUP, SUBNET, TEMPLATE
from policy.facts import CloudBucket, Disk, Tie
from policy.plan import Plan, Resource, is_known
from policy.values import first, flag, items, mapping, shown, text

_VOLUME = "aws:ebs/volume:Volume"
_BUCKET = "aws:s3/bucket:Bucket"
_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

_TIED_BY = {
    "aws:rds/instance:Instance": ("dbSubnetGroupName", "vpcSecurityGroupIds", "parameterGroupName", "optionGroupName", "kmsKeyId"),
    "aws:rds/subnetGroup:SubnetGroup": ("subnetIds",),
    _VOLUME: ("kmsKeyId",),
    INSTANCE: ("subnetId", "vpcSecurityGroupIds"),
    SUBNET: ("vpcId",),
    "aws:ec2/internetGateway:InternetGateway": ("vpcId",),
    "aws:ec2/natGateway:NatGateway": ("subnetId", "allocationId"),
    "aws:ec2/routeTable:RouteTable": ("vpcId",),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("securityGroupId", "referencedSecurityGroupId"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("securityGroupId", "referencedSecurityGroupId"),
    SECURITY_GROUP: ("vpcId", "ingress", "egress"),  # a group that a rule names can't be removed either
}
_KEYS = ("serverSideEncryptionConfiguration", "rules")


def disks(plan: Plan) -> Iterator[Disk]:
    """Hosts' disks, and disks that are resources of their own."""
    for server in plan.made(INSTANCE):
        if server.inputs.get("rootBlockDevice") is not None or server.inputs.get("launchTemplate") is None:
            yield _disk(server, "rootBlockDevice", first(server.inputs.get("rootBlockDevice")))
        for place, device in enumerate(items(server.inputs.get("ebsBlockDevices"))):
            yield _disk(server, f"ebsBlockDevices[{place}]", device)
    for template in plan.made(TEMPLATE):
        yield from _of_template(template)
    for one in plan.made(_VOLUME):
        encrypted, snapshot = (flag(one.inputs.get(input)) for input in ("encrypted", "finalSnapshot"))
        yield Disk(one, "encrypted", encrypted, apart=True, final_snapshot=snapshot)


def buckets(plan: Plan) -> Iterator[CloudBucket]:
    """Each bucket with what other resources say about it."""
    for bucket in plan.made(_BUCKET):
        yield CloudBucket(bucket, _encrypted(plan, bucket), tuple(_openness(plan, bucket)))


def _of_template(template: Resource) -> Iterator[Disk]:
    """A template that names no disk leaves the image's as it is."""
    mappings = [*enumerate(items(template.inputs.get("blockDeviceMappings")))]
    named = [(place, device) for place, device in mappings if not is_known(device) or mapping(device).get("ebs") is not None]
    if not named:
        yield Disk(template, "blockDeviceMappings[].ebs.encrypted", False)
    for place, device in named:
        inner = mapping(device).get("ebs") if is_known(device) else device
        yield _disk(template, f"blockDeviceMappings[{place}].ebs", first(inner))


def _disk(server: Resource, path: str, device: Any) -> Disk:
    known = device is None or is_known(device)
    return Disk(server, f"{path}.encrypted", flag(mapping(device).get("encrypted")) if known else None)


def _encrypted(plan: Plan, bucket: Resource) -> bool | None:
    inline = bucket.inputs.get("serverSideEncryptionConfiguration")
    if inline is not None and not is_known(inline):
        return None
    return bool(inline) or any(one.inputs.get("rules") for one in _about(plan, bucket, _ENCRYPTION))


def _openness(plan: Plan, bucket: Resource) -> Iterator[str]:
    blocks = [*_about(plan, bucket, _BLOCK)]
    if not blocks:
        yield "no BucketPublicAccessBlock"
    for block in blocks:
        yield from (f"{switch} not true" for switch in _SWITCHES if flag(block.inputs.get(switch)) is False)
    if text(bucket.inputs.get("acl")).startswith(("public-", "authenticated-")):
        yield f"acl {shown(bucket.inputs['acl'])}"


def _about(plan: Plan, bucket: Resource, type: str) -> Iterator[Resource]:
    """What is said about this bucket, by reference or by its name."""
    name = text(bucket.inputs.get("bucket"))
    for one in plan.made(type):
        if bucket in plan.origins(one, "bucket") or (name and one.inputs.get("bucket") == name):
            yield one


def ties(plan: Plan) -> Iterator[Tie]:
    """What AWS refuses to remove, or can't make use of, while something else is there."""
    for bucket in plan.made(_BUCKET):
        said = ((one, input) for one in (bucket, *_about(plan, bucket, _ENCRYPTION)) for input in _KEYS)
        yield from (Tie(bucket, key) for one, input in said for key in plan.origins(one, input) if key.kind == "resource")
    yield from facts.ties(plan, _TIED_BY)
