"""The servers of a stack, looked up in an account that has others too; and its store, found without state."""

import json
from typing import Any, cast
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from buckets import REGION

from components.aws import common
from components.aws.control import account, fleet_hosts
from components.errors import SlipwayError
from components.hosts.site import Site
from components.release.store import connect


@pytest.fixture
def launch(user):
    """Starts an instance of a project that nobody had; gives its id."""
    project = f"p-{uuid4().hex[:8]}"
    once = Config(read_timeout=300, retries={"total_max_attempts": 1})  # moto would start another one for a second try
    client = boto3.client("ec2", region_name=REGION, config=once)

    def make(role, stack="prod", app=project, profile=None, name="shop", **more):
        given = {"project": app, "stack": stack, "slipway:role": role, "slipway:app": name}
        tags = [{"Key": key, "Value": value} for key, value in given.items() if value]
        given = {"IamInstanceProfile": {"Name": profile}} if profile else {}
        asked = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, **given, **more}
        done = client.run_instances(TagSpecifications=[{"ResourceType": "instance", "Tags": tags}], **asked)
        return done["Instances"][0]["InstanceId"]

    make.project = project  # type: ignore[attr-defined]
    return make


def profile(name):
    """A role in an instance profile; the role's id."""
    account.ask("iam", REGION, "CreateInstanceProfile", InstanceProfileName=name)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = account.ask("iam", REGION, "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    account.ask("iam", REGION, "AddRoleToInstanceProfile", InstanceProfileName=name, RoleName=name)
    return role["RoleId"]


def found(launch, stack="prod"):
    return fleet_hosts.find(REGION, launch.project, stack, "shop")


def test_web_hosts_first_the_oldest_first_by_their_names_in_the_store(launch):
    web, data = f"{launch.project}-web", f"{launch.project}-database"
    ids = {name: profile(name) for name in (web, data)}
    database = launch("database", profile=data)
    hosts = [launch("web", profile=web) for _ in range(3)]
    for other in (launch("web", stack="test"), launch("web", app="another"), launch("")):
        assert other
    gone = launch("web", profile=web)
    account.ask("ec2", REGION, "TerminateInstances", InstanceIds=[gone])
    told = found(launch)[1]
    assert [(one.host, one.role) for one in told] == [(f"{ids[web]}:{one}", "web") for one in sorted(hosts, key=_launched)] + [
        (f"{ids[data]}:{database}", "database")
    ]
    assert all(one.address.count(".") == 3 for one in told)


def _launched(identity):
    (one,) = account.ask("ec2", REGION, "DescribeInstances", InstanceIds=[identity])["Reservations"]
    return one["Instances"][0]["LaunchTime"], identity


def test_another_apps_servers_of_the_same_project_and_stack_are_not_found(launch):
    mine = {launch("web")}
    for other in (launch("web", name="other"), launch("web", name="")):
        assert other
    assert {one.instance.id for one in found(launch)[1]} == mine


def test_all_pages_are_read(launch, monkeypatch):
    for _ in range(7):
        launch("web")
    real = account._client(*("ec2", REGION)).get_paginator("describe_instances")
    asked = [page for page in real.paginate(PaginationConfig={"PageSize": 5})]
    assert len(asked) > 1
    monkeypatch.setattr(account, "every", lambda what, *_, **more: real.paginate(PaginationConfig={"PageSize": 5}, **more).search(what))
    assert len(found(launch)[1]) == 7


def test_the_store_is_the_stacks_bucket_and_reached_without_an_endpoint_in_its_address(launch):
    bucket = common.bucket_name(account.number(REGION), REGION, launch.project, "prod", "shop")
    account.ask("s3", REGION, "CreateBucket", Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    store, _ = found(launch)
    assert store == f"s3://{bucket}?region={REGION}"
    connect(store).put("desired.json", b"{}")
    assert account.ask("s3", REGION, "GetObject", Bucket=bucket, Key="desired.json")["Body"].read() == b"{}"


def test_no_server_is_one_line_where_one_is_needed(launch):
    day = Site(cast(Any, None), found(launch)[1], "http://shop.example")
    assert day.web == []
    with pytest.raises(SlipwayError, match=r"no server of http://shop.example is there; run `./slipway up`"):
        day.database_host  # noqa: B018
