"""Alarms: an e-mail when servers, load balancer or database aren't well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.blocks.logs import figures
from components.aws.common import named, region_of
from components.blocks.block import Args, Block, Tags, child

DATABASE_STORAGE = 20
"""GB, the least that Amazon has."""
_BALANCER = "AWS/ApplicationELB"
_COUNTS = {"requests": "RequestCount", "hosts": "HTTPCode_Target_5XX_Count", "balancer": "HTTPCode_ELB_5XX_Count"}
_ERRORS, _ALL = "(FILL(hosts, 0) + FILL(balancer, 0))", "(FILL(requests, 0) + FILL(balancer, 0))"
_SHARE = f"IF({_ALL} > 0, 100 * {_ERRORS} / {_ALL}, 0)"
"""Per cent of a minute's requests that failed. What the balancer answers itself, for want of any
host, is none of `requests`. What didn't happen in a minute has no figure at all."""
_GB = 1024**3


@dataclass(kw_only=True)
class AlarmsArgs(Args):
    """The arguments of `Alarms`: an address, and whatever is to be watched."""

    email: pulumi.Input[str]
    """The address of the e-mails. Its owner has to confirm a first message."""
    servers: Mapping[str, pulumi.Input[str]] | None = None
    """Ids of single instances by name. One that fails Amazon's checks is moved or restarted."""
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
    database: pulumi.Input[str] | None = None
    """`identifier` of a `ManagedDatabase`: its processor, and its room."""
    storage: int | None = DATABASE_STORAGE
    """The size of that database in GB."""
    region: pulumi.Input[str] | None = None
    """The region, such as `eu-west-1`: the provider's, which is asked for if left out."""
    tags: Tags | None = None
    """On all that is made."""


