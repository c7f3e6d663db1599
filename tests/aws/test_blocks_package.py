"""The blocks can become a package for every language of Pulumi's: its own analyzer makes a schema of them, its provider makes them."""

import json
import subprocess
import sys
from dataclasses import MISSING, fields

import grpc
import pytest
from block_programs import ROOT, record
from pulumi.provider.experimental.util import camel_case
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

import components.aws
from components.aws.__main__ import BLOCKS, Package

BY_PACKAGE = """
import pulumi
from components.aws.__main__ import Package

package, tags = Package(), {"project": "shop", "stack": "prod", "owner": "slipway"}
package.construct("shop-store", "slipway-aws:index:ReleaseStore", {"region": "eu-west-1", "tags": tags}, pulumi.ResourceOptions())
role = {"app": "shop", "role": "web", "store": "s3://b", "storeArn": "arn", "tags": tags}
package.construct("shop-web", "slipway-aws:index:HostRole", role, pulumi.ResourceOptions())
fleet = {
    "image": "debian-13", "instanceType": "t4g.small", "disk": 16.0, "minimum": 2.0, "maximum": 4.0, "vpcId": "vpc-1",
    "publicSubnets": ["a", "b"], "groupId": "sg-1", "profileArn": "arn", "userData": "#cloud-config", "tags": tags,
}
made = package.construct("shop-web", "slipway-aws:index:WebFleet", fleet, pulumi.ResourceOptions())
pulumi.export("url", made.state["url"])
"""
DIRECTLY = """
import pulumi
from components.aws import HostRole, HostRoleArgs, ReleaseStore, ReleaseStoreArgs, WebFleet, WebFleetArgs

tags = {"project": "shop", "stack": "prod", "owner": "slipway"}
ReleaseStore("shop-store", ReleaseStoreArgs(region="eu-west-1", tags=tags))
HostRole("shop-web", HostRoleArgs(app="shop", role="web", store="s3://b", store_arn="arn", tags=tags))
fleet = WebFleet("shop-web", WebFleetArgs(
    image="debian-13", instance_type="t4g.small", disk=16, minimum=2, maximum=4, vpc_id="vpc-1",
    public_subnets=["a", "b"], group_id="sg-1", profile_arn="arn", user_data="#cloud-config", tags=tags))
pulumi.export("url", fleet.url)
"""


@pytest.fixture(scope="module")
def schema():
    return json.loads(Package().schema or "")


def test_the_schema_has_every_block(schema):
    assert schema["resources"].keys() == {f"slipway-aws:index:{name}" for name in BLOCKS}
    assert all(one["isComponent"] and one["description"] for one in schema["resources"].values())
    assert schema["types"] == {}, "arguments are plain ones"


@pytest.mark.parametrize("name", BLOCKS)
def test_the_schema_names_inputs_and_outputs(schema, name):
    found = schema["resources"][f"slipway-aws:index:{name}"]
    declared = fields(getattr(components.aws, f"{name}Args"))
    assert found["inputProperties"].keys() == {camel_case(one.name) for one in declared}
    assert {*found["requiredInputs"]} == {camel_case(one.name) for one in declared if one.default is MISSING}
    assert found["properties"].keys() == {camel_case(one) for one in getattr(components.aws, name).__annotations__}


@pytest.mark.parametrize("name", BLOCKS)
def test_the_schema_says_what_they_are(schema, name):
    """Arguments of its own; those of `ServerArgs` and `Tagged` Pulumi's analyzer doesn't read."""
    found, own = schema["resources"][f"slipway-aws:index:{name}"], getattr(components.aws, f"{name}Args").__annotations__
    assert [one for one in own if not found["inputProperties"][camel_case(one)].get("description")] == []
    assert [one for one, what in found["properties"].items() if not what.get("description")] == []


@pytest.mark.parametrize("answered", [False, True])
def test_made_by_the_package_is_made_alike(tmp_path, answered):
    by_package, directly = record(tmp_path, BY_PACKAGE, answered), record(tmp_path, DIRECTLY, answered)
    assert by_package.resources == directly.resources
    assert by_package.outputs == directly.outputs
    assert len(by_package.resources) > 20


def test_it_answers_as_a_plugin(tmp_path):
    """The package started as the CLI starts a folder with PulumiPlugin.yaml: by itself, from anywhere. Nothing but a start shows that."""
    assert (ROOT / "components/aws/PulumiPlugin.yaml").exists()
    command = [sys.executable, str(ROOT / "components/aws"), "127.0.0.1:1"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as plugin:
        try:
            port = plugin.stdout.readline().strip()
            assert port.isdigit(), plugin.stderr.read()
            with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", 1 << 26)]) as channel:
                answer = provider_pb2_grpc.ResourceProviderStub(channel).GetSchema(provider_pb2.GetSchemaRequest(), timeout=60)
        finally:
            plugin.kill()
    assert json.loads(answer.schema)["resources"].keys() == {f"slipway-aws:index:{name}" for name in BLOCKS}
