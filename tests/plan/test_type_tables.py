"""The tables of what replaces a resource: that they cover what they should, say what is known to be true, and how they are made."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi.dynamic
import pytest

import components
from components import providers
from ops.display.differences import Difference
from ops.plan.replacing import verdict
from policy import resource_types
from policy.plan import Resource
from tools.type_tables import chosen, from_flags, from_schema, own, tags, writing
from tools.type_tables.sdk import Input, Sdk
from tools.type_tables.verdict import Verdict, paths
from tools.type_tables.writing import Entry

INSTANCE, DATABASE = "aws:ec2/instance:Instance", "aws:rds/instance:Instance"
SCHEMA = json.loads((Path(__file__).parent / "schemas/made_up.json").read_text())
VOLUME = "docker:index/volume:Volume"


@pytest.mark.parametrize(
    ("type", "replaces", "keeps"),
    [
        (INSTANCE, "ami availabilityZone subnetId keyName", "instanceType userData tags vpcSecurityGroupIds monitoring"),
        (INSTANCE, "rootBlockDevice.encrypted rootBlockDevice.kmsKeyId", "rootBlockDevice.volumeSize rootBlockDevice.volumeType"),
        (INSTANCE, "ebsBlockDevices[].deviceName privateIp tenancy", "metadataOptions.httpTokens disableApiTermination"),
        ("aws:ec2/securityGroup:SecurityGroup", "name vpcId description", "ingress[].fromPort ingress[].cidrBlocks tags"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "securityGroupId", "fromPort cidrIpv4"),
        (DATABASE, "engine storageEncrypted username", "allocatedStorage instanceClass deletionProtection engineVersion"),
        ("aws:s3/bucket:Bucket", "bucket bucketPrefix", "tags forceDestroy versioning.enabled"),
        ("aws:ebs/volume:Volume", "availabilityZone encrypted", "size type"),
        ("aws:ec2/vpc:Vpc", "cidrBlock instanceTenancy", "enableDnsHostnames"),
        ("aws:ec2/subnet:Subnet", "cidrBlock vpcId availabilityZone", "mapPublicIpOnLaunch"),
        ("aws:lb/targetGroup:TargetGroup", "port protocol vpcId", "deregistrationDelay healthCheck.path"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "name", "threshold"),
        ("gcp:compute/instance:Instance", "name zone hostname", "machineType metadata labels tags"),
        ("gcp:sql/databaseInstance:DatabaseInstance", "region name settings.collation", "databaseVersion deletionProtection settings.tier"),
        ("alicloud:ecs/instance:Instance", "systemDiskEncrypted availabilityZone", "instanceType userData"),
        ("docker:index/container:Container", "image name ports[].internal envs", "start"),
        ("pulumi-python:dynamic/slipway:Host", "", "facts tool owner"),
    ],
)
def test_facts(type, replaces, keeps):
    """What the clouds' documentation says, looked up by hand."""
    said = {path: verdict(Resource(urn="u", type=type, name="n"), place(path)) for path in f"{replaces} {keeps}".split()}
    assert said == {**dict.fromkeys(replaces.split(), True), **dict.fromkeys(keeps.split(), False)}


def place(path):
    """`a[].b` as a place where one text became another."""
    steps = [name or 0 for name in re.split(r"\.|(?=\[\])", path.replace("[]", "[]")) for name in [name.strip("[]")]]
    return Difference(tuple(steps), "old", "new")


@pytest.mark.parametrize("provider", chosen.providers())
def test_every_chosen_type_has_a_line(provider):
    assert [type for type in chosen.types(provider) if not resource_types.find(type)] == []
    types = chosen.types(provider)
    assert set(json.loads((resource_types.FOLDER / f"{provider}.json").read_text())["types"]) == set(types)
    assert [type for type, unflagged in types.items() if not resource_types.find(type).replaces.issuperset(unflagged)] == []


def test_what_nobody_knows():
    hostile = ["", "../resource_types/aws:x", "\0:x", "made:up:Type", "x" * 5000 + ":y"]
    assert [type for type in [*hostile, INSTANCE] if resource_types.find(type)] == [INSTANCE]
    assert resource_types.tags("made:up:Type") is None


