"""The example of somebody's own program: exactly what it asks for, in preview and in a real run."""

import os
import subprocess
import sys
from collections import Counter

import block_programs
import pytest
import yaml
from block_programs import CONFIG, EXAMPLE, ROOT, agree, of, only

from ops.stack.project import load_project
from policy import check

STORE = {
    "s3/bucket:Bucket": 1, "s3/bucketPolicy:BucketPolicy": 1, "s3/bucketVersioning:BucketVersioning": 1,
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1, "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 1,
}  # fmt: skip
HOSTS = {
    "iam/role:Role": 2, "iam/rolePolicy:RolePolicy": 2, "iam/instanceProfile:InstanceProfile": 2,
    "ec2/securityGroup:SecurityGroup": 3, "vpc/securityGroupEgressRule:SecurityGroupEgressRule": 6,
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": 3,
    "ec2/launchTemplate:LaunchTemplate": 1, "autoscaling/group:Group": 1, "autoscaling/policy:Policy": 2,
    "lb/loadBalancer:LoadBalancer": 1, "lb/targetGroup:TargetGroup": 1, "lb/listener:Listener": 1,
    "ec2/instance:Instance": 1, "ebs/volume:Volume": 1, "ec2/volumeAttachment:VolumeAttachment": 1,
}  # fmt: skip


def recorded(answered, stack="prod"):
    plan, error = block_programs.run(EXAMPLE, answered, stack, CONFIG)
    assert error is None, error
    return plan


@pytest.fixture(scope="module")
def plans():
    """In preview, and with every output answered."""
    return [recorded(answered) for answered in (False, True)]


def in_cloud(plan):
    return [one for one in plan.resources if one.kind == "resource"]


def test_its_own_test_passes():
    """The test file run as its readers run it; in a process of its own, since mocks stay in force."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_program.py"],
        cwd=EXAMPLE, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_its_project_file_asks_for_what_it_reads():
    said = yaml.safe_load((EXAMPLE / "Pulumi.yaml").read_text())
    assert load_project(EXAMPLE).name == "shop"
    assert {f"shop:{name}" for name in said["config"]} == CONFIG.keys()
    assert (EXAMPLE / said["runtime"]["options"]["virtualenv"]).resolve() == ROOT / ".venv"


def test_exactly_this_is_made_and_nothing_of_a_network(plans):
    for plan in plans:
        assert Counter(one.type.removeprefix("aws:") for one in in_cloud(plan)) == {**STORE, **HOSTS}
        looked_up = Counter(one.token.rpartition(":")[2] for one in plan.lookups)
        assert looked_up == {"getAmi": 2, "getSubnet": 1}
        assert check.run(plan) == ()


def test_all_is_made_by_its_own_provider_and_within_a_block(plans):
    for plan in plans:
        (provider,) = (one for one in plan.resources if one.kind == "provider")
        assert {one.provider for one in in_cloud(plan)} == {provider.urn}
        assert all("slipway:aws:" in one.parent for one in in_cloud(plan))


def test_a_preview_of_it_shows_what_is_made(plans):
    preview, real = ({one.urn: one for one in plan.resources} for plan in plans)
    assert preview.keys() == real.keys()
    assert [urn for urn in preview if not agree(preview[urn].inputs, real[urn].inputs)] == []


def test_who_is_let_in(plans):
    """The world by the load balancer alone; port 22 is nobody's."""
    sources = ("cidrIpv4", "cidrIpv6", "referencedSecurityGroupId")
    rules = [one.inputs for one in of(plans[1], "vpc/securityGroupIngressRule:SecurityGroupIngressRule")]
    assert {(one["securityGroupId"], one["fromPort"], *(one[name] for name in sources if name in one)) for one in rules} == {
        ("shop-web-balancer-id", 80, "0.0.0.0/0"),
        ("shop-web-id", 80, "shop-web-balancer-id"),
        ("shop-database-id", 5432, "shop-web-id"),
    }


def test_it_stands_in_the_network_that_is_there(plans):
    subnets = CONFIG["shop:subnets"]
    group, server = only(plans[1], "autoscaling/group:Group"), only(plans[1], "ec2/instance:Instance")
    assert group.inputs["vpcZoneIdentifiers"] == only(plans[1], "lb/loadBalancer:LoadBalancer").inputs["subnets"] == subnets
    assert server.inputs["subnetId"] == subnets[0]
    (subnet,) = (one for one in plans[1].lookups if one.token == "aws:ec2/getSubnet:getSubnet")
    assert only(plans[1], "ebs/volume:Volume").inputs["availabilityZone"] == f"{subnet.stand_in}.availabilityZone"


def test_its_hosts_boot_as_slipways_do(plans):
    text = only(plans[1], "ec2/instance:Instance").inputs["userData"]
    for said in ('"app": "shop"', '"role": "database"', '"stack": "prod"', "s3://shop-store-id?region=eu-west-1", '{host}"'):
        assert said in text


@pytest.mark.parametrize(("stack", "kept"), [("prod", {f"aws:{one}" for one in (*STORE, "ebs/volume:Volume")}), ("dev", set())])
def test_what_is_kept(stack, kept):
    plan = recorded(False, stack)
    assert {one.type for one in plan.resources if one.protect} == kept
    assert not any(one.retain for one in plan.resources)


def test_what_it_puts_out(plans):
    assert plans[1].outputs["url"] == "http://${shop-web-balancer.dnsName}"
    assert plans[1].outputs["store"].startswith("s3://shop-store-id?region=")
    assert plans[1].outputs["database"] == "${shop-database-debian-13-arm64.privateIp}"
