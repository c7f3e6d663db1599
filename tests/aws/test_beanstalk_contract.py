"""What is asked of Amazon for Elastic Beanstalk, exactly, in preview and in a real run; and what each kind of change causes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, cast

import cases
import pytest
from clouds.shapes import kept, known, made_of

from components.errors import UsageError
from components.settings import parse, target_options
from components.targets.aws_beanstalk import Options, problems
from policy.plan import Plan, Resource

FLEET = cases.read(cases.ROOT / "stacks/aws-beanstalk.yaml")
TAGS = {"project": "slipway", "stack": "dev", "owner": "slipway", "slipway:app": "showcase"}
NAME = "showcase-dev-47c65bddc390"
STORE = {
    "s3/bucket:Bucket": 1, "s3/bucketPolicy:BucketPolicy": 1, "s3/bucketVersioning:BucketVersioning": 1,
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1, "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 1,
}  # fmt: skip
NETWORK = {
    "ec2/vpc:Vpc": 1, "ec2/internetGateway:InternetGateway": 1, "ec2/routeTable:RouteTable": 1, "ec2/route:Route": 2,
    "ec2/subnet:Subnet": 2, "ec2/routeTableAssociation:RouteTableAssociation": 2,
}  # fmt: skip
ENVIRONMENT = {
    "iam/role:Role": 2, "iam/rolePolicy:RolePolicy": 1, "iam/rolePolicyAttachment:RolePolicyAttachment": 2,
    "iam/instanceProfile:InstanceProfile": 1, "secretsmanager/secret:Secret": 1, "secretsmanager/secretVersion:SecretVersion": 1,
    "elasticbeanstalk/application:Application": 1, "elasticbeanstalk/environment:Environment": 1,
    "ec2/securityGroup:SecurityGroup": 1, "vpc/securityGroupEgressRule:SecurityGroupEgressRule": 2,
}  # fmt: skip
MANAGED = {
    "rds/instance:Instance": 1, "rds/parameterGroup:ParameterGroup": 1, "rds/subnetGroup:SubnetGroup": 1, "ec2/subnet:Subnet": 2,
    "ec2/securityGroup:SecurityGroup": 1, "vpc/securityGroupIngressRule:SecurityGroupIngressRule": 1,
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": 2,
}  # fmt: skip
SECURE = {"acm/certificate:Certificate": 1, "acm/certificateValidation:CertificateValidation": 1, "route53/record:Record": 2}
TELLING = {"sns/topic:Topic": 1, "sns/topicSubscription:TopicSubscription": 1, "cloudwatch/metricAlarm:MetricAlarm": 3}
EVERY = {
    "aws:autoscaling:launchconfiguration DisableIMDSv1": "true",
    "aws:autoscaling:launchconfiguration IamInstanceProfile": None,
    "aws:autoscaling:launchconfiguration RootVolumeSize": "16",
    "aws:autoscaling:launchconfiguration RootVolumeType": "gp3",
    "aws:autoscaling:launchconfiguration SecurityGroups": None,
    "aws:autoscaling:updatepolicy:rollingupdate RollingUpdateEnabled": "true",
    "aws:autoscaling:updatepolicy:rollingupdate RollingUpdateType": "Immutable",
    "aws:ec2:instances InstanceTypes": "t4g.small",
    "aws:ec2:instances SupportedArchitectures": "arm64",
    "aws:ec2:vpc AssociatePublicIpAddress": "true",
    "aws:ec2:vpc Subnets": None,
    "aws:ec2:vpc VPCId": None,
    "aws:elasticbeanstalk:application:environment PORT": "8000",
    "aws:elasticbeanstalk:application:environmentsecrets SECRET_KEY": None,
    "aws:elasticbeanstalk:command DeploymentPolicy": "Immutable",
    "aws:elasticbeanstalk:environment EnvironmentType": "SingleInstance",
    "aws:elasticbeanstalk:environment ServiceRole": None,
    "aws:elasticbeanstalk:environment:proxy:staticfiles /static": "src/showcase/static",
    "aws:elasticbeanstalk:healthreporting:system SystemType": "enhanced",
    "aws:elasticbeanstalk:managedactions ManagedActionsEnabled": "true",
    "aws:elasticbeanstalk:managedactions PreferredStartTime": "Sun:04:30",
    "aws:elasticbeanstalk:managedactions ServiceRoleForManagedUpdates": None,
    "aws:elasticbeanstalk:managedactions:platformupdate InstanceRefreshEnabled": "true",
    "aws:elasticbeanstalk:managedactions:platformupdate UpdateLevel": "minor",
}
BALANCED = {
    "aws:autoscaling:asg MaxSize": "6",
    "aws:autoscaling:asg MinSize": "2",
    "aws:autoscaling:trigger LowerThreshold": "20",
    "aws:autoscaling:trigger MeasureName": "CPUUtilization",
    "aws:autoscaling:trigger Statistic": "Average",
    "aws:autoscaling:trigger Unit": "Percent",
    "aws:autoscaling:trigger UpperThreshold": "60",
    "aws:ec2:vpc ELBScheme": "public",
    "aws:ec2:vpc ELBSubnets": None,
    "aws:elasticbeanstalk:environment EnvironmentType": "LoadBalanced",
    "aws:elasticbeanstalk:environment LoadBalancerType": "application",
    "aws:elasticbeanstalk:environment:process:default HealthCheckPath": "/-/ready",
    "aws:elbv2:listener:443 Protocol": "HTTPS",
    "aws:elbv2:listener:443 SSLCertificateArns": None,
    "aws:elbv2:listener:443 SSLPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "aws:elbv2:loadbalancer IdleTimeout": "55",
}


def single() -> cases.Case:
    """One instance, without a domain, a database, alarms."""
    config = {key: value for key, value in FLEET.config.items() if key not in ("slipway:domain", "slipway:database")}
    return cases.Case("single", {**config, "slipway:aws-beanstalk": {"region": "eu-west-1"}})


def counts(plan: Plan) -> Counter[str]:
    return Counter(one.type.removeprefix("aws:") for one in plan.resources if one.kind == "resource" and one.type.startswith("aws:"))


def one(plan: Plan, type: str, name: str = "") -> Resource:
    (found,) = (resource for resource in plan.of(f"aws:{type}") if name in resource.name)
    return found


def options(plan: Plan) -> dict[str, Any]:
    """Settings in the form that they are asked for: in order, each with an empty resource, all of it text."""
    given = one(plan, "elasticbeanstalk/environment:Environment").inputs["settings"]
    assert [item["resource"] for item in given] == [""] * len(given)
    names = [(item["namespace"], item["name"]) for item in given]
    assert names == sorted(names)
    assert all(isinstance(known(item["value"]), str | None) for item in given)
    return {f"{item['namespace']} {item['name']}": known(item["value"]) for item in given}


@pytest.fixture(params=[False, True], ids=["preview", "answered"])
def answered(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_one_instance(answered: bool) -> None:
    plan = single().recorded(answered).plan
    assert counts(plan) == made_of(STORE, NETWORK, ENVIRONMENT)
    assert options(plan) == EVERY
    assert kept(plan) == set()


def test_a_fleet_with_a_managed_database_a_name_and_alarms(answered: bool) -> None:
    plan = FLEET.recorded(answered).plan
    assert counts(plan) == made_of(STORE, NETWORK, ENVIRONMENT, MANAGED, SECURE, TELLING)
    assert options(plan) == {**EVERY, **BALANCED, "aws:elasticbeanstalk:application:environmentsecrets DATABASE_URL": None}
    environment = one(plan, "elasticbeanstalk/environment:Environment")
    assert set(environment.ignore_changes) == {"version", "solutionStackName"}
    assert known({key: value for key, value in environment.inputs.items() if key != "settings"}) == {
        "name": NAME, "application": None, "solutionStackName": None, "tags": TAGS,
    }  # fmt: skip
    assert kept(plan) >= {"aws:rds/instance:Instance"}
    assert "aws:s3/bucket:Bucket" not in kept(plan)
    alarm = one(plan, "cloudwatch/metricAlarm:MetricAlarm", "environment").inputs
    assert (alarm["namespace"], alarm["metricName"], alarm["threshold"]) == ("AWS/ElasticBeanstalk", "EnvironmentHealth", 20)
    assert alarm["dimensions"] == {"EnvironmentName": NAME}
    record = one(plan, "route53/record:Record", "showcase-name")
    assert (record.inputs["type"], known(record.inputs["aliases"][0]["name"])) == ("A", None)


def test_what_may_be_set(answered: bool) -> None:
    changes = {"slipway:aws-beanstalk.logs": 30, "slipway:aws-beanstalk.splitTraffic": True,
               "slipway:aws-beanstalk.network": {"nat": True},
               "slipway:server": {"timeout": 300}, "slipway:app.env": {"COLOUR": "red"}, "slipway:app.python": "3.12",
               "slipway:aws-beanstalk.instanceType": "t3.small", "slipway:aws-beanstalk.disk": 40}  # fmt: skip
    asked = {**options(FLEET.with_(changes).recorded(answered).plan)}
    plain = options(FLEET.recorded(answered).plan)
    assert {key: value for key, value in asked.items() if plain.get(key, "") != value} == {
        "aws:autoscaling:launchconfiguration RootVolumeSize": "40",
        "aws:ec2:instances InstanceTypes": "t3.small",
        "aws:ec2:instances SupportedArchitectures": "x86_64",
        "aws:ec2:vpc AssociatePublicIpAddress": "false",
        "aws:elasticbeanstalk:application:environment COLOUR": "red",
        "aws:elasticbeanstalk:cloudwatch:logs DeleteOnTerminate": "true",
        "aws:elasticbeanstalk:cloudwatch:logs RetentionInDays": "30",
        "aws:elasticbeanstalk:cloudwatch:logs StreamLogs": "true",
        "aws:elasticbeanstalk:command DeploymentPolicy": "TrafficSplitting",
        "aws:elbv2:loadbalancer IdleTimeout": "305",
    }


def test_instances_may_read_their_bundle_and_their_secret_alone() -> None:
    plan = FLEET.recorded(answered=True).plan
    policy = json.loads(one(plan, "iam/rolePolicy:RolePolicy").inputs["policy"])
    given = {statement["Sid"]: (statement["Action"], statement["Resource"]) for statement in policy["Statement"]}
    assert given["Secrets"] == (["secretsmanager:GetSecretValue"], ["${showcase-environment.arn}"])
    assert given["Bundle"][0] == ["s3:GetObject"]
    assert given["Bundle"][1][0].endswith("/bundles/*")
    assert given["HandInLogs"][0] == ["s3:PutObject"]
    assert [
        one for actions, resources in given.values() if resources == ["*"] for one in actions if not one.startswith(("ssm", "ec2mess"))
    ] == []
    assert not [action for actions, _ in given.values() for action in actions if "*" in action]


def changed(case: cases.Case, changes: dict[str, Any]) -> set[str]:
    """Types and names of what the change reaches, secrets as they go over the wire."""
    before, after = (
        {one["name"] + " " + one["type"]: one.get("object") for one in it.recorded(True).wire} for it in (case, case.with_(changes))
    )
    assert before.keys() == after.keys()
    return {name.rpartition("/")[2].rpartition(":")[2] for name in before if before[name] != after[name]}


SECRETS = {**FLEET.config["slipway:secretEnv"], "TOKEN": "one"}
CAUSES: dict[str, list[dict[str, Any]]] = {
    "code; what is in the bundle": [
        {"slipway:app.healthPath": "/other"},
        {"slipway:http": {"maxBody": "2MB"}},
        {"slipway:server": {"threads": 9}},
        {"slipway:app.releaseCommand": "true"},
    ],
    "a variable of `app.env`": [{"slipway:app.env": {"COLOUR": "blue"}}],
    "a secret's value": [{"slipway:secretEnv": {**SECRETS, "TOKEN": "two"}}],
    "another secret's name": [{"slipway:secretEnv": {**SECRETS, "MORE": "x"}}],
    "`instances`, `instanceType`, `disk`, `logs`, `app.static`": [
        {"slipway:app.static": {"/assets": "showcase/static"}},
        {"slipway:aws-beanstalk.disk": 20},
        {"slipway:aws-beanstalk.logs": 7},
        {"slipway:aws-beanstalk.instances": {"min": 3, "max": 6}},
    ],
}
"""By how a row of the page begins: changes of that kind."""


def test_what_each_change_causes_is_what_the_page_says() -> None:
    page = (cases.ROOT / "docs/targets/aws-beanstalk.md").read_text().partition("## What a change causes")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")][1:]
    said = {row[0]: {*({"Environment"} if row[1] else ()), *({"Deploy"} if row[2] else ())} for row in rows if row[2] != "refused"}
    case = FLEET.with_({"slipway:secretEnv": SECRETS, "slipway:app.env": {"COLOUR": "red"}})
    for begins, changes in CAUSES.items():
        (row,) = [name for name in said if name.startswith(begins)]
        assert [changed(case, one) - {"SecretVersion"} for one in changes] == [said[row]] * len(changes), row
    assert [row for row in said if not row.startswith(tuple(CAUSES))] == []
    assert changed(case, CAUSES["a secret's value"][0]) == {"SecretVersion", "Deploy"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"aws-beanstalk.region": "eu-west-9"},
            "slipway:aws-beanstalk.region: wanted a region of AWS, such as eu-west-1, found 'eu-west-9'",
        ),
        (
            {"aws-beanstalk.instances": {"max": 1}},
            "slipway:domain: wanted a load balancer with it (instances.max over 1) for TLS, found one",
        ),
        ({"aws-beanstalk.instances": {"min": 7, "max": 2}}, "slipway:aws-beanstalk.instances: wanted a min that is at most max"),
        ({"aws-beanstalk.instances": {"max": 2, "requests": 9}}, "slipway:aws-beanstalk.instances.requests: wanted none, as busy"),
        ({"app.python": "3.10"}, "slipway:app.python: wanted one of 3.14, 3.13, 3.12, 3.11, 3.9, as the platform has them, found '3.10'"),
        ({"aws-beanstalk.zone": "example.org"}, "slipway:aws-beanstalk.zone: wanted the zone that slipway:domain (www.example.com) is in"),
        (
            {"aws-beanstalk.certificate": "arn:aws:acm:us-east-1:123456789012:certificate/1"},
            "slipway:aws-beanstalk.certificate: wanted one of",
        ),
        ({"aws-beanstalk.network": {"nat": True, "vpc": "default"}}, "slipway:aws-beanstalk.network.nat: wanted false with"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(changes: dict[str, Any], said: str) -> None:
    case = FLEET.with_({f"slipway:{key}": value for key, value in changes.items()})
    taken, check = parse(dict(case.config), ["slipway:secretEnv"], "dev"), cast(Any, problems)
    with pytest.raises(UsageError) as caught:
        target_options(taken, Options, "aws-beanstalk", check)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


def test_a_long_name_is_cut_to_what_the_service_takes() -> None:
    plan = single().with_({"slipway:app.name": "a-very-long-name-of-an-app-here"}).recorded().plan
    name = one(plan, "elasticbeanstalk/environment:Environment").inputs["name"]
    assert (len(name) <= 40, name[:10]) == (True, "a-very-lon")


def test_python_is_looked_up_by_a_pattern_that_names_it() -> None:
    text = Path(cases.ROOT / "components/targets/aws_beanstalk.py").read_text()
    assert r"^64bit Amazon Linux 2023 v4[.0-9]+ running Python {}$" in text
