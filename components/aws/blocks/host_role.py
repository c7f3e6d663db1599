"""What a server may do by itself, and what it boots from."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from cloud_init import bootstrap
from cloud_init.fleet import ROLES
from components.aws.common import allow, document, named
from components.blocks import args
from components.blocks.block import child, one_of
from components.blocks.outputs import RoleBlock

_SELF = "${aws:userid}"
"""The role's id, a colon, the instance's id: a host's name in the store."""
TRUST = document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
SYSTEMS_MANAGER = (
    "ssm:UpdateInstanceInformation",
    *(f"ssmmessages:{one}" for one in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")),
    *(f"ec2messages:{one}" for one in ("AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply")),
)
"""What the agent of Systems Manager needs for run command and sessions; Amazon's own policy also
lets it read all parameters."""


@dataclass(kw_only=True)
class HostRoleArgs(args.HostRoleArgs):
    """The arguments of a `HostRole` on AWS."""

    store_arn: pulumi.Input[str]
    """`arn` of that `ReleaseStore`."""


class HostRole(RoleBlock):
    """A role for servers, and the boot data of servers that have it.

    A server that boots with both makes itself ready, and then serves what is `live` in the
    store."""

    profile_name: pulumi.Output[str]
    """The instance profile's, for single servers."""
    profile_arn: pulumi.Output[str]
    """The instance profile's, for fleets."""

    def __init__(self, name: str, args: HostRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:HostRole", name, None, opts)
        kind, backups = one_of(name, "role", ROLES, args.role), bool(args.backups)
        own, tags = child(self, args.keep), named(args.tags, name)
        role = aws.iam.Role(name, assume_role_policy=json.dumps(TRUST), tags=tags, opts=own)
        text = pulumi.Output.all(args.store_arn, role.unique_id).apply(lambda known: json.dumps(policy(known[0], known[1], kind, backups)))
        aws.iam.RolePolicy(name, role=role.id, policy=text, opts=own)
        profile = aws.iam.InstanceProfile(name, role=role.name, tags=tags, opts=own)
        self.name, self.unique_id, self.profile_name, self.profile_arn = role.name, role.unique_id, profile.name, profile.arn
        self.user_data = args.boot(role.unique_id, "{host}").apply(bootstrap.cloud_config)
        self._finish()


def policy(bucket: str, identity: str, role: str, backups: bool = False) -> dict[str, Any]:
    """The role's policy. It may list, so that a missing object isn't answered like a forbidden one.

    Backups of a server that was replaced can be read by its successor: those of all hosts of the
    role lie together, as cloud_init/host/data/stored_backups.py says."""
    read = ["releases/*", "desired.json", "tool.json", f"secrets/{role}/*", *([f"backups/{identity}/*"] if backups else [])]
    own = f"outcomes/{_SELF}/*"
    kept = [f"backups/{identity}/{_SELF}/*"] if backups else []
    statements = [
        allow("Read", ["s3:GetObject"], [f"{bucket}/{name}" for name in (*read, own)]),
        allow("Tell", ["s3:PutObject"], [f"{bucket}/{name}" for name in (own, *kept)]),
        allow("Look", ["s3:ListBucket"], [bucket], {"StringLike": {"s3:prefix": [*read, own]}}),
        allow("BeReached", SYSTEMS_MANAGER, ["*"]),
    ]
    if backups:
        statements.append(allow("ThinOut", ["s3:DeleteObject", "s3:AbortMultipartUpload"], [f"{bucket}/{name}" for name in kept]))
    return document(*statements)
