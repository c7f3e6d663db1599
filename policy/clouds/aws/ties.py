"""What AWS refuses to remove, or can't make use of, while something else is there."""

from collections.abc import Iterator

from policy.clouds.aws.storage import BUCKETS, ENCRYPTIONS, about
from policy.clouds.aws.types import INSTANCE, SECURITY_GROUPS, SUBNET, own
from policy.facts import Tie
from policy.plan import Plan

_DATABASE = ("dbSubnetGroupName", "vpcSecurityGroupIds", "parameterGroupName", "optionGroupName", "kmsKeyId")
_CLUSTER = ("dbSubnetGroupName", "vpcSecurityGroupIds", "dbClusterParameterGroupName", "dbInstanceParameterGroupName", "kmsKeyId")
_INPUTS = {
    "aws:rds/instance:Instance": _DATABASE,
    "aws:rds/cluster:Cluster": _CLUSTER,
    "aws:rds/clusterInstance:ClusterInstance": ("clusterIdentifier", "dbSubnetGroupName", "dbParameterGroupName"),
    "aws:rds/subnetGroup:SubnetGroup": ("subnetIds",),
    "aws:ebs/volume:Volume": ("kmsKeyId",),
    "aws:efs/fileSystem:FileSystem": ("kmsKeyId",),
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


_BUCKET = ("serverSideEncryptionConfiguration", "serverSideEncryptionConfigurations", "rules")


def ties(plan: Plan) -> Iterator[Tie]:
    """Each such pair."""
    for bucket in own(plan, *BUCKETS):
        said = ((one, input) for one in (bucket, *about(plan, bucket, *ENCRYPTIONS)) for input in _BUCKET)
        yield from (Tie(bucket, key) for one, input in said for key in plan.origins(one, input) if key.kind == "resource")
    for one in own(plan, *_INPUTS):
        for input in _INPUTS[one.type]:
            yield from (Tie(one, needs) for needs in plan.origins(one, input) if needs.kind == "resource" and needs is not one)
