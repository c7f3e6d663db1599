"""What alarms look at, as plain values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

_BALANCER = "AWS/ApplicationELB"
_ERRORS, _ALL = "(FILL(hosts, 0) + FILL(balancer, 0))", "(FILL(requests, 0) + FILL(balancer, 0))"
_SHARE = f"IF({_ALL} > 0, 100 * {_ERRORS} / {_ALL}, 0)"
_GB = 1024**3


@dataclass(frozen=True)
class Watch:
    """One figure. It is wrong `times` periods (of `period` seconds) on end; `action`: what is done about it besides telling."""

    name: str
    words: str
    namespace: str
    metric: str
    dimensions: Mapping[str, Any]
    statistic: str
    comparison: str
    threshold: float
    period: int
    times: int
    action: str = ""


def server(name: str, instance: pulumi.Input[str]) -> Iterator[Watch]:
    """What is wrong with the machine moves the server to another one, what is wrong with the server restarts it. The times are apart:
    both at once would get into each other's way."""
    for kind, metric, times, action in (
        ("machine", "StatusCheckFailed_System", 2, "ec2:recover"),
        ("system", "StatusCheckFailed_Instance", 3, "ec2:reboot"),
    ):
        words = f"The {'machine under the ' if kind == 'machine' else ''}server {name} fails Amazon's checks: {action.partition(':')[2]}."
        where = {"InstanceId": instance}
        yield Watch(f"{name}-{kind}", words, "AWS/EC2", metric, where, "Maximum", "GreaterThanOrEqualToThreshold", 1, 60, times, action)


def unhealthy_hosts(load_balancer: pulumi.Input[str], target_group: pulumi.Input[str]) -> Watch:
    """For longer than one boots, so that a new host alarms nobody."""
    where = {"LoadBalancer": load_balancer, "TargetGroup": target_group}
    words = "A host behind the load balancer has not answered at /-/live for 5 minutes."
    return Watch("hosts", words, _BALANCER, "UnHealthyHostCount", where, "Maximum", "GreaterThanOrEqualToThreshold", 1, 60, 5)


def database(identifier: pulumi.Input[str], storage: int) -> Iterator[Watch]:
    """`storage` in GB. For a quarter of an hour: within that the storage grows by itself, if it still may."""
    where, least = {"DBInstanceIdentifier": identifier}, max(storage / 10, 2)
    words = f"The database has less than {least:g} GB left, and did not grow."
    yield Watch("database-storage", words, "AWS/RDS", "FreeStorageSpace", where, "Minimum", "LessThanThreshold", least * _GB, 300, 3)
    words = "The database's processor is busy over 80 % for 15 minutes."
    yield Watch("database-cpu", words, "AWS/RDS", "CPUUtilization", where, "Average", "GreaterThanThreshold", 80, 300, 3)


def share_of_errors(load_balancer: pulumi.Input[str]) -> Sequence[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """Per cent of a minute's requests that failed. The balancer's own errors count beside the requests: what it answers itself for
    want of any host is none of them. Of what didn't happen in a minute there is no figure at all."""
    metrics = {"requests": "RequestCount", "hosts": "HTTPCode_Target_5XX_Count", "balancer": "HTTPCode_ELB_5XX_Count"}
    asked = [aws.cloudwatch.MetricAlarmMetricQueryArgs(id=id, metric=_sum(metric, load_balancer)) for id, metric in metrics.items()]
    return [*asked, aws.cloudwatch.MetricAlarmMetricQueryArgs(id="share", expression=_SHARE, label="Failed, %", return_data=True)]


def _sum(metric: str, load_balancer: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarmMetricQueryMetricArgs:
    return aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
        namespace=_BALANCER, metric_name=metric, dimensions={"LoadBalancer": load_balancer}, period=60, stat="Sum"
    )
