"""What there is in an account, asked of each service: not what Terraform believes."""

from collections.abc import Iterator, Mapping
from typing import Any

from aws_emulated import client
from clouds.provider import Things

_ALIVE = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
_OURS, _RULE = "length(not_null(Tags, `[]`)) > `0`", "SecurityGroupRuleId"  # without the rules that each group has at first
LISTED: dict[str, tuple[str, str, Mapping[str, Any], str]] = {
    "aws_acm_certificate": ("acm", "list_certificates", {}, "CertificateSummaryList[].CertificateArn"),
    "aws_autoscaling_group": ("autoscaling", "describe_auto_scaling_groups", {}, "AutoScalingGroups[].AutoScalingGroupName"),
    "aws_cloudwatch_metric_alarm": ("cloudwatch", "describe_alarms", {}, "MetricAlarms[].AlarmName"),
    "aws_db_instance": ("rds", "describe_db_instances", {}, "DBInstances[].DbiResourceId"),
    "aws_db_parameter_group": ("rds", "describe_db_parameter_groups", {}, "DBParameterGroups[].DBParameterGroupName"),
    "aws_db_snapshot": ("rds", "describe_db_snapshots", {}, "DBSnapshots[?SnapshotType == 'manual'].DBSnapshotIdentifier"),
    "aws_db_subnet_group": ("rds", "describe_db_subnet_groups", {}, "DBSubnetGroups[].DBSubnetGroupName"),
    "aws_ebs_snapshot": ("ec2", "describe_snapshots", {"OwnerIds": ["self"]}, "Snapshots[].VolumeId"),
    "aws_ebs_volume": (
        "ec2",
        "describe_volumes",
        {},
        "Volumes[?length(Attachments) == `0` || !contains(['/dev/sda1', '/dev/xvda'], Attachments[0].Device)].VolumeId",
    ),
    "aws_egress_only_internet_gateway": (
        "ec2",
        "describe_egress_only_internet_gateways",
        {},
        "EgressOnlyInternetGateways[].EgressOnlyInternetGatewayId",
    ),
    "aws_eip": ("ec2", "describe_addresses", {}, "Addresses[].AllocationId"),
    "aws_elastic_beanstalk_application": ("elasticbeanstalk", "describe_applications", {}, "Applications[].ApplicationName"),
    "aws_elastic_beanstalk_environment": ("elasticbeanstalk", "describe_environments", {}, "Environments[].EnvironmentId"),
    "aws_iam_instance_profile": ("iam", "list_instance_profiles", {}, "InstanceProfiles[].InstanceProfileName"),
    "aws_iam_policy": ("iam", "list_policies", {"Scope": "Local"}, "Policies[].Arn"),
    "aws_iam_role": ("iam", "list_roles", {}, "Roles[].RoleName"),
    "aws_instance": ("ec2", "describe_instances", {"Filters": _ALIVE}, "Reservations[].Instances[].InstanceId"),
    "aws_internet_gateway": ("ec2", "describe_internet_gateways", {}, "InternetGateways[].InternetGatewayId"),
    "aws_launch_template": ("ec2", "describe_launch_templates", {}, "LaunchTemplates[].LaunchTemplateId"),
    "aws_lb": ("elbv2", "describe_load_balancers", {}, "LoadBalancers[].LoadBalancerArn"),
    "aws_lb_target_group": ("elbv2", "describe_target_groups", {}, "TargetGroups[].TargetGroupArn"),
    "aws_nat_gateway": ("ec2", "describe_nat_gateways", {}, "NatGateways[?State != 'deleted'].NatGatewayId"),
    "aws_route_table": ("ec2", "describe_route_tables", {}, "RouteTables[?length(Associations[?Main]) == `0`].RouteTableId"),
    "aws_s3_bucket": ("s3", "list_buckets", {}, "Buckets[].Name"),
    "aws_secretsmanager_secret": ("secretsmanager", "list_secrets", {}, "SecretList[].ARN"),
    "aws_security_group": ("ec2", "describe_security_groups", {}, "SecurityGroups[?GroupName != 'default'].GroupId"),
    "aws_sns_topic": ("sns", "list_topics", {}, "Topics[].TopicArn"),
    "aws_ssm_parameter": ("ssm", "describe_parameters", {}, "Parameters[].Name"),
    "aws_subnet": ("ec2", "describe_subnets", {}, "Subnets[].SubnetId"),
    "aws_vpc": ("ec2", "describe_vpcs", {}, "Vpcs[].VpcId"),
    "aws_vpc_endpoint": ("ec2", "describe_vpc_endpoints", {}, "VpcEndpoints[?State != 'deleted'].VpcEndpointId"),
    "aws_vpc_security_group_egress_rule": ("ec2", "describe_security_group_rules", {}, f"SecurityGroupRules[?IsEgress && {_OURS}].{_RULE}"),
    "aws_vpc_security_group_ingress_rule": (
        "ec2",
        "describe_security_group_rules",
        {},
        f"SecurityGroupRules[?!IsEgress && {_OURS}].{_RULE}",
    ),
}
"""Terraform's type: (service, what is asked, with which arguments, where the ids are that Terraform has too; of snapshots: of what)."""

