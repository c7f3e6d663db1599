"""What a stack is watched for, and where its hosts' logs go."""

import json
import re

import block_programs
import cases
import documents
import pytest
from block_programs import TAGS, of, only, record, types

from cloud_init.host.base.places import COLOURS
from cloud_init.host.processes.programs import CONSTANT, log_path
from components.aws.blocks.logs import agent_settings
from policy import check, resource_types

ALARMS = """
from components.aws.blocks.alarms import Alarms, AlarmsArgs
Alarms("shop-alarms", AlarmsArgs(email="ops@example.com", tags=tags, ARGS))
"""
LOGS = """
from components.aws.blocks.logs import Logs, LogsArgs
roles = {"web": "shop-web-role", "database": "shop-database-role"}
Logs("shop-logs", LogsArgs(group="/slipway/shop/prod", days=30, roles=roles, tags=tags))
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


@pytest.mark.parametrize(("storage", "least"), [(10, 2), (20, 2), (100, 10)])
def test_a_database_is_watched_for_room_and_for_its_processor(tmp_path, storage, least):
    plan = alarms(tmp_path, f"database='shop-database-1', storage={storage}")
    where = {"DBInstanceIdentifier": "shop-database-1"}
    assert watched(plan) == {
        "database-storage": (
            "AWS/RDS FreeStorageSpace", where, f"Minimum LessThanThreshold {least * 1024**3:g}", "3 of 3 times 300 s", [TOPIC]
        ),
        "database-cpu": ("AWS/RDS CPUUtilization", where, "Average GreaterThanThreshold 80", "3 of 3 times 300 s", [TOPIC]),
    }  # fmt: skip


def test_hosts_are_watched_by_the_problems_that_they_tell(tmp_path):
    plan = alarms(tmp_path, "log_group='/slipway/shop/prod'")
    alarm, counted = (only(plan, f"cloudwatch/{one}").inputs for one in ("metricAlarm:MetricAlarm", "logMetricFilter:LogMetricFilter"))
    assert (alarm["metricName"], alarm["namespace"], alarm["threshold"]) == ("Problems", "Slipway/shop-alarms", 1)
    assert (alarm["treatMissingData"], alarm["evaluationPeriods"]) == ("notBreaching", 3)
    assert (counted["logGroupName"], counted["pattern"]) == ("/slipway/shop/prod", '{ $.host_problems[0] = "*" }')
    transformation = {"name": "Problems", "namespace": "Slipway/shop-alarms", "value": "1"}
    assert counted["metricTransformation"] == transformation


@pytest.mark.parametrize("stack", ["own-postgres", "fleet-own"])
def test_a_stack_with_logs_and_an_address_is_watched_inside(stack):
    more = {"slipway:aws-ec2.logs": 30, "slipway:aws-ec2.email": "ops@example.com"}
    plan = cases.read(cases.ROOT / f"tests/aws/stacks/{stack}.yaml").with_(more).recorded(True).plan
    assert "shop-alarms-problems" in {one.name for one in of(plan, "cloudwatch/metricAlarm:MetricAlarm")}


def test_nothing_named_is_nothing_watched(tmp_path):
    plan = alarms(tmp_path, "", answered=False)
    assert of(plan, "cloudwatch/metricAlarm:MetricAlarm") == []


@pytest.mark.parametrize("answered", [False, True])
def test_hosts_write_to_their_own_group_and_no_other(tmp_path, answered):
    plan = record(tmp_path, block_programs.FLEET + LOGS, answered)
    assert check.run(plan) == ()
    group = only(plan, "cloudwatch/logGroup:LogGroup")
    assert group.inputs == {"name": "/slipway/shop/prod", "retentionInDays": 30, "tags": {**TAGS, "Name": "shop-logs"}}
    policies = {one.name: one.inputs for one in of(plan, "iam/rolePolicy:RolePolicy")}
    assert {name: one["role"] for name, one in policies.items()} == {
        "shop-logs-web": "shop-web-role",
        "shop-logs-database": "shop-database-role",
    }
    if answered:
        (statement,) = json.loads(policies["shop-logs-web"]["policy"])["Statement"]
        assert statement == {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": ["${shop-logs.arn}:*"],
        }


def collected(*words):
    """Path to stream."""
    (files,) = json.loads(agent_settings("shop", "/slipway/shop/prod", *words))["logs"]["logs_collected"].values()
    assert {one["log_group_name"] for one in files["collect_list"]} == {"/slipway/shop/prod"}
    return {one["file_path"]: one["log_stream_name"] for one in files["collect_list"]}


def test_the_agent_reads_every_file_that_a_host_writes(tmp_path):
    places = documents.places(tmp_path, {"app": "shop"})
    web = {f"/{log_path(places, program.name).relative_to(tmp_path)}" for program in CONSTANT}
    web |= {f"/var/log/slipway/shop/{colour}-mail.log" for colour in COLOURS}
    web |= {f"/var/log/slipway/shop/{name}.log" for name in ("release", "supervisord", "tool")}
    assert collected("web", "none", ["mail"]).keys() == web
    assert collected("web", "postgres").keys() > collected("web").keys() >= {"/var/log/slipway/shop/front.log"}
    assert collected("database", "mysql").keys() == {f"/var/log/slipway/shop/{name}.log" for name in ("mysql", "supervisord", "tool")}
    assert collected("web")["/var/log/slipway/shop/blue.log"] == "{instance_id}/blue"