class Alarms(Block):
    """Alarms that send an e-mail when they go off, and when it is over."""

    topic_arn: pulumi.Output[str]
    """The topic of the e-mails; others may listen there, too."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:Alarms", name, None, opts)
        self._name, self._args, self._own = name, args, child(self)
        self._region = region_of(self, args.region)
        # Without a key of its own: alarms may not use the account's default key for topics.
        topic = aws.sns.Topic(name, tags=named(args.tags, name), opts=self._own)
        aws.sns.TopicSubscription(name, topic=topic.arn, protocol="email", endpoint=args.email, opts=self._own)
        self.topic_arn = topic.arn
        for server, instance in (args.servers or {}).items():
            self._server(server, instance)
        for server, instance in (args.credits or {}).items():
            self._credits(server, instance)
        if args.logs is not None:
            self._hosts(figures(args.logs))
            if args.log_group is not None:
                self._problems(args.log_group, figures(args.logs))
                if args.load_balancer is None:
                    self._answers(args.log_group, figures(args.logs))
        if args.load_balancer is not None:
            self._share_of_errors(args.load_balancer)
            if args.target_group is not None:
                self._unhealthy_hosts(args.load_balancer, args.target_group)
        if args.database is not None:
            self._database(args.database, args.storage or DATABASE_STORAGE)
        self._finish()

    def _server(self, name: str, instance: pulumi.Input[str]) -> None:
        """A broken machine moves the server to another one, a broken server is restarted. The times
        are apart: both at once would get into each other's way."""
        self._check(f"{name}-machine", f"The machine under the server {name}", instance, "System", 2, "recover")
        self._check(f"{name}-system", f"The server {name}", instance, "Instance", 3, "reboot")

    def _credits(self, name: str, instance: pulumi.Input[str]) -> None:
        figure: Any = {"namespace": "AWS/EC2", "metric_name": "CPUSurplusCreditsCharged", "statistic": "Maximum", "period": 300}
        words = f"The server {name} is over its CPU credits, which costs extra."
        self._alarm(f"{name}-credits", words, "GreaterThanThreshold", 0, 3, dimensions={"InstanceId": instance}, **figure)

    def _check(self, name: str, what: str, instance: pulumi.Input[str], check: str, minutes: int, action: str) -> None:
        repair = self._region.apply(lambda region: _action_arn(region, f"ec2:{action}"))
        words, metric = f"{what} fails Amazon's checks: {action}.", f"StatusCheckFailed_{check}"
        self._above_zero(name, words, minutes, "AWS/EC2", metric, {"InstanceId": instance}, [repair])

    def _unhealthy_hosts(self, load_balancer: pulumi.Input[str], target_group: pulumi.Input[str]) -> None:
        """Waits for longer than a host boots, so that a new one alarms nobody."""
        words = "A host behind the load balancer has not answered at /-/live for 5 minutes."
        where = {"LoadBalancer": load_balancer, "TargetGroup": target_group}
        self._above_zero("hosts", words, 5, _BALANCER, "UnHealthyHostCount", where)

    def _above_zero(
        self, name: str, words: str, minutes: int, space: str, metric: str, where: Any, repairs: Sequence[pulumi.Output[str]] = ()
    ) -> None:
        figure = {"namespace": space, "metric_name": metric, "dimensions": where, "statistic": "Maximum", "period": 60}
        self._alarm(name, words, "GreaterThanOrEqualToThreshold", 1, minutes, repairs=repairs, **figure)

    def _hosts(self, space: str) -> None:
        """Alarms for disks and memory. If no host tells of its memory, none is well."""
        figure: dict[str, Any] = {"namespace": space, "statistic": "Maximum", "period": 300}
        words = "A disk of a host is over 85 % full."
        self._alarm("disk", words, "GreaterThanThreshold", 85, 3, metric_name="disk_used_percent", **figure)
        words = "A host uses over 90 % of its memory, or no host has told anything, for 15 minutes."
        self._alarm("memory", words, "GreaterThanThreshold", 90, 3, missing="breaching", metric_name="mem_used_percent", **figure)

    def _problems(self, group: pulumi.Input[str], space: str) -> None:
        figure = self._counted("problems", "Problems", '{ $.host_problems[0] = "*" }', group, space, 300)
        words = "A host has told of a problem for 15 minutes, such as a backup that failed: see `./slipway status`."
        self._alarm("problems", words, "GreaterThanOrEqualToThreshold", 1, 3, missing="notBreaching", **figure)

    def _answers(self, group: pulumi.Input[str], space: str) -> None:
        figure = self._counted("answers", "Errors", "{ $.status >= 500 }", group, space, 60)
        words = "At least 5 requests a minute were answered with an error of the server, 3 minutes of 5."
        self._alarm("answers", words, "GreaterThanOrEqualToThreshold", 5, 5, wrong=3, missing="notBreaching", **figure)

    def _counted(self, name: str, metric: str, pattern: str, group: pulumi.Input[str], space: str, period: int) -> dict[str, Any]:
        """The figure of how many lines fit the pattern within a period, in seconds."""
        counted: Any = {"name": metric, "namespace": space, "value": "1"}
        name = f"{self._name}-{name}"
        aws.cloudwatch.LogMetricFilter(name, log_group_name=group, pattern=pattern, metric_transformation=counted, opts=self._own)
        return {"namespace": space, "metric_name": metric, "statistic": "Sum", "period": period}

    def _database(self, identifier: pulumi.Input[str], storage: int) -> None:
        """`storage` in GB. For a quarter of an hour: within that it grows by itself, if it may."""
        least = max(storage / 10, 2)
        figure: dict[str, Any] = {"namespace": "AWS/RDS", "dimensions": {"DBInstanceIdentifier": identifier}, "period": 300}
        room = {**figure, "metric_name": "FreeStorageSpace", "statistic": "Minimum"}
        words = f"The database has less than {least:g} GB left, and did not grow."
        self._alarm("database-storage", words, "LessThanThreshold", least * _GB, 3, **room)
        processor = {**figure, "metric_name": "CPUUtilization", "statistic": "Average"}
        words = "The database's processor is busy over 80 % for 15 minutes."
        self._alarm("database-cpu", words, "GreaterThanThreshold", 80, 3, **processor)

    def _share_of_errors(self, load_balancer: pulumi.Input[str]) -> None:
        """Minutes without any request count as good ones."""
        common = {"namespace": _BALANCER, "dimensions": {"LoadBalancer": load_balancer}, "period": 60, "stat": "Sum"}
        queries = [{"id": id, "metric": {**common, "metric_name": metric}} for id, metric in _COUNTS.items()]
        share = {"id": "share", "expression": _SHARE, "label": "Failed, %", "return_data": True}
        words = "More than 5 % of the requests were answered with an error of the server, 3 minutes of 5."
        self._alarm("errors", words, "GreaterThanThreshold", 5, 5, wrong=3, missing="notBreaching", metric_queries=[*queries, share])

    def _alarm(
        self,
        name: str,
        words: str,
        comparison: str,
        threshold: float,
        periods: int,
        wrong: int | None = None,
        missing: str = "missing",
        repairs: Sequence[pulumi.Output[str]] = (),
        **figure: Any,
    ) -> None:
        """Goes off when the figure was wrong in `wrong` of so many periods, all if left out."""
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{name}",
            alarm_description=words,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=periods,
            datapoints_to_alarm=wrong or periods,
            treat_missing_data=missing,
            alarm_actions=[*repairs, self.topic_arn],
            ok_actions=[self.topic_arn],
            tags=named(self._args.tags, f"{self._name}-{name}"),
            **figure,
            opts=self._own,
        )


def _action_arn(region: str, action: str) -> str:
    """Amazon's clouds apart have names of their own in ARNs."""
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
    return f"arn:{partition}:automate:{region}:{action}"
