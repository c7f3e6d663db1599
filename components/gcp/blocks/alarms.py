"""Alarms: an e-mail when the site, servers, a load balancer or a database aren't well."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.blocks import args
from components.blocks.block import Block, child
from components.gcp.common import labels

_CPU = ("compute.googleapis.com/instance/cpu/utilization", "gce_instance", "metric.labels.instance_name", 0.9)
_DATABASE = {
    "cpu": ("cloudsql.googleapis.com/database/cpu/utilization", "cloudsql_database", "resource.labels.database_id", 0.8),
    "disk": ("cloudsql.googleapis.com/database/disk/utilization", "cloudsql_database", "resource.labels.database_id", 0.9),
}
"""Figure, kind of thing, the label that names one, and the share that is too much for a quarter of
an hour."""
_USED = 'metric.type="agent.googleapis.com/{}/percent_used" AND resource.type="gce_instance" AND metric.labels.state="used"'
_ANSWERS = 'metric.type="loadbalancing.googleapis.com/https/request_count" AND resource.type="https_lb_rule"'
_CHECK = 'metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url"'
_ERRORS = 0.05  # of the answers
_SILENT = 1  # places from which the site may not answer


@dataclass(kw_only=True)
class AlarmsArgs(args.AlarmsArgs):
    """The arguments of `Alarms` on Google Cloud. `servers`: their names; `database`: the
    `database_id` of a `ManagedDatabase`."""

    site: pulumi.Input[str] | None = None
    """The name or address that users come in by: asked each minute, from several continents."""
    url_map: pulumi.Input[str] | None = None
    """The name of a load balancer's URL map: the share of its answers that are errors."""
    agents: Mapping[str, str] | None = None
    """Labels of servers on which is Google's Ops Agent: it alone tells of memory and disks."""


class Alarms(Block):
    """Alarms that send an e-mail when they go off, and when it is over."""

    channel: pulumi.Output[str]
    """The channel of the e-mails."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:Alarms", name, None, opts)
        self._name, self._labels, self._own = name, labels(args.tags), child(self)
        told: dict[str, pulumi.Input[str]] = {"email_address": args.email}
        channel = gcp.monitoring.NotificationChannel(
            name, type="email", display_name=f"Slipway: {name}", labels=told, user_labels=self._labels, opts=self._own
        )
        self.channel = channel.name
        watched = {f"{server}-cpu": (called, *_CPU) for server, called in (args.servers or {}).items()}
        if args.database is not None:
            watched |= {f"database-{what}": (args.database, *figure) for what, figure in _DATABASE.items()}
        for what, (of, metric, kind, label, most) in watched.items():
            filter = pulumi.Output.concat(f'metric.type="{metric}" AND resource.type="{kind}" AND {label}="', of, '"')
            self._alarm(what, most, 900, filter, [_aligned("ALIGN_MEAN", period=300)])
        which = "".join(f' AND metadata.user_labels."{key}"="{value}"' for key, value in (args.agents or {}).items())
        for what in ("memory", "disk") if args.agents else ():
            self._alarm(what, 90, 900, _USED.format(what) + which, [_aligned("ALIGN_MEAN", period=300)])
        if args.url_map is not None:
            self._balancer(args.url_map)
        if args.site is not None:
            self._site(args.site)
        self._finish()

    def _balancer(self, url_map: pulumi.Input[str]) -> None:
        """The share of all answers that are errors of hosts or of the balancer itself."""
        every = pulumi.Output.concat(f'{_ANSWERS} AND resource.labels.url_map_name="', url_map, '"')
        failed = pulumi.Output.concat(every, ' AND metric.labels.response_code_class="500"')
        summed = [_aligned("ALIGN_RATE", "REDUCE_SUM")]
        self._alarm("errors", _ERRORS, 180, failed, summed, denominator_filter=every, denominator_aggregations=summed)

    def _site(self, site: pulumi.Input[str]) -> None:
        """Asks the front, which answers by itself; a redirect to HTTPS is followed."""
        check = gcp.monitoring.UptimeCheckConfig(
            f"{self._name}-site",
            display_name=f"{self._name}-site",
            monitored_resource={"type": "uptime_url", "labels": {"host": site}},
            http_check={"path": "/-/live", "port": 80},
            period="60s",
            timeout="10s",
            user_labels=self._labels,
            opts=self._own,
        )
        filter = pulumi.Output.concat(f'{_CHECK} AND metric.labels.check_id="', check.uptime_check_id, '"')
        self._alarm("site", _SILENT, 120, filter, [_aligned("ALIGN_NEXT_OLDER", "REDUCE_COUNT_FALSE", 1200)])

    def _alarm(self, what: str, most: float, seconds: int, filter: pulumi.Input[str], figures: list[dict[str, Any]], **more: Any) -> None:
        """Goes off when the figure was over `most` for so many seconds."""
        called = f"{self._name}-{what}"
        over = {"comparison": "COMPARISON_GT", "threshold_value": most, "duration": f"{seconds}s"}
        condition: Any = {"display_name": called, "condition_threshold": {**over, "filter": filter, "aggregations": figures, **more}}
        gcp.monitoring.AlertPolicy(
            called,
            display_name=called,
            combiner="OR",
            conditions=[condition],
            notification_channels=[self.channel],
            user_labels=self._labels,
            opts=self._own,
        )


def _aligned(aligner: str, reducer: str = "REDUCE_NONE", period: int = 60) -> dict[str, Any]:
    """How a figure is made of what is told in each `period`, in seconds, and of all who tell it."""
    return {"alignment_period": f"{period}s", "per_series_aligner": aligner, "cross_series_reducer": reducer}