@pytest.mark.parametrize(
    ("type", "name"),
    [
        (INSTANCE, "tags"),
        ("aws:ec2/routeTableAssociation:RouteTableAssociation", None),
        ("gcp:compute/instance:Instance", "labels"),
        ("gcp:sql/databaseInstance:DatabaseInstance", "settings.userLabels"),
        ("alicloud:oss/bucket:Bucket", "tags"),
        ("docker:index/volume:Volume", "labels"),
    ],
)
def test_tags(type, name):
    assert resource_types.tags(type) == name


@pytest.mark.parametrize("provider", resource_types.providers())
def test_a_table_says_where_it_is_from_and_is_as_it_would_be_written(provider):
    text = (resource_types.FOLDER / f"{provider}.json").read_text()
    read = json.loads(text)
    assert re.search(r" \d{4}|\.py$", read["source"])
    assert list(read["types"]) == sorted(read["types"])
    assert text.count("\n") == len(read["types"]) + 3


def _leaves(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield from _leaves(one) if one.__subclasses__() else [one]


def test_our_own_resources_are_as_their_providers_say():
    """The table is current, and holds every dynamic resource that there is."""
    assert (resource_types.FOLDER / f"{own.PROVIDER}.json").read_text() == writing.text(own.SOURCE, own.entries())
    for module in pkgutil.walk_packages(components.__path__, "components."):
        importlib.import_module(module.name)
    made = {one for one in _leaves(pulumi.dynamic.Resource) if one.__module__.startswith("components.")}
    assert {f"pulumi-python:{one._resource_type_name}" for one in made} == set(own.entries())
    assert len(made) > 2


@pytest.mark.parametrize("name", ["RandomSecret", "Host", "Rollout", "SshServer"])
def test_our_own_providers_replace_what_they_declare(name):
    """Whatever changes, `diff` replaces nothing that isn't declared."""
    provider = getattr(providers, f"{name}Provider")
    keys = ("facts", "tool", "owner", "release", "url", "store", "drift", "ok")
    answer = provider().diff("id", dict.fromkeys(keys, "old"), dict.fromkeys(keys, "new"))
    assert set(answer.replaces or ()) <= set(provider.REPLACES)


def test_from_a_package_schema():
    found = paths(from_schema.inputs(SCHEMA, VOLUME))
    assert sorted(found.replaces) == ["cluster.group", "driverOpts", "kind", "labels", "mode", "mounts#", "mounts[].source", "name"]
    assert found.unknown == {"mounts"}
    assert paths(from_schema.inputs(SCHEMA, VOLUME, ["size"])).replaces == {*found.replaces, "size"}


def test_from_flags():
    inner = {"image": Input("image", "image"), "size": Input("size", "size", documented=True)}
    inputs = {
        "disk": Input("disk", "disk", below=inner),
        "nets": Input("nets", "nets", "Sequence['NetArgs']", inner),
        "zone": Input("zone", "zone"),
        "tags": Input("tags", "tags"),
    }
    found = paths(from_flags.inputs(["zone", "nets", "gone"], inputs))
    assert sorted(found.replaces) == ["disk.size", "gone", "nets#", "nets[].size", "zone"]
    assert found.unknown == {"disk", "nets"}


def test_written_with_one_type_to_a_line():
    entries = {"b:c:D": Entry({"z": Verdict(True), "a": Verdict(None)}, "tags"), "a:b:C": Entry({})}
    text = writing.text("a source", entries)
    assert text.splitlines()[2:4] == [
        '"a:b:C": {"replaces": [], "tags": null},',
        '"b:c:D": {"replaces": ["z"], "unknown": ["a"], "tags": "tags"}',
    ]
    assert set(resource_types.Table.model_validate_json(text).types) == set(entries)


def test_the_sdk_of_aws_still_has_what_the_table_names():
    """Where the SDK is there: a newer one may have renamed inputs or whole types."""
    pulumi_aws = pytest.importorskip("pulumi_aws", reason="the SDK of AWS isn't installed")
    sdk = Sdk(Path(pulumi_aws.__file__).parent)
    for type in ("aws:ec2/instance:Instance", "aws:s3/bucketVersioning:BucketVersioning", "aws:rds/instance:Instance"):
        inputs, known = sdk.inputs(type), resource_types.find(type)
        named = {re.split(r"[.\[#]", path)[0] for path in known.replaces | known.unknown}
        assert named <= set(inputs)
        assert tags.where("aws", inputs) == known.tags
    assert [token for token in chosen.types("aws") if token not in sdk] == []
