"""Who is told when something is wrong, and of what."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws import region
from components.aws.blocks import watching
from components.aws.blocks.watching import Watch
from components.aws.tags import named
from components.blocks.block import Args, Block, Tags, child

DATABASE_STORAGE = 20
"""GB, the least that Amazon has."""


@dataclass(kw_only=True)
class AlarmsArgs(Args):
    """Who is told, and what is looked at: whatever is named."""

    email: pulumi.Input[str]
    """Who is told. They have to confirm a first message."""
    servers: Mapping[str, pulumi.Input[str]] | None = None
    """Ids of single instances, by what they are called. One that fails Amazon's checks is also moved or restarted."""
    load_balancer: pulumi.Input[str] | None = None
    """`arn_suffix` of a `LoadBalancer` or `WebFleet`: the share of its answers that are errors."""
    target_group: pulumi.Input[str] | None = None
    """Its `target_group_suffix`: hosts behind it that aren't well. Needs `load_balancer`."""
    database: pulumi.Input[str] | None = None
    """`identifier` of a `ManagedDatabase`: its processor, and its room."""
    storage: int | None = DATABASE_STORAGE
    """The size of that database in GB."""
    region: pulumi.Input[str] | None = None
    """Where all of it is, such as `eu-west-1`: the provider's region, which is asked for if left out."""
    tags: Tags | None = None
    """On all that is made."""


class Alarms(Block):
    """An e-mail when one goes off, and when it is over."""

    topic_arn: pulumi.Output[str]
    """Others may listen there, too."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:Alarms", name, None, opts)
        self._name, self._args, self._own = name, args, child(self)
        self._region = region.of(self, args.region)
        # Without a key of its own: alarms may not use the account's default key for topics.
        topic = aws.sns.Topic(name, tags=named(args.tags, name), opts=self._own)
        aws.sns.TopicSubscription(name, topic=topic.arn, protocol="email", endpoint=args.email, opts=self._own)
        self.topic_arn = topic.arn
        for server, instance in (args.servers or {}).items():
            for watch in watching.server(server, instance):
                self._alarm(watch)
        if args.load_balancer is not None:
            self._share_of_errors(args.load_balancer)
            if args.target_group is not None:
                self._alarm(watching.unhealthy_hosts(args.load_balancer, args.target_group))
        if args.database is not None:
            for watch in watching.database(args.database, args.storage or DATABASE_STORAGE):
                self._alarm(watch)
        self._finish()

    def _alarm(self, watch: Watch) -> None:
        mending = [self._region.apply(lambda known: _mending(known, watch.action))] if watch.action else []
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{watch.name}",
            alarm_description=watch.words,
            namespace=watch.namespace,
            metric_name=watch.metric,
            dimensions=watch.dimensions,
            statistic=watch.statistic,
            comparison_operator=watch.comparison,
            threshold=watch.threshold,
            period=watch.period,
            evaluation_periods=watch.times,
            datapoints_to_alarm=watch.times,
            treat_missing_data="missing",
            alarm_actions=[*mending, self.topic_arn],
            ok_actions=[self.topic_arn],
            tags=named(self._args.tags, f"{self._name}-{watch.name}"),
            opts=self._own,
        )

    def _share_of_errors(self, load_balancer: pulumi.Input[str]) -> None:
        """Of all requests in a minute; without any there is nothing to tell."""
        name = f"{self._name}-errors"
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description="More than 5 % of the requests were answered with an error of the server, 3 minutes of 5.",
            metric_queries=watching.share_of_errors(load_balancer),
            comparison_operator="GreaterThanThreshold",
            threshold=5,
            evaluation_periods=5,
            datapoints_to_alarm=3,
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            tags=named(self._args.tags, name),
            opts=self._own,
        )


def _mending(region: str, action: str) -> str:
    """The action's ARN. Amazon's clouds apart have names of their own in those."""
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
    return f"arn:{partition}:automate:{region}:{action}"
