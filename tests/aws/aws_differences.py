"""What stands between pulumi-aws 7 and Terraform's provider 5.100, and between both and moto: one table for each."""

from typing import Any

ACCOUNT = "123456789012"  # moto's
REGION = "eu-west-1"  # of all stacks here

ANSWERED: dict[str, dict[str, Any]] = {
    # Programs make names of it: a value, no reference.
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "userId": ACCOUNT},
    # Provider 6 calls it `region`, provider 5 `name`.
    "aws:index/getRegion:getRegion": {"region": REGION, "name": REGION, "id": REGION},
}
"""Look-ups that aren't asked: what they answer."""

BLOCKS = [f"2001:db8:{number:x}00::/56" for number in range(1, 200)]
"""Stand for the IPv6 blocks of networks, which programs divide: a part of one becomes the same part of the real one."""

RENAMED = {"alarm_name": "name", "topic_arn": "topic", "version_label": "version"}
"""Terraform's name to Pulumi's, where pulumi-aws renamed by hand."""

NAMES = {"aws_cloudwatch_metric_alarm": "alarm_name", "aws_db_instance": "identifier", "aws_s3_bucket": "bucket", "aws_s3_object": "key"}
"""Which field Pulumi fills with a name of its own where the program gives none, if not `name`."""

NOT_TOLD: dict[tuple[str, str], str] = {
    ("aws_autoscaling_group", "default_instance_warmup"): "moto keeps nothing of how long a new instance isn't counted",
    ("aws_instance", "ipv6_address_count"): "moto gives an instance no IPv6 address",
    ("aws_instance", "maintenance_options"): "moto keeps nothing of what becomes of an instance whose machine fails",
    ("aws_instance", "private_dns_name_options"): "moto keeps nothing of how instances are called",
}
"""(Terraform's type, field) that moto takes and doesn't tell again. Fails where one works after all, or nothing asks for it."""
