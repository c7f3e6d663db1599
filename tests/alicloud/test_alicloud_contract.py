"""What is asked of Alibaba Cloud, exactly: how many of what, with which inputs, and what must not be there."""

import base64
import json
from collections import Counter
from pathlib import Path

import cases
import pytest
from clouds.shapes import goes_below_what_is_kept, kept, known, made_of

from policy import check
from policy.plan import Plan, Resource

_STACKS = Path(__file__).parent / "stacks"
SHAPES = sorted(path.stem for path in _STACKS.glob("*.yaml"))
OWN = "slipway:alicloud-ecs"
TAGS = {"project": "slipway", "stack": "dev", "owner": "slipway", "slipway:app": "shop"}
STORE = dict.fromkeys((
    "oss/bucket:Bucket", "oss/bucketAcl:BucketAcl", "oss/bucketPolicy:BucketPolicy", "oss/bucketHttpsConfig:BucketHttpsConfig",
    "oss/bucketPublicAccessBlock:BucketPublicAccessBlock", "oss/bucketServerSideEncryption:BucketServerSideEncryption",
), 1)  # fmt: skip
NETWORK = {"vpc/network:Network": 1, "vpc/switch:Switch": 2}
ROLE = {"ram/role:Role": 1, "ram/policy:Policy": 1, "ram/rolePolicyAttachment:RolePolicyAttachment": 1}
RULE = "ecs/securityGroupRule:SecurityGroupRule"
INSTANCE = {"ecs/instance:Instance": 1, "ecs/ramRoleAttachment:RamRoleAttachment": 1, "ecs/securityGroup:SecurityGroup": 1}
SERVER = {**ROLE, **INSTANCE, "ecs/eipAddress:EipAddress": 1, "ecs/eipAssociation:EipAssociation": 1, RULE: 2}
DISK = {"ecs/ecsDisk:EcsDisk": 1, "ecs/ecsDiskAttachment:EcsDiskAttachment": 1}
DATABASE = {**ROLE, **INSTANCE, **DISK, RULE: 1}
MANAGED = {"rds/instance:Instance": 1, "rds/rdsAccount:RdsAccount": 1, "rds/database:Database": 1}
TELLING = {"cms/alarmContact:AlarmContact": 1, "cms/alarmContactGroup:AlarmContactGroup": 1}
FLEET = {
    **ROLE, "ecs/securityGroup:SecurityGroup": 1, RULE: 1, "ecs/ecsLaunchTemplate:EcsLaunchTemplate": 1, "alb/loadBalancer:LoadBalancer": 1,
    "alb/serverGroup:ServerGroup": 1, "alb/listener:Listener": 1, "ess/scalingGroup:ScalingGroup": 1,
    "ess/albServerGroupAttachment:AlbServerGroupAttachment": 1,
}  # fmt: skip
SECURE = {"alb/listener:Listener": 1, "alb/rule:Rule": 1}
RECORD = {"dns/alidnsRecord:AlidnsRecord": 1}
TRANSLATED = {
    "vpc/natGateway:NatGateway": 1, "vpc/snatEntry:SnatEntry": 2, "ecs/eipAddress:EipAddress": 1, "ecs/eipAssociation:EipAssociation": 1,
}  # fmt: skip
SINGLE = (STORE, NETWORK, SERVER)
KEPT_STORE = {f"alicloud:{one}" for one in STORE}
MADE = {
    "small": SINGLE,
    "arm": (*SINGLE, {RULE: 1}),
    "sqlite": SINGLE,
    "domain": (*SINGLE, RECORD),
    "given": (STORE, SERVER),
    "data-disk": (*SINGLE, DISK),
    "own-mysql": (*SINGLE, DATABASE),
    "own-postgres": (*SINGLE, DATABASE, TELLING, {"cms/alarm:Alarm": 6}),
    "managed-mysql": (*SINGLE, MANAGED, TELLING, {"cms/alarm:Alarm": 5}),
    "nat": (STORE, NETWORK, FLEET, TRANSLATED),
    "fleet": (STORE, NETWORK, FLEET, DATABASE, SECURE, RECORD, {"ess/scalingRule:ScalingRule": 1}),
}
KEPT = {
    "data-disk": {"ecs/ecsDisk:EcsDisk"},
    "own-mysql": {"ecs/ecsDisk:EcsDisk"},
    "own-postgres": {"ecs/ecsDisk:EcsDisk"},
    "fleet": {"ecs/ecsDisk:EcsDisk"},
    "sqlite": {*ROLE, *INSTANCE, *NETWORK},
    "managed-mysql": {*MANAGED, *NETWORK, "ecs/securityGroup:SecurityGroup"},
}


