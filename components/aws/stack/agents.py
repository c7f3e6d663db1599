"""Amazon's agents on hosts. They are in no distribution: hosts fetch them from Amazon's buckets in
the region, by https."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from cloud_init.fleet import Archive, More, SystemFile
from components.aws.blocks.logs import agent_settings
from components.aws.stack.options import Options
from components.settings import Settings

_SSM = "https://s3.{region}.amazonaws.com/amazon-ssm-{region}/latest/debian_{{arch}}/amazon-ssm-agent.deb"
_SNAP = "amazon-ssm-agent"  # Ubuntu's images have it so
_LOGS = "https://amazoncloudwatch-agent-{region}.s3.{region}.amazonaws.com/debian/{{arch}}/latest/amazon-cloudwatch-agent.deb"
_UNIT = Path(__file__).parent / "slipway-cloudwatch.service"


def agents(settings: Settings, options: Options, stack: str) -> Callable[[str], More]:
    """What hosts of a role have beside what all servers have: the agent of Systems Manager; where
    logs are kept, CloudWatch's."""
    group = log_group(settings.app.name, stack) if options.logs else None
    return lambda role: _agents(settings, options.region, role, group)


def _agents(settings: Settings, region: str, role: str, group: str | None) -> More:
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
    return f"/slipway/{app}/{stack}"
