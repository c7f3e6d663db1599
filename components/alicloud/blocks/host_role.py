"""What a server may do by itself, and what it boots from."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_alicloud as alicloud

from cloud_init import bootstrap
from cloud_init.fleet import ROLES
from components.alicloud.common import allow, document
from components.blocks import args
from components.blocks.block import child, one_of
from components.blocks.names import unique
from components.blocks.outputs import RoleBlock

_TRUST = document({"Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}, "Action": "sts:AssumeRole"})


@dataclass(kw_only=True)
class HostRoleArgs(args.HostRoleArgs):
    """The arguments of a `HostRole` on Alibaba Cloud."""

    bucket: pulumi.Input[str]
    """`bucket` of that `ReleaseStore`."""


class HostRole(RoleBlock):
    """A RAM role for servers, and the boot data of servers that have it. Servers of one role can't
    be told apart by what they may do: each may write what another of them tells."""

    def __init__(self, name: str, args: HostRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:HostRole", name, None, opts)
        kind, backups, called = one_of(name, "role", ROLES, args.role), bool(args.backups), unique(name)
        own = child(self, args.keep)
        role = alicloud.ram.Role(
            name, role_name=called, assume_role_policy_document=json.dumps(_TRUST), force=True, tags=args.tags, opts=own
        )
        text = pulumi.Output.all(args.bucket, role.role_id).apply(lambda known: json.dumps(policy(known[0], known[1], kind, backups)))
        rights = alicloud.ram.Policy(
            name,
            policy_name=called,
            policy_document=text,
            rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",  # a policy has five versions at most
            force=True,
            tags=args.tags,
            opts=own,
        )
        given = alicloud.ram.RolePolicyAttachment(name, role_name=role.id, policy_name=rights.id, policy_type="Custom", opts=own)
        # Who takes the name waits for the rights.
        self.name = pulumi.Output.all(role.id, given.id).apply(lambda known: str(known[0]))
        self.unique_id = role.role_id
        self.user_data = args.boot(role.role_id, "{instance}").apply(bootstrap.cloud_config)
        self._finish()


def policy(bucket: str, identity: str, role: str, backups: bool = False) -> dict[str, Any]:
    """The role's policy. It may list, so that a missing object isn't answered like a forbidden one.
    No variable of RAM's names an instance, so `outcomes` and `backups` are open to all hosts of the
    role."""
    own = f"outcomes/{identity}:*"
    read = ["releases/*", "desired.json*", "tool.json*", f"secrets/{role}/*", *([f"backups/{identity}/*"] if backups else []), own]
    kept = [f"backups/{identity}/*"] if backups else []

    def objects(*given: str) -> list[str]:
        return [f"acs:oss:*:*:{bucket}/{one}" for one in given]

    statements = [
        allow(["oss:GetObject"], objects(*read)),
        allow(["oss:PutObject"], objects(own, *kept)),
        allow(["oss:ListObjects"], [f"acs:oss:*:*:{bucket}"], {"StringLike": {"oss:Prefix": read}}),
    ]
    if backups:
        statements.append(allow(["oss:DeleteObject", "oss:AbortMultipartUpload"], objects(*kept)))
    return document(*statements)
