"""Alarms: an e-mail when servers or a database aren't well."""

import pulumi
import pulumi_alicloud as alicloud

from components.blocks.args import AlarmsArgs
from components.blocks.block import Block, child
from components.blocks.names import unique

_SERVER = {
    "cpu": ("acs_ecs_dashboard", "CPUUtilization", 90),
    "memory": ("acs_ecs_dashboard", "memory_usedutilization", 90),
    "disk": ("acs_ecs_dashboard", "diskusage_utilization", 85),
}
_DATABASE = {"cpu": ("acs_rds_dashboard", "CpuUsage", 80), "disk": ("acs_rds_dashboard", "DiskUsage", 90)}
"""Space, figure, and the per cent that are too much for a quarter of an hour. Memory and disk of a
server are told by the cloud's own agent, which its images have."""


class Alarms(Block):
    """Alarms that send an e-mail when they go off, and when it is over. Its owner has to confirm a
    first message."""

    group: pulumi.Output[str]
    """The group of contacts; others may be added to it."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:Alarms", name, None, opts)
        own, called = child(self), unique(name)
        contact = alicloud.cms.AlarmContact(
            name, alarm_contact_name=called, describe=f"Slipway: {name}", channels_mail=args.email, lang="en", opts=own
        )
        group = alicloud.cms.AlarmContactGroup(name, alarm_contact_group_name=called, contacts=[contact.id], opts=own)
        watched = {
            f"{server}-{what}": (instance, *figure) for server, instance in (args.servers or {}).items() for what, figure in _SERVER.items()
        }
        if args.database is not None:
            watched |= {f"database-{what}": (args.database, *figure) for what, figure in _DATABASE.items()}
        for what, (instance, project, metric, most) in watched.items():
            alicloud.cms.Alarm(
                f"{name}-{what}",
                name=unique(f"{name}-{what}"),
                project=project,
                metric=metric,
                metric_dimensions=pulumi.Output.json_dumps([{"instanceId": instance}]),
                period=300,
                contact_groups=[group.id],
                escalations_critical={"statistics": "Average", "comparison_operator": ">", "threshold": str(most), "times": 3},
                tags=args.tags,
                opts=own,
            )
        self.group = group.id
        self._finish()
