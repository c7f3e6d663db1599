"""Programs of somebody's own that use a cloud's blocks: their own tests, and exactly what they ask for, in preview and in a real run."""

import os
import subprocess
import sys
from collections import Counter
from typing import Any

import put_out
import pytest
from cases import ROOT

from ops.engine import program
from ops.plan.record import plan_of, with_marks
from ops.stack.project import Project, Stack
from policy import check
from policy.plan import Plan, Resource

CONFIG = {"alicloud": {"shop:bucket": "shop-4711"}, "gcp": {"shop:bucket": "shop-4711", "shop:google": "shop-123456"}}
MADE = {
    "alicloud": {
        "vpc/network:Network": 1, "vpc/switch:Switch": 2, "ecs/securityGroup:SecurityGroup": 2,
        "ecs/securityGroupRule:SecurityGroupRule": 3, "ecs/instance:Instance": 2, "ecs/ramRoleAttachment:RamRoleAttachment": 2,
        "ecs/eipAddress:EipAddress": 1, "ecs/eipAssociation:EipAssociation": 1, "ecs/ecsDisk:EcsDisk": 1,
        "ecs/ecsDiskAttachment:EcsDiskAttachment": 1, "ram/role:Role": 2, "ram/policy:Policy": 2,
        "ram/rolePolicyAttachment:RolePolicyAttachment": 2, "oss/bucket:Bucket": 1, "oss/bucketAcl:BucketAcl": 1,
        "oss/bucketPublicAccessBlock:BucketPublicAccessBlock": 1, "oss/bucketServerSideEncryption:BucketServerSideEncryption": 1,
        "oss/bucketHttpsConfig:BucketHttpsConfig": 1, "oss/bucketPolicy:BucketPolicy": 1,
    },
    "gcp": {
        "compute/network:Network": 1, "compute/subnetwork:Subnetwork": 1, "compute/firewall:Firewall": 3, "compute/instance:Instance": 1,
        "compute/address:Address": 2, "compute/forwardingRule:ForwardingRule": 1, "dns/managedZone:ManagedZone": 1,
        "dns/recordSet:RecordSet": 1, "sql/databaseInstance:DatabaseInstance": 1, "sql/database:Database": 1, "sql/user:User": 1,
        "serviceaccount/account:Account": 1, "storage/bucket:Bucket": 1, "storage/bucketIAMMember:BucketIAMMember": 2,
    },
}  # fmt: skip


def recorded(cloud: str, answered: bool) -> Plan:
    folder = ROOT / "examples" / cloud
    recorder = put_out.Answering("shop", "prod", (folder,))
    recorder.answer = _answer if answered else None
    with with_marks():
        stack = Stack("prod", dict(CONFIG[cloud]), frozenset(), None)
        error = program.run(Project("shop", folder), stack, recorder, dry=not answered)
    assert error is None, error
    return plan_of(recorder, {})


def _answer(resource: Resource) -> tuple[str, dict[str, Any]]:
    return f"{resource.name}-id", put_out.outputs(resource.type, resource.name)


@pytest.mark.parametrize("cloud", MADE)
def test_its_own_test_passes(cloud: str) -> None:
    """Run as its readers run it; in a process of its own, since mocks stay in force."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_program.py"],
        cwd=ROOT / "examples" / cloud, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("cloud", MADE)
def test_exactly_this_is_made_within_blocks_by_its_own_provider(cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "examples" / cloud)
    plans = [recorded(cloud, answered) for answered in (False, True)]
    for plan in plans:
        ours = [one for one in plan.resources if one.kind == "resource" and one.type.startswith(f"{cloud}:")]
        assert Counter(one.type.removeprefix(f"{cloud}:") for one in ours) == MADE[cloud]
        (provider,) = (one for one in plan.resources if one.kind == "provider")
        assert {one.provider for one in ours} == {provider.urn}
        assert all(f"slipway:{cloud}:" in one.parent for one in ours)
        assert check.run(plan) == ()
    assert {one.urn for one in plans[0].resources} == {one.urn for one in plans[1].resources}