PARTS = {
    "aws_acm_certificate_validation",
    "aws_autoscaling_policy",
    "aws_eip_association",
    "aws_iam_role_policy_attachment",
    "aws_lb_listener",
    "aws_route",
    "aws_route53_record",
    "aws_route_table_association",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_secretsmanager_secret_version",
    "aws_sns_topic_subscription",
    "aws_volume_attachment",
}
"""Types that are no thing of their own: gone with what they are part of, or looked at by their own rule (records)."""
_WITHIN = {"aws_iam_role_policy"}
"""Types that no request lists: found in what they are part of."""


def there(endpoint: str, region: str) -> Things:
    """All of it; records of zones, roles' own policies and what lies in buckets too."""
    import jmespath

    clients = {service: client(service, endpoint, region) for service in {one[0] for one in LISTED.values()}}
    found = set()
    for type, (service, method, words, path) in LISTED.items():
        pages = clients[service].get_paginator(method).paginate(**words) if clients[service].can_paginate(method) else None
        for page in pages or [getattr(clients[service], method)(**words)]:
            found |= {(type, one) for one in jmespath.search(path, page) or ()}
    return found | {*_records(endpoint, region), *_policies(endpoint, region), *_objects(endpoint, region)}


def known(state: Mapping[str, Any]) -> Things:
    """The same of a state of Terraform's."""
    found = set()
    for one in state["resources"]:
        if one["mode"] == "managed":
            assert one["type"] in LISTED.keys() | PARTS | _WITHIN, (
                f"{one['type']}: neither listed nor part of anything: name it in aws_left.py"
            )
            found |= {(one["type"], instance["attributes"]["id"]) for instance in one["instances"] if one["type"] not in PARTS}
    return found


def fill(endpoint: str, region: str, things: Things) -> Things:
    """In each bucket an object of two versions, and one that was removed since."""
    s3, filled = client("s3", endpoint, region), set()
    for bucket in sorted(id for type, id in things if type == "aws_s3_bucket"):
        for name, text in (("desired.json", b"1"), ("desired.json", b"2"), ("lock.json", b"")):
            s3.put_object(Bucket=bucket, Key=name, Body=text)
        s3.delete_object(Bucket=bucket, Key="lock.json")
        filled.add(("aws_s3_object", f"{bucket}/desired.json"))
    return filled


def last(type: str, said: Mapping[str, Any]) -> Things:
    """The snapshot that it leaves."""
    if type == "aws_db_instance" and not said["skip_final_snapshot"]:
        return {("aws_db_snapshot", said["final_snapshot_identifier"])}
    return {("aws_ebs_snapshot", said["id"])} if type == "aws_ebs_volume" and said["final_snapshot"] else set()


def _records(endpoint: str, region: str) -> Iterator[tuple[str, str]]:
    route53 = client("route53", endpoint, region)
    for zone in route53.list_hosted_zones()["HostedZones"]:
        for one in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            yield "aws_route53_record", f"{one['Name']} {one['Type']}"


def _policies(endpoint: str, region: str) -> Iterator[tuple[str, str]]:
    for role in client("iam", endpoint, region).get_account_authorization_details(Filter=["Role"])["RoleDetailList"]:
        yield from (("aws_iam_role_policy", f"{role['RoleName']}:{one['PolicyName']}") for one in role["RolePolicyList"])


def _objects(endpoint: str, region: str) -> Iterator[tuple[str, str]]:
    s3 = client("s3", endpoint, region)
    for bucket in s3.list_buckets()["Buckets"]:
        yield from (
            ("aws_s3_object", f"{bucket['Name']}/{one['Key']}") for one in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ())
        )
