"""What a stack is watched for."""

import re

import block_programs
import pytest
from block_programs import TAGS, of, only, record, types

from policy import check, resource_types

ALARMS = """
from components.aws.blocks.alarms import Alarms, AlarmsArgs
Alarms("shop-alarms", AlarmsArgs(email="ops@example.com", tags=tags, ARGS))
"""
TOPIC = "${shop-alarms.arn}"


def alarms(folder, args, answered=True):
    text = (block_programs.FLEET + ALARMS).replace("ARGS", args)
    plan = record(folder, text, answered)
    assert check.run(plan) == ()
    assert [one for one in types(plan) if not resource_types.find(f"aws:{one}")] == []
    return plan


def watched(plan):
    """Name to (metric, dimensions, how it is compared, times of seconds, what is done)."""
    return {
        one.name.removeprefix("shop-alarms-"): (
            f"{one.inputs['namespace']} {one.inputs['metricName']}",
            one.inputs["dimensions"],
            f"{one.inputs['statistic']} {one.inputs['comparisonOperator']} {one.inputs['threshold']:g}",
            f"{one.inputs['datapointsToAlarm']} of {one.inputs['evaluationPeriods']} times {one.inputs['period']} s",
            one.inputs["alarmActions"],
        )
        for one in of(plan, "cloudwatch/metricAlarm:MetricAlarm")
        if "metricName" in one.inputs
    }


def test_people_are_told_of_single_servers(tmp_path):
    plan = alarms(tmp_path, "servers={'web': 'i-1', 'database': 'i-2'}")
    compared, times = "Maximum GreaterThanOrEqualToThreshold 1", "3 of 3 times 60 s"
    assert watched(plan) == {
        name: ("AWS/EC2 StatusCheckFailed", {"InstanceId": instance}, compared, times, [TOPIC])
        for name, instance in (("web", "i-1"), ("database", "i-2"))
    }
    assert only(plan, "sns/topicSubscription:TopicSubscription").inputs == {
        "topic": TOPIC,
        "protocol": "email",
        "endpoint": "ops@example.com",
    }
    assert only(plan, "sns/topic:Topic").inputs == {"tags": {**TAGS, "Name": "shop-alarms"}}


def test_a_fleet_is_watched_as_a_whole(tmp_path):
    plan = alarms(tmp_path, "load_balancer='app/shop/1', target_group='targetgroup/shop/2'")
    balancer = {"LoadBalancer": "app/shop/1"}
    assert watched(plan) == {
        "hosts": (
            "AWS/ApplicationELB UnHealthyHostCount",
            {**balancer, "TargetGroup": "targetgroup/shop/2"},
            "Maximum GreaterThanOrEqualToThreshold 1",
            "5 of 5 times 60 s",
            [TOPIC],
        )
    }
    errors = next(one for one in of(plan, "cloudwatch/metricAlarm:MetricAlarm") if one.name == "shop-alarms-errors").inputs
    metric = {"namespace": "AWS/ApplicationELB", "dimensions": balancer, "period": 60, "stat": "Sum"}
    *figures, share = errors["metricQueries"]
    assert figures == [
        {"id": "requests", "metric": {**metric, "metricName": "RequestCount"}},
        {"id": "hosts", "metric": {**metric, "metricName": "HTTPCode_Target_5XX_Count"}},
        {"id": "balancer", "metric": {**metric, "metricName": "HTTPCode_ELB_5XX_Count"}},
    ]
    assert (share["id"], share["returnData"]) == ("share", True)
    assert (errors["comparisonOperator"], errors["threshold"]) == ("GreaterThanThreshold", 5)
    assert (errors["datapointsToAlarm"], errors["evaluationPeriods"], errors["treatMissingData"]) == (3, 5, "notBreaching")


@pytest.mark.parametrize(
    ("requests", "hosts", "balancer", "share"),
    [
        (None, None, None, 0),  # nobody asked
        (1000, None, None, 0),
        (1000, 50, None, 5),
        (900, 50, 100, 15),
        (None, None, 40, 100),  # no host at all: these count as no requests of the balancer's
    ],
)
def test_the_share_of_errors(tmp_path, requests, hosts, balancer, share):
    """The expression, computed as CloudWatch does it; None: no figure in that minute."""
    plan = alarms(tmp_path, "load_balancer='app/shop/1', target_group='targetgroup/shop/2'")
    (errors,) = (one.inputs for one in of(plan, "cloudwatch/metricAlarm:MetricAlarm") if "metricQueries" in one.inputs)
    known = {
        "requests": requests,
        "hosts": hosts,
        "balancer": balancer,
        "FILL": lambda figure, value: value if figure is None else figure,
    }
    condition, some = re.fullmatch(r"IF\((.+) > 0, (.+), 0\)", errors["metricQueries"][-1]["expression"]).groups()
    value = eval(some, known) if eval(condition, known) > 0 else 0
    assert value == share


def test_a_database_is_watched_for_room_and_for_its_processor(tmp_path):
    plan = alarms(tmp_path, "database='shop-database-1'")
    where = {"DBInstanceIdentifier": "shop-database-1"}
    assert watched(plan) == {
        "database-storage": (
            "AWS/RDS FreeStorageSpace", where, f"Minimum LessThanThreshold {2 * 1024**3:g}", "3 of 3 times 300 s", [TOPIC]
        ),
        "database-cpu": ("AWS/RDS CPUUtilization", where, "Average GreaterThanThreshold 80", "3 of 3 times 300 s", [TOPIC]),
    }  # fmt: skip


def test_nothing_named_is_nothing_watched(tmp_path):
    plan = alarms(tmp_path, "", answered=False)
    assert of(plan, "cloudwatch/metricAlarm:MetricAlarm") == []
