"""Logs and alarms of a stack, and Amazon's agents on its hosts. They are in no distribution: hosts
fetch them from Amazon's buckets in the region, by https."""

import hashlib
from pathlib import Path

import pulumi

from cloud_init.fleet import Archive, More, SystemFile
from components.aws.blocks.alarms import Alarms, AlarmsArgs
from components.aws.blocks.logs import Logs, LogsArgs, agent_settings
from components.aws.stack.foundation import Foundation, Tier
from components.settings import Settings

_SSM = "https://s3.{region}.amazonaws.com/amazon-ssm-{region}/latest/debian_{{arch}}/amazon-ssm-agent.deb"
_SNAP = "amazon-ssm-agent"  # Ubuntu's images have it so
_LOGS = "https://amazoncloudwatch-agent-{region}.s3.{region}.amazonaws.com/debian/{{arch}}/latest/amazon-cloudwatch-agent.deb"
_UNIT = Path(__file__).parent / "slipway-cloudwatch.service"


def agents(settings: Settings, region: str, role: str, group: str | None) -> More:
    """What hosts of a role have beside what all servers have: the agent of Systems Manager;
    CloudWatch's with a log `group`."""
    ssm = Archive("amazon-ssm-agent", _SSM.format(region=region), instead=_SNAP)
    if group is None:
        return More(archives=(ssm,))
    has_data = settings.database.placement == ("same-host" if role == "web" else "own-host")
    engine = settings.database.engine if has_data else "none"
    processes = (*settings.app.processes, *(("cron",) if settings.app.cron else ()))
    text = agent_settings(settings.app.name, group, role, engine, processes)
    # The settings' hash in the unit starts it anew when they are others.
    unit = _UNIT.read_text(encoding="utf-8").replace("@@HASH@@", hashlib.sha256(text.encode()).hexdigest()[:12])
    files = (
        SystemFile("/etc/slipway/cloudwatch.json", text, "systemd"),
        SystemFile("/etc/systemd/system/slipway-cloudwatch.service", unit, "systemd"),
    )
    return More(archives=(ssm, Archive("amazon-cloudwatch-agent", _LOGS.format(region=region))), files=files)


def log_group(app: str, stack: str) -> str:
    """What the log group of a stack is called."""
    return f"/slipway/{app}/{stack}"


def logs(foundation: Foundation, days: int, web: Tier, database: Tier) -> pulumi.Output[str]:
    """The name of a log group that the hosts may write to, for so many days."""
    group = log_group(foundation.name, foundation.place.stack)
    args = LogsArgs(group=group, days=days, roles={**web.roles, **database.roles}, tags=foundation.tags)
    return Logs(f"{foundation.name}-logs", args, foundation.child).group_name


def alarms(foundation: Foundation, email: str, web: Tier, database: Tier, group: pulumi.Output[str] | None) -> None:
    """E-mails about whatever the stack has. `group`: the hosts' logs, where they are kept."""
    options, servers = foundation.options, {**web.servers, **database.servers}
    types = {"web": options.instance_type, "database": options.database.instance_type}
    args = AlarmsArgs(
        email=email,
        credits={kind: one for kind, one in servers.items() if types[kind].startswith("t")},
        logs=log_group(foundation.name, foundation.place.stack) if group else None,
        log_group=group,
        region=options.region,
        tags=foundation.tags,
        servers=servers,
        storage=options.database.disk,
        **web.watched,
        **database.watched,
    )
    Alarms(f"{foundation.name}-alarms", args, foundation.child)
