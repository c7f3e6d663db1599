"""Who is told when something is wrong, and of what."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws import watching
from components.aws.tags import child, named
from components.aws.watching import Watch


@dataclass
class AlarmsArgs:
    """`email`: who is told; they have to confirm a first message. `region` such as `eu-west-1`.

    `servers`: ids of single instances, by what they are called; one that fails Amazon's checks is also moved or restarted.
    `load_balancer` and `target_group`: the suffixes of their ARNs, as `LoadBalancer` puts out. `database`: the identifier of a managed
    database, and `storage` its size in GB."""

    email: str
    region: str
    tags: Mapping[str, str]
    servers: Mapping[str, pulumi.Input[str]] | None = None
    load_balancer: pulumi.Input[str] | None = None
    target_group: pulumi.Input[str] | None = None
    database: pulumi.Input[str] | None = None
    storage: int = 20


class Alarms(pulumi.ComponentResource):
    """An e-mail when one goes off, and when it is over. `topic_arn`: others may listen there, too."""

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:Alarms", name, None, opts)
        self._name, self._args, self._own = name, args, child(self)
        # Without a key of its own: alarms may not use the account's default key for topics.
        topic = aws.sns.Topic(name, tags=named(args.tags, name), opts=self._own)
        aws.sns.TopicSubscription(name, topic=topic.arn, protocol="email", endpoint=args.email, opts=self._own)
        self.topic_arn = topic.arn
        for server, instance in (args.servers or {}).items():
            for watch in watching.server(server, instance):
                self._alarm(watch)
        if args.load_balancer is not None and args.target_group is not None:
            self._alarm(watching.unhealthy_hosts(args.load_balancer, args.target_group))
            self._share_of_errors(args.load_balancer)
        if args.database is not None:
            for watch in watching.database(args.database, args.storage):
                self._alarm(watch)
        self.register_outputs({"topic_arn": self.topic_arn})

    def _alarm(self, watch: Watch) -> None:
        mending = [f"arn:{_partition(self._args.region)}:automate:{self._args.region}:{watch.action}"] if watch.action else []
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


def _partition(region: str) -> str:
    """Amazon's clouds apart have names of their own in ARNs."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
