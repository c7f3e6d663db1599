"""What a server may do by itself: its part of the store, and to be reached by Systems Manager. Nothing else."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.tags import child, named

_SELF = "${aws:userid}"
"""The role's id, a colon, the instance's id: a host's name in the store."""
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_REACHED = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
)
"""What the agent of Systems Manager needs for run command and sessions; Amazon's own policy also lets it read all parameters."""


@dataclass
class HostRoleArgs:
    """`role`: `web` or `database`; `bucket_arn`: of the release store; `backups`: its hosts make backups of a database. `keep`: its hosts
    are kept, so it is protected and retained: they are named after it, and another role would let them write nothing."""

    role: str
    bucket_arn: pulumi.Input[str]
    tags: Mapping[str, str]
    backups: bool = False
    keep: bool = False


class HostRole(pulumi.ComponentResource):
    """`name`; `unique_id`: what a host's name in the store begins with; `profile_name` and `profile_arn` of the instance profile."""

    name: pulumi.Output[str]
    unique_id: pulumi.Output[str]
    profile_name: pulumi.Output[str]
    profile_arn: pulumi.Output[str]

    def __init__(self, name: str, args: HostRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:HostRole", name, None, opts)
        own, tags = child(self, args.keep), named(args.tags, name)
        role = aws.iam.Role(name, assume_role_policy=json.dumps(_TRUST), tags=tags, opts=own)
        text = pulumi.Output.all(args.bucket_arn, role.unique_id).apply(
            lambda known: json.dumps(policy(known[0], known[1], args.role, args.backups))
        )
        aws.iam.RolePolicy(name, role=role.id, policy=text, opts=own)
        profile = aws.iam.InstanceProfile(name, role=role.name, tags=tags, opts=own)
        self.name, self.unique_id, self.profile_name, self.profile_arn = role.name, role.unique_id, profile.name, profile.arn
        self.register_outputs({one: getattr(self, one) for one in ("name", "unique_id", "profile_name", "profile_arn")})


def policy(bucket: str, identity: str, role: str, backups: bool = False) -> dict[str, Any]:
    """The role's policy. Who may list is told that an object isn't there; who may not is refused alike.

    Backups of a server that was replaced can be read by its successor: those of all hosts of the role lie together, as
    cloud_init/host/kept_backups.py says."""
    read = ["releases/*", "desired.json", "tool.json", f"secrets/{role}/*", *([f"backups/{identity}/*"] if backups else [])]
    own = f"outcomes/{_SELF}/*"
    kept = [f"backups/{identity}/{_SELF}/*"] if backups else []
    statements = [
        _allow("Read", ["s3:GetObject"], [f"{bucket}/{name}" for name in (*read, own)]),
        _allow("Tell", ["s3:PutObject"], [f"{bucket}/{name}" for name in (own, *kept)]),
        {
            **_allow("Look", ["s3:ListBucket"], [bucket]),
            "Condition": {"StringLike": {"s3:prefix": [*read, own]}},
        },
        _allow("BeReached", _REACHED, ["*"]),
    ]
    if backups:
        statements.append(_allow("ThinOut", ["s3:DeleteObject", "s3:AbortMultipartUpload"], [f"{bucket}/{name}" for name in kept]))
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(name: str, actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Sid": name, "Effect": "Allow", "Action": [*actions], "Resource": [*resources]}
