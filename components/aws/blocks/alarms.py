"""Alarms: an e-mail when servers, load balancer or database aren't well."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.common import named
from components.blocks import args
from components.blocks.block import Block, child

_BALANCER = "AWS/ApplicationELB"
_COUNTS = {"requests": "RequestCount", "hosts": "HTTPCode_Target_5XX_Count", "balancer": "HTTPCode_ELB_5XX_Count"}
_ERRORS, _ALL = "(FILL(hosts, 0) + FILL(balancer, 0))", "(FILL(requests, 0) + FILL(balancer, 0))"
_SHARE = f"IF({_ALL} > 0, 100 * {_ERRORS} / {_ALL}, 0)"
"""Per cent of a minute's requests that failed. What the balancer answers itself, for want of any
host, is none of `requests`. What didn't happen in a minute has no figure at all."""
_OVER, _UNDER, _AT_LEAST = "GreaterThanThreshold", "LessThanThreshold", "GreaterThanOrEqualToThreshold"


@dataclass(kw_only=True)
class AlarmsArgs(args.AlarmsArgs):
    """The arguments of `Alarms` on AWS. Who has the address confirms a first message."""

    load_balancer: pulumi.Input[str] | None = None
    """`arn_suffix` of a `WebFleet`: the share of its answers that are errors."""
    target_group: pulumi.Input[str] | None = None
    """`target_group_suffix` of that one: its hosts that aren't well. Needs `load_balancer`."""
    environment: pulumi.Input[str] | None = None
    """The name of an environment of Elastic Beanstalk with enhanced health."""


class Alarms(Block):
    """Alarms that send an e-mail when they go off, and when it is over."""

    topic_arn: pulumi.Output[str]
    """The topic of the e-mails; others may listen there, too."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:Alarms", name, None, opts)
        self._name, self._args, self._own = name, args, child(self)
        # Without a key of its own: alarms may not use the account's default key for topics.
        topic = aws.sns.Topic(name, tags=named(args.tags, name), opts=self._own)
        aws.sns.TopicSubscription(name, topic=topic.arn, protocol="email", endpoint=args.email, opts=self._own)
        self.topic_arn = topic.arn
        for server, instance in (args.servers or {}).items():
            words = f"The server {server}, or the machine under it, fails Amazon's checks."
            self._alarm(server, words, _AT_LEAST, 1, 3, **_figure("AWS/EC2", "StatusCheckFailed", 60, {"InstanceId": instance}))
        if args.load_balancer is not None:
            self._balancer({"LoadBalancer": args.load_balancer}, args.target_group)
        if args.environment is not None:
            words = "Elastic Beanstalk says of the environment that it is degraded, or worse, for 5 minutes."
            figure = _figure("AWS/ElasticBeanstalk", "EnvironmentHealth", 60, {"EnvironmentName": args.environment})
            self._alarm("environment", words, _AT_LEAST, 20, 5, **figure)
        if args.database is not None:
            self._database({"DBInstanceIdentifier": args.database})
        self._finish()

    def _balancer(self, where: Mapping[str, pulumi.Input[str]], target_group: pulumi.Input[str] | None) -> None:
        """Minutes without any request count as good ones. A host that isn't well is waited for,
        longer than one boots, so that a new one alarms nobody."""
        counted = {"namespace": _BALANCER, "dimensions": where, "period": 60, "stat": "Sum"}
        queries: list[Any] = [{"id": id, "metric": {**counted, "metric_name": metric}} for id, metric in _COUNTS.items()]
        queries.append({"id": "share", "expression": _SHARE, "label": "Failed, %", "return_data": True})
        words = "More than 5 % of the requests were answered with an error of the server, 3 minutes of 5."
        self._alarm("errors", words, _OVER, 5, 5, datapoints_to_alarm=3, treat_missing_data="notBreaching", metric_queries=queries)
        if target_group is not None:
            words = "A host behind the load balancer has not answered at /-/live for 5 minutes."
            figure = _figure(_BALANCER, "UnHealthyHostCount", 60, {**where, "TargetGroup": target_group})
            self._alarm("hosts", words, _AT_LEAST, 1, 5, **figure)

    def _database(self, where: Mapping[str, pulumi.Input[str]]) -> None:
        """For a quarter of an hour: within that it grows by itself, if it may."""
        words = "The database has less than 2 GB left, and did not grow."
        room = _figure("AWS/RDS", "FreeStorageSpace", 300, where, "Minimum")
        self._alarm("database-storage", words, _UNDER, 2 * 1024**3, 3, **room)
        words = "The database's processor is busy over 80 % for 15 minutes."
        self._alarm("database-cpu", words, _OVER, 80, 3, **_figure("AWS/RDS", "CPUUtilization", 300, where, "Average"))

    def _alarm(self, name: str, words: str, comparison: str, threshold: float, periods: int, **figure: Any) -> None:
        """Goes off when the figure was wrong in all of so many periods, unless it says how many."""
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{name}",
            alarm_description=words,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=periods,
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            tags=named(self._args.tags, f"{self._name}-{name}"),
            **{"datapoints_to_alarm": periods, "treat_missing_data": "missing", **figure},
            opts=self._own,
        )


def _figure(
    space: str, metric: str, period: int, where: Mapping[str, pulumi.Input[str]] | None = None, statistic: str = "Maximum"
) -> dict[str, Any]:
    """CloudWatch's figure by periods of so many seconds; of all that tell it without `where`."""
    return {"namespace": space, "metric_name": metric, "dimensions": where, "statistic": statistic, "period": period}
