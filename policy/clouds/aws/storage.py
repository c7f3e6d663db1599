"""Disks, buckets, and what can't be removed while something else is there."""

from collections.abc import Iterator
from typing import Any

from policy.clouds.aws.types import INSTANCE, SECURITY_GROUPS, SUBNET, TEMPLATE
from policy.facts import CloudBucket, Disk, Tie
from policy.plan import Plan, Resource, is_known
from policy.values import first, flag, items, mapping, shown, text

_APART = ("aws:ebs/volume:Volume", "aws:efs/fileSystem:FileSystem")
_BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration"
_ENCRYPTIONS = (f"{_ENCRYPTION}:BucketServerSideEncryptionConfiguration", f"{_ENCRYPTION}V2:BucketServerSideEncryptionConfigurationV2")
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_ACLS = ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2")
_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

_DATABASE = ("dbSubnetGroupName", "vpcSecurityGroupIds", "parameterGroupName", "optionGroupName", "kmsKeyId")
_CLUSTER = ("dbSubnetGroupName", "vpcSecurityGroupIds", "dbClusterParameterGroupName", "dbInstanceParameterGroupName", "kmsKeyId")
_TIED_BY = {
    "aws:rds/instance:Instance": _DATABASE,
    "aws:rds/cluster:Cluster": _CLUSTER,
    "aws:rds/clusterInstance:ClusterInstance": ("clusterIdentifier", "dbSubnetGroupName", "dbParameterGroupName"),
    "aws:rds/subnetGroup:SubnetGroup": ("subnetIds",),
    **dict.fromkeys(_APART, ("kmsKeyId",)),
    INSTANCE: ("subnetId", "vpcSecurityGroupIds"),
    SUBNET: ("vpcId",),
    "aws:ec2/internetGateway:InternetGateway": ("vpcId",),
    "aws:ec2/natGateway:NatGateway": ("subnetId", "allocationId"),
    "aws:ec2/routeTable:RouteTable": ("vpcId",),
    "aws:ec2/securityGroupRule:SecurityGroupRule": ("securityGroupId", "sourceSecurityGroupId"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("securityGroupId", "referencedSecurityGroupId"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("securityGroupId", "referencedSecurityGroupId"),
    **{group: ("vpcId", "ingress", "egress") for group in SECURITY_GROUPS},  # a group that a rule names can't be removed either
}
_KEYS = ("serverSideEncryptionConfiguration", "serverSideEncryptionConfigurations", "rules")


def disks(plan: Plan) -> Iterator[Disk]:
    """Hosts' disks, and disks that are resources of their own."""
    for server in plan.made(INSTANCE):
        if server.inputs.get("rootBlockDevice") is not None or server.inputs.get("launchTemplate") is None:
            yield _disk(server, "rootBlockDevice", first(server.inputs.get("rootBlockDevice")))
        for place, device in enumerate(items(server.inputs.get("ebsBlockDevices"))):
            yield _disk(server, f"ebsBlockDevices[{place}]", device)
    for template in plan.made(TEMPLATE):
        yield from _of_template(template)
    for one in plan.made(*_APART):
        encrypted, snapshot = (flag(one.inputs.get(input)) for input in ("encrypted", "finalSnapshot"))
        yield Disk(one, "encrypted", encrypted, apart=True, final_snapshot=snapshot)


def buckets(plan: Plan) -> Iterator[CloudBucket]:
    """Each bucket with what other resources say about it."""
    for bucket in plan.made(*_BUCKETS):
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
    inline = bucket.inputs.get("serverSideEncryptionConfiguration", bucket.inputs.get("serverSideEncryptionConfigurations"))
    if inline is not None and not is_known(inline):
        return None
    return bool(inline) or any(one.inputs.get("rules") for one in _about(plan, bucket, *_ENCRYPTIONS))


def _openness(plan: Plan, bucket: Resource) -> Iterator[str]:
    blocks = [*_about(plan, bucket, _BLOCK)]
    if not blocks:
        yield "no BucketPublicAccessBlock"
    for block in blocks:
        yield from (f"{switch} not true" for switch in _SWITCHES if flag(block.inputs.get(switch)) is False)
    for one in (bucket, *_about(plan, bucket, *_ACLS)):
        if text(one.inputs.get("acl")).startswith(("public-", "authenticated-")):
            yield f"acl {shown(one.inputs['acl'])}"


def _about(plan: Plan, bucket: Resource, *types: str) -> Iterator[Resource]:
    """What is said about this bucket, by reference or by its name."""
    name = text(bucket.inputs.get("bucket"))
    for one in plan.made(*types):
        if bucket in plan.origins(one, "bucket") or (name and one.inputs.get("bucket") == name):
            yield one


def ties(plan: Plan) -> Iterator[Tie]:
    """What AWS refuses to remove, or can't make use of, while something else is there."""
    for bucket in plan.made(*_BUCKETS):
        said = ((one, input) for one in (bucket, *_about(plan, bucket, *_ENCRYPTIONS)) for input in _KEYS)
        yield from (Tie(bucket, key) for one, input in said for key in plan.origins(one, input) if key.kind == "resource")
    for one in plan.made(*_TIED_BY):
        for input in _TIED_BY[one.type]:
            yield from (Tie(one, needs) for needs in plan.origins(one, input) if needs.kind == "resource" and needs is not one)
