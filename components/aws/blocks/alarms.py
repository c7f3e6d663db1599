"""Alarms: an e-mail when servers, load balancer or database aren't well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.blocks.logs import figures
from components.aws.common import named, region_of
from components.blocks import args
from components.blocks.block import Block, child

DATABASE_STORAGE = 20
"""GB, the least that Amazon has."""
_BALANCER = "AWS/ApplicationELB"
_COUNTS = {"requests": "RequestCount", "hosts": "HTTPCode_Target_5XX_Count", "balancer": "HTTPCode_ELB_5XX_Count"}
_ERRORS, _ALL = "(FILL(hosts, 0) + FILL(balancer, 0))", "(FILL(requests, 0) + FILL(balancer, 0))"
_SHARE = f"IF({_ALL} > 0, 100 * {_ERRORS} / {_ALL}, 0)"
"""Per cent of a minute's requests that failed. What the balancer answers itself, for want of any
host, is none of `requests`. What didn't happen in a minute has no figure at all."""
_GB = 1024**3
_OVER, _UNDER, _AT_LEAST = "GreaterThanThreshold", "LessThanThreshold", "GreaterThanOrEqualToThreshold"


@dataclass(kw_only=True)
class AlarmsArgs(args.AlarmsArgs):
    """The arguments of `Alarms` on AWS. Who has the address confirms a first message; a single
    server that fails Amazon's checks is moved or restarted."""

    credits: Mapping[str, pulumi.Input[str]] | None = None
    """Ids of those instances whose processor has credits (t4g and the like), by name."""
    logs: str | None = None
    """`group` of the `Logs` that the hosts write to: their disks and memory."""
    log_group: pulumi.Input[str] | None = None
    """`group_name` of those `Logs`: problems that hosts tell of, and errors by the front's lines
    where no load balancer counts them."""
    load_balancer: pulumi.Input[str] | None = None
    """`arn_suffix` of a `LoadBalancer` or `WebFleet`: the share of its answers that are errors."""
    target_group: pulumi.Input[str] | None = None
    """`target_group_suffix` of that one: its hosts that aren't well. Needs `load_balancer`."""
    environment: pulumi.Input[str] | None = None
    """The name of an environment of Elastic Beanstalk with enhanced health."""
    storage: int = DATABASE_STORAGE
    """The size of the database in GB."""
    region: pulumi.Input[str] | None = None
    """The region, such as `eu-west-1`: the provider's, which is asked for if left out."""


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
        region = region_of(self, args.region)
        for server, instance in (args.servers or {}).items():
            self._server(server, instance, region)
        for server, instance in (args.credits or {}).items():
            words = f"The server {server} is over its CPU credits, which costs extra."
            figure = _figure("AWS/EC2", "CPUSurplusCreditsCharged", 300, {"InstanceId": instance})
            self._alarm(f"{server}-credits", words, _OVER, 0, 3, **figure)
        if args.logs is not None:
            self._hosts(figures(args.logs), args.log_group)
        if args.load_balancer is not None:
            self._balancer({"LoadBalancer": args.load_balancer}, args.target_group)
        if args.environment is not None:
            words = "Elastic Beanstalk says of the environment that it is degraded, or worse, for 5 minutes."
            figure = _figure("AWS/ElasticBeanstalk", "EnvironmentHealth", 60, {"EnvironmentName": args.environment})
            self._alarm("environment", words, _AT_LEAST, 20, 5, **figure)
        if args.database is not None:
            self._database({"DBInstanceIdentifier": args.database}, args.storage or DATABASE_STORAGE)
        self._finish()

    def _server(self, name: str, instance: pulumi.Input[str], region: pulumi.Output[str]) -> None:
        """A broken machine moves the server to another one, a broken server is restarted. The times
        are apart: both at once would get into each other's way."""
        for kind, what, check, minutes, action in (
            ("machine", f"The machine under the server {name}", "System", 2, "recover"),
            ("system", f"The server {name}", "Instance", 3, "reboot"),
        ):
            words, repair = f"{what} fails Amazon's checks: {action}.", region.apply(partial(_action_arn, action))
            figure = _figure("AWS/EC2", f"StatusCheckFailed_{check}", 60, {"InstanceId": instance})
            self._alarm(f"{name}-{kind}", words, _AT_LEAST, 1, minutes, [repair], **figure)

    def _hosts(self, space: str, group: pulumi.Input[str] | None) -> None:
        """Alarms for disks and memory: if no host tells of its memory, none is well. And for lines
        of a log group; answers are counted where no load balancer does it."""
        self._alarm("disk", "A disk of a host is over 85 % full.", _OVER, 85, 3, **_figure(space, "disk_used_percent", 300))
        words = "A host uses over 90 % of its memory, or no host has told anything, for 15 minutes."
        self._alarm("memory", words, _OVER, 90, 3, treat_missing_data="breaching", **_figure(space, "mem_used_percent", 300))
        if group is None:
            return
        figure = self._counted("problems", "Problems", '{ $.host_problems[0] = "*" }', group, space, 300)
        words = "A host has told of a problem for 15 minutes, such as a backup that failed: see `./slipway status`."
        self._alarm("problems", words, _AT_LEAST, 1, 3, treat_missing_data="notBreaching", **figure)
        if self._args.load_balancer is None:
            figure = self._counted("answers", "Errors", "{ $.status >= 500 }", group, space, 60)
            words = "At least 5 requests a minute were answered with an error of the server, 3 minutes of 5."
            self._alarm("answers", words, _AT_LEAST, 5, 5, datapoints_to_alarm=3, treat_missing_data="notBreaching", **figure)

    def _counted(self, name: str, metric: str, pattern: str, group: pulumi.Input[str], space: str, period: int) -> dict[str, Any]:
        """The figure of how many lines fit the pattern within a period, in seconds."""
        counted: Any = {"name": metric, "namespace": space, "value": "1"}
        name = f"{self._name}-{name}"
        aws.cloudwatch.LogMetricFilter(name, log_group_name=group, pattern=pattern, metric_transformation=counted, opts=self._own)
        return _figure(space, metric, period, statistic="Sum")

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

    def _database(self, where: Mapping[str, pulumi.Input[str]], storage: int) -> None:
        """`storage` in GB. For a quarter of an hour: within that it grows by itself, if it may."""
        least = max(storage / 10, 2)
        words = f"The database has less than {least:g} GB left, and did not grow."
        room = _figure("AWS/RDS", "FreeStorageSpace", 300, where, "Minimum")
        self._alarm("database-storage", words, _UNDER, least * _GB, 3, **room)
        words = "The database's processor is busy over 80 % for 15 minutes."
        self._alarm("database-cpu", words, _OVER, 80, 3, **_figure("AWS/RDS", "CPUUtilization", 300, where, "Average"))

    def _alarm(
        self, name: str, words: str, comparison: str, threshold: float, periods: int, repairs: Sequence[Any] = (), **figure: Any
    ) -> None:
        """Goes off when the figure was wrong in all of so many periods, unless it says in how many.
        `repairs`: ARNs of what Amazon does then."""
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{name}",
            alarm_description=words,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=periods,
            alarm_actions=[*repairs, self.topic_arn],
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


def _action_arn(action: str, region: str) -> str:
    """Amazon's clouds apart have names of their own in ARNs."""
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
    return f"arn:{partition}:automate:{region}:ec2:{action}"
