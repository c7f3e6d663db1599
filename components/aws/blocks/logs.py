"""Hosts' logs in CloudWatch: their group, who may write there, and the agent's settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.common import allow, document, named
from components.blocks.args import Tagged
from components.blocks.block import Block, child

_FILES = "/var/log/slipway/{app}/{program}.log"
_COLOURS = ("blue", "green")
_PROGRAMS = {"web": (*_COLOURS, "front", "release", "supervisord", "tool"), "database": ("supervisord", "tool")}


@dataclass(kw_only=True)
class LogsArgs(Tagged):
    """The arguments of `Logs`."""

    group: pulumi.Input[str]
    """What it is called, such as `/slipway/shop/prod`."""
    days: pulumi.Input[int]
    """How long a line stays: a number that CloudWatch knows (1, 3, 5, 7, 14, 30, 60, 90, …)."""
    roles: Mapping[str, pulumi.Input[str]]
    """Names of the hosts' roles (`name` of a `HostRole`), by what they are called here."""


class Logs(Block):
    """A log group that hosts may write to, and to no other. Their agents take `agent_settings`."""

    group_name: pulumi.Output[str]
    """Known once it is there."""

    def __init__(self, name: str, args: LogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:Logs", name, None, opts)
        made = aws.cloudwatch.LogGroup(name, name=args.group, retention_in_days=args.days, tags=named(args.tags, name), opts=child(self))
        for called, role in args.roles.items():
            aws.iam.RolePolicy(f"{name}-{called}", role=role, policy=made.arn.apply(_policy), opts=child(self))
        self.group_name = made.name
        self._finish()


def agent_settings(app: str, group: str, role: str, engine: str = "none", processes: Sequence[str] = ()) -> str:
    """The settings of CloudWatch's agent for a host of that role, as JSON: each program's file is a
    stream `INSTANCE/PROGRAM` of the group. The agent waits for a file that isn't there.

    `engine` of a database that runs there; `processes`: names of the app's own, with a file for
    each colour."""
    programs = [*_PROGRAMS[role], *((engine,) if engine in ("postgres", "mysql") else ())]
    programs += [f"{colour}-{process}" for process in processes for colour in _COLOURS] if role == "web" else []
    # Without a retention of its own: the group has one, and hosts may not change it.
    files = [
        {"file_path": _FILES.format(app=app, program=one), "log_group_name": group, "log_stream_name": f"{{instance_id}}/{one}"}
        for one in sorted(programs)
    ]
    return json.dumps({"logs": {"logs_collected": {"files": {"collect_list": files}}}}, indent=1, sort_keys=True)


def _policy(arn: str) -> str:
    """Hosts aren't kept apart: names of streams may not hold the colon that `aws:userid` has."""
    return json.dumps(document(allow("WriteLogs", ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], [f"{arn}:*"])))
