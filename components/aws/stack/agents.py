"""Amazon's own programs on hosts, which are in no distribution: fetched from the region's buckets of theirs, by https."""

import hashlib
from pathlib import Path

from cloud_init.fleet import Archive, More, SystemFile
from components.settings import Settings

_REACHED = "https://s3.{region}.amazonaws.com/amazon-ssm-{region}/latest/debian_{{arch}}/amazon-ssm-agent.deb"
_SNAP = "amazon-ssm-agent"  # Ubuntu's images have it so
_LOGS = "https://amazoncloudwatch-agent-{region}.s3.{region}.amazonaws.com/debian/{{arch}}/latest/amazon-cloudwatch-agent.deb"
_UNIT = Path(__file__).parent / "slipway-cloudwatch.service"


def more(settings: Settings, region: str, role: str, group: str | None) -> More:
    """What hosts of a role have beside what all servers have: the agent of Systems Manager; CloudWatch's with a log `group`."""
    reached = Archive("amazon-ssm-agent", _REACHED.format(region=region), instead=_SNAP)
    if group is None:
        return More(archives=(reached,))
    from components.aws.blocks.logs import agent_settings

    has_data = settings.database.placement == ("same-host" if role == "web" else "own-host")
    engine = settings.database.engine if has_data else "none"
    told = agent_settings(settings.app.name, group, role, engine, (*settings.app.processes, *(("cron",) if settings.app.cron else ())))
    unit = _UNIT.read_text(encoding="utf-8").replace("@@HASH@@", hashlib.sha256(told.encode()).hexdigest()[:12])
    files = (
        SystemFile("/etc/slipway/cloudwatch.json", told, "systemd"),
        SystemFile("/etc/systemd/system/slipway-cloudwatch.service", unit, "systemd"),  # starts anew with other settings
    )
    return More(archives=(reached, Archive("amazon-cloudwatch-agent", _LOGS.format(region=region))), files=files)


def log_group(app: str, stack: str) -> str:
    """What the log group of a stack is called."""
    return f"/slipway/{app}/{stack}"