def plan_of(name: str, answered: bool) -> Plan:
    return cases.read(_STACKS / f"{name}.yaml").recorded(answered).plan


def one(plan: Plan, type: str, name: str = "") -> Resource:
    (found,) = (resource for resource in plan.of(f"alicloud:{type}") if name in resource.name)
    return found


@pytest.fixture(params=[False, True], ids=["preview", "answered"])
def answered(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize("stack", SHAPES)
def test_what_is_made_what_is_kept_and_what_is_open(stack: str, answered: bool) -> None:
    """What is kept stands on nothing that goes; all rules of the policies hold. A fleet's servers are open to their network alone."""
    plan = plan_of(stack, answered)
    ours = [item for item in plan.resources if item.kind == "resource" and item.type.startswith("alicloud:")]
    assert Counter(item.type.removeprefix("alicloud:") for item in ours) == made_of(*MADE[stack])
    secrets = {"pulumi-python:dynamic/slipway:RandomSecret"} if stack == "managed-mysql" else set()
    assert kept(plan) == KEPT_STORE | secrets | {f"alicloud:{type}" for type in KEPT.get(stack, ())}
    assert goes_below_what_is_kept(plan) == []
    assert [finding for finding in check.run(plan, ()) if not finding.waived] == []
    rules = [known(item.inputs) for item in plan.of(f"alicloud:{RULE}")]
    assert {(rule["type"], rule["ipProtocol"], rule["nicType"], rule["policy"]) for rule in rules} == {
        ("ingress", "tcp", "intranet", "accept")
    }
    world = {rule["portRange"] for rule in rules if rule.get("cidrIp") == "0.0.0.0/0"}
    assert world == (set() if stack in ("nat", "fleet") else {"80/80", "443/443"})
    assert all(rule.keys() & {"cidrIp", "sourceSecurityGroupId"} for rule in rules)
    assert {item.inputs["innerAccessPolicy"] for item in plan.of("alicloud:ecs/securityGroup:SecurityGroup")} == {"Drop"}


@pytest.mark.parametrize("stack", ["own-postgres", "managed-mysql", "sqlite", "fleet", "data-disk"])
def test_a_review_stack_leaves_nothing(stack: str) -> None:
    plan = cases.read(_STACKS / f"{stack}.yaml").with_({"slipway:keepData": False}).recorded(True).plan
    assert kept(plan) == set()
    assert one(plan, "oss/bucket:Bucket").inputs["forceDestroy"] is True
    locked = [item.inputs.get("deletionProtection", False) for item in plan.resources if item.type.endswith("instance:Instance")]
    assert set(locked) == {False}
    assert {item.inputs["deleteWithInstance"] for item in plan.of("alicloud:ecs/ecsDisk:EcsDisk")} <= {False}
    assert [finding for finding in check.run(plan, ()) if not finding.waived] == []


@pytest.mark.parametrize("stack", ["small", "managed-mysql", "fleet"])
def test_no_secret_is_in_clear_text(stack: str) -> None:
    """Neither the planted one of the settings, nor what stands for one that was made, in what the cloud is told."""
    case = cases.read(_STACKS / f"{stack}.yaml")
    plain = [cases.text(item.inputs) for item in case.recorded(True).plan.resources if item.type.startswith("alicloud:")]
    planted = case.config["slipway:secretEnv"]["SECRET_KEY"]
    assert not [text for text in plain if planted in text or "0" * 28 in text]


def test_one_server(answered: bool) -> None:
    plan = plan_of("small", answered)
    server, tags = one(plan, "ecs/instance:Instance"), {**TAGS, "slipway:role": "web"}
    assert server.name == "shop-web-debian-13-amd64"
    assert set(server.ignore_changes) == {"imageId", "userData"}
    assert known(server.inputs) == {
        "imageId": None, "instanceType": "ecs.u1-c1m2.large", "instanceName": "shop-web",
        "vswitchId": None, "securityGroups": [None], "httpEndpoint": "enabled", "httpTokens": "required",
        "maintenanceAction": "AutoRecover", "systemDiskCategory": "cloud_essd", "systemDiskEncrypted": True, "systemDiskSize": 20,
        "deletionProtection": False, "userData": server.inputs["userData"] if answered else None, "tags": tags, "volumeTags": tags,
    }  # fmt: skip
    address = one(plan, "ecs/eipAssociation:EipAssociation")
    assert (plan.origins(address, "instanceId"), address.delete_before_replace) == ([server], True)
    assert plan.origins(address, "allocationId") == [one(plan, "ecs/eipAddress:EipAddress")]
    attached = one(plan, "ecs/ramRoleAttachment:RamRoleAttachment")
    assert plan.origins(attached, "instanceId") == [server]


def test_a_login_tags_and_a_processor_of_its_own(answered: bool) -> None:
    plan = plan_of("arm", answered)
    (provider,) = [item for item in plan.resources if item.type == "pulumi:providers:alicloud"]
    assert provider.inputs.items() >= {"region": "ap-southeast-1", "profile": "work"}.items()
    assert one(plan, "vpc/network:Network").inputs["tags"].items() >= {**TAGS, "cost-centre": "4711", "owner": "web-team"}.items()
    assert one(plan, "ecs/instance:Instance").name == "shop-web-ubuntu-24.04-arm64"
    (ssh,) = (item for item in plan.of(f"alicloud:{RULE}") if item.inputs["portRange"] == "22/22")
    assert ssh.inputs["cidrIp"] == "198.51.100.0/24"
    (image,) = (found for found in plan.lookups if found.token == "alicloud:ecs/getImages:getImages")
    wanted = {"owners": "system", "nameRegex": "^ubuntu_24_04_", "architecture": "arm64", "isSupportCloudInit": True, "mostRecent": True}
    assert wanted.items() <= image.arguments.items()
    if answered:
        stores = {item.inputs["store"] for item in plan.resources if "store" in item.inputs}
        assert {store.partition("?")[2] for store in stores} == {"region=ap-southeast-1&profile=work"}
        assert "profile=" not in one(plan, "ecs/instance:Instance").inputs["userData"]


def test_boot_data_says_where_and_as_whom() -> None:
    plan = plan_of("own-postgres", True)
    for role in ("web", "database"):
        text = one(plan, "ecs/instance:Instance", role).inputs["userData"]
        assert text.startswith("#cloud-config\n")
        assert f'"role": "{role}"' in text
        assert "oss-ap-southeast-1-internal.aliyuncs.com" in text
        assert ':{instance}"' in text


def test_the_store(answered: bool) -> None:
    plan = plan_of("small", answered)
    bucket = one(plan, "oss/bucket:Bucket")
    assert (bucket.inputs["redundancyType"], bucket.inputs["forceDestroy"], "versioning" in bucket.inputs) == ("ZRS", False, False)
    assert [rule["prefix"] for rule in bucket.inputs["lifecycleRules"]] == [""]
    assert one(plan, "oss/bucketAcl:BucketAcl").inputs["acl"] == "private"
    assert one(plan, "oss/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs["blockPublicAccess"] is True
    assert one(plan, "oss/bucketHttpsConfig:BucketHttpsConfig").inputs["tlsVersions"] == ["TLSv1.2", "TLSv1.3"]
    if answered:
        (statement,) = json.loads(one(plan, "oss/bucketPolicy:BucketPolicy").inputs["policy"])["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"acs:SecureTransport": ["false"]}})


@pytest.mark.parametrize(("stack", "port", "size"), [("own-postgres", 5432, 40), ("own-mysql", 3306, 20)])
def test_a_database_on_its_own_server(stack: str, port: int, size: int, answered: bool) -> None:
    plan = plan_of(stack, answered)
    disk = one(plan, "ecs/ecsDisk:EcsDisk")
    assert (disk.inputs["size"], disk.inputs["encrypted"], disk.inputs["deleteWithInstance"]) == (size, True, False)
    (rule,) = (item for item in plan.of(f"alicloud:{RULE}") if item.name.startswith("shop-database"))
    assert rule.inputs["portRange"] == f"{port}/{port}"
    assert plan.origins(rule, "sourceSecurityGroupId") == [one(plan, "ecs/securityGroup:SecurityGroup", "shop-web")]
    server = one(plan, "ecs/instance:Instance", "database")
    assert (server.inputs["tags"]["slipway:role"], server.inputs["systemDiskSize"]) == ("database", 20)
    assert server.inputs["internetMaxBandwidthOut"] == 100  # its way out; nothing lets anybody in


def test_zones_have_the_types_of_all_servers() -> None:
    plan = plan_of("own-postgres", False)
    asked = [found.arguments["availableInstanceType"] for found in plan.lookups if found.token.endswith("getZones")]
    assert sorted(asked) == ["ecs.t6-c1m2.large", "ecs.u1-c1m2.large"]


def test_data_on_a_disk_of_its_own(answered: bool) -> None:
    plan = plan_of("data-disk", answered)
    server, attachment = one(plan, "ecs/instance:Instance"), one(plan, "ecs/ecsDiskAttachment:EcsDiskAttachment")
    assert (server.name, server.inputs["deletionProtection"]) == ("shop-web-debian-13-amd64-data", False)
    assert plan.origins(attachment, "instanceId") == [server]
    assert attachment.delete_before_replace is True
    (rollout,) = plan.of("pulumi-python:dynamic/slipway:Rollout")
    for waits in (rollout, one(plan, "ecs/eipAssociation:EipAssociation")):
        assert attachment.urn in waits.depends_on
    if answered:
        assert '"disk": "/dev/disk/by-id/virtio-' in server.inputs["userData"]


def test_a_managed_database(answered: bool) -> None:
    plan = plan_of("managed-mysql", answered)
    wanted = {
        "engine": "MySQL", "engineVersion": "8.0", "instanceType": "mysql.n2.medium.1", "instanceStorage": 30,
        "category": "HighAvailability", "storageUpperBound": 120, "sslAction": "Open", "forceEncryption": 1,
        "securityIps": ["127.0.0.1"], "deletionProtection": True,
    }  # fmt: skip
    database = one(plan, "rds/instance:Instance")
    assert wanted.items() <= database.inputs.items()
    assert plan.origins(database, "securityGroupIds") == [one(plan, "ecs/securityGroup:SecurityGroup")]
    account = one(plan, "rds/rdsAccount:RdsAccount").inputs
    assert (account["accountName"], account["accountType"]) == ("slipway_owner", "Super")


def test_a_fleet(answered: bool) -> None:
    plan = plan_of("fleet", answered)
    group, template = one(plan, "ess/scalingGroup:ScalingGroup"), one(plan, "ecs/ecsLaunchTemplate:EcsLaunchTemplate")
    assert (group.inputs["minSize"], group.inputs["maxSize"], group.inputs["launchTemplateVersion"]) == (2, 4, "Latest")
    assert set(group.inputs["healthCheckTypes"]) == {"ECS", "LOAD_BALANCER"}
    assert "desiredCapacity" in group.ignore_changes
    assert plan.origins(group, "launchTemplateId") == [template]
    (first,) = plan.of("pulumi-python:dynamic/slipway:FirstRelease")
    (rollout,) = plan.of("pulumi-python:dynamic/slipway:Rollout")
    assert first.urn in group.depends_on
    assert {item.urn for item in plan.of("alicloud:alb/listener:Listener")} <= set(group.depends_on)
    assert group.urn in rollout.depends_on
    assert (template.inputs["httpTokens"], template.inputs["systemDisk"]["encrypted"]) == ("required", True)
    if answered:
        assert base64.b64decode(template.inputs["userData"]).startswith(b"#cloud-config\n")
    assert one(plan, "alb/listener:Listener", "443").inputs["certificates"] == {"certificateId": "12345678-ap-southeast-1"}
    (action,) = one(plan, "alb/rule:Rule").inputs["ruleActions"]
    assert action["redirectConfig"] == {"httpCode": "301", "protocol": "HTTPS", "port": "443"}
    record = one(plan, "dns/alidnsRecord:AlidnsRecord").inputs
    assert (record["rr"], record["type"], record["domainName"]) == ("shop", "CNAME", "example.com")


def test_servers_without_public_addresses(answered: bool) -> None:
    plan = plan_of("nat", answered)
    assert "internetMaxBandwidthOut" not in one(plan, "ecs/ecsLaunchTemplate:EcsLaunchTemplate").inputs
    (rule,) = plan.of(f"alicloud:{RULE}")
    assert (rule.inputs["portRange"], rule.inputs["cidrIp"]) == ("80/80", "10.60.0.0/16")
    assert one(plan, "ecs/eipAssociation:EipAssociation").inputs["instanceType"] == "Nat"
