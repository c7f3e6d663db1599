"""What is asked of Amazon, exactly: how many of what, with which inputs, and what must not be there. In preview and in a real run."""

import base64
import json
import re
from collections import Counter
from pathlib import Path

import cases
import pytest
from clouds.shapes import goes_below_what_is_kept, kept, known, made_of

from ops.plan.compare import compare
from policy import check
from policy.plan import Plan, Resource

_STACKS = Path(__file__).parent / "stacks"
TAGS = {"project": "slipway", "stack": "dev", "owner": "slipway", "slipway:app": "shop"}
STORE = {
    "s3/bucket:Bucket": 1, "s3/bucketPolicy:BucketPolicy": 1, "s3/bucketVersioning:BucketVersioning": 1,
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1, "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 1,
}  # fmt: skip
NETWORK = {
    "ec2/vpc:Vpc": 1, "ec2/internetGateway:InternetGateway": 1, "ec2/routeTable:RouteTable": 1, "ec2/route:Route": 2,
    "ec2/subnet:Subnet": 2, "ec2/routeTableAssociation:RouteTableAssociation": 2,
}  # fmt: skip
ROLE = {"iam/role:Role": 1, "iam/rolePolicy:RolePolicy": 1, "iam/instanceProfile:InstanceProfile": 1}
SERVER = {
    **ROLE, "ec2/instance:Instance": 1, "ec2/eip:Eip": 1, "ec2/eipAssociation:EipAssociation": 1, "ec2/securityGroup:SecurityGroup": 1,
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": 4, "vpc/securityGroupEgressRule:SecurityGroupEgressRule": 2,
}  # fmt: skip
DATABASE = {
    **ROLE, "ec2/instance:Instance": 1, "ebs/volume:Volume": 1, "ec2/volumeAttachment:VolumeAttachment": 1,
    "ec2/securityGroup:SecurityGroup": 1, "vpc/securityGroupIngressRule:SecurityGroupIngressRule": 1,
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": 2,
}  # fmt: skip
MANAGED = {
    "rds/instance:Instance": 1, "rds/parameterGroup:ParameterGroup": 1, "rds/subnetGroup:SubnetGroup": 1, "ec2/subnet:Subnet": 2,
    "ec2/securityGroup:SecurityGroup": 1, "vpc/securityGroupIngressRule:SecurityGroupIngressRule": 1,
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": 2,
}  # fmt: skip
FLEET = {
    **ROLE, "ec2/launchTemplate:LaunchTemplate": 1, "autoscaling/group:Group": 1, "lb/loadBalancer:LoadBalancer": 1,
    "lb/targetGroup:TargetGroup": 1, "lb/listener:Listener": 1, "ec2/securityGroup:SecurityGroup": 2,
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": 3, "vpc/securityGroupEgressRule:SecurityGroupEgressRule": 4,
}  # fmt: skip
TRANSLATED = {
    "ec2/natGateway:NatGateway": 1, "ec2/eip:Eip": 1, "ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": 1, "ec2/subnet:Subnet": 2,
    "ec2/routeTable:RouteTable": 1, "ec2/route:Route": 2, "ec2/routeTableAssociation:RouteTableAssociation": 2,
    "ec2/vpcEndpoint:VpcEndpoint": 1,
}  # fmt: skip
SECURE = {
    "acm/certificate:Certificate": 1, "acm/certificateValidation:CertificateValidation": 1, "route53/record:Record": 3,
    "lb/listener:Listener": 1, "vpc/securityGroupIngressRule:SecurityGroupIngressRule": 2,
}  # fmt: skip
SCALING = {"autoscaling/policy:Policy": 2}
TELLING = {"sns/topic:Topic": 1, "sns/topicSubscription:TopicSubscription": 1}
KEPT_STORE = {f"aws:{one}" for one in STORE}


def plan_of(name: str, answered: bool) -> Plan:
    return cases.read(_STACKS / f"{name}.yaml").recorded(answered).plan


def counts(plan: Plan) -> Counter[str]:
    return Counter(one.type.removeprefix("aws:") for one in plan.resources if one.kind == "resource" and one.type.startswith("aws:"))


def one(plan: Plan, type: str, name: str = "") -> Resource:
    (found,) = (resource for resource in plan.of(f"aws:{type}") if name in resource.name)
    return found


@pytest.fixture(params=[False, True], ids=["preview", "answered"])
def answered(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_account_login_and_tags_are_the_providers_and_the_stores(answered: bool) -> None:
    """With none of them set the provider's inputs are those of before: `test_one_server` and the real provider have them so."""
    tags = {"cost-centre": "4711", "owner": "web-team"}
    login = {"account": "123456789012", "profile": "work", "tags": tags}
    case = cases.read(_STACKS / "fleet.yaml").with_({f"slipway:aws-ec2.{name}": value for name, value in login.items()})
    plan = case.recorded(answered).plan
    (provider,) = [one for one in plan.resources if one.type == "pulumi:providers:aws"]
    told = {name: json.loads(value) if value[:1] in "[{" else value for name, value in provider.inputs.items()}
    assert told.items() >= {"region": "eu-west-1", "profile": "work", "allowedAccountIds": ["123456789012"]}.items()
    assert {**TAGS, **tags}.items() <= one(plan, "ec2/vpc:Vpc").inputs["tags"].items()
    (group,) = plan.of("aws:autoscaling/group:Group")
    assert ("cost-centre", "4711") in [(tag["key"], tag["value"]) for tag in group.inputs["tags"]]
    if answered:
        stores = {item.inputs["store"] for item in plan.resources if "store" in item.inputs}
        assert {store.partition("&")[2] for store in stores} == {"profile=work"}
        (template,) = plan.of("aws:ec2/launchTemplate:LaunchTemplate")
        assert "profile=" not in base64.b64decode(template.inputs["userData"]).decode()


def test_one_server(answered: bool) -> None:
    plan = plan_of("small", answered)
    assert counts(plan) == made_of(STORE, NETWORK, SERVER)
    assert kept(plan) == KEPT_STORE
    tags = {**TAGS, "Name": "shop-web", "slipway:role": "web"}
    server = one(plan, "ec2/instance:Instance")
    assert server.name == "shop-web-debian-13-arm64"
    assert set(server.ignore_changes) == {"ami", "associatePublicIpAddress", "userData"}
    assert known(server.inputs) == {
        "ami": None, "instanceType": "t4g.small", "subnetId": None, "vpcSecurityGroupIds": [None], "iamInstanceProfile": None,
        "associatePublicIpAddress": True, "ipv6AddressCount": 1, "privateDnsNameOptions": {"hostnameType": "resource-name"},
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
        "maintenanceOptions": {"autoRecovery": "default"}, "disableApiTermination": False, "tags": tags,
        "userData": server.inputs["userData"] if answered else None,
        "rootBlockDevice": {"volumeSize": 16, "volumeType": "gp3", "encrypted": True, "deleteOnTermination": True, "tags": tags},
    }  # fmt: skip
    address = one(plan, "ec2/eipAssociation:EipAssociation")
    assert plan.origins(address, "instanceId") == [server]
    assert plan.origins(address, "allocationId") == [one(plan, "ec2/eip:Eip")]


def test_what_is_open(answered: bool) -> None:
    """80 and 443, by both protocols; everything may go out."""
    plan = plan_of("small", answered)
    rules = [known(rule.inputs) for rule in plan.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")]
    assert {(rule["fromPort"], rule["toPort"], rule.get("cidrIpv4") or rule.get("cidrIpv6")) for rule in rules} == {
        (80, 80, "0.0.0.0/0"), (80, 80, "::/0"), (443, 443, "0.0.0.0/0"), (443, 443, "::/0"),
    }  # fmt: skip
    assert {rule["ipProtocol"] for rule in rules} == {"tcp"}
    assert all("ingress" not in group.inputs for group in plan.of("aws:ec2/securityGroup:SecurityGroup"))


def test_ssh_is_open_to_whom_it_is_given(answered: bool) -> None:
    plan = plan_of("x86", answered)
    rules = [known(rule.inputs) for rule in plan.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")]
    assert [rule.get("cidrIpv4") for rule in rules if rule["fromPort"] == 22] == ["198.51.100.0/24"]
    assert one(plan, "ec2/instance:Instance").name == "shop-web-ubuntu-24.04-amd64"


@pytest.mark.parametrize(("stack", "name", "architecture"), [("small", "debian-13-arm64-*", "arm64"), ("x86", "-amd64-server-", "x86_64")])
def test_the_image_is_looked_up_for_the_architecture(stack: str, name: str, architecture: str) -> None:
    (lookup,) = (found for found in plan_of(stack, False).lookups if found.token == "aws:ec2/getAmi:getAmi")
    filters = {one["name"]: one["values"] for one in lookup.arguments["filters"]}
    assert name in filters["name"][0]
    assert filters["architecture"] == [architecture]
    assert (lookup.arguments["mostRecent"], len(lookup.arguments["owners"])) == (True, 1)


def test_the_network(answered: bool) -> None:
    """Two zones, IPv6 everywhere, and a way out for both protocols by one gateway."""
    plan = plan_of("small", answered)
    assert known(one(plan, "ec2/vpc:Vpc").inputs) == {
        "cidrBlock": "10.60.0.0/16", "assignGeneratedIpv6CidrBlock": True, "enableDnsHostnames": True, "enableDnsSupport": True,
        "tags": {**TAGS, "Name": "shop-network"},
    }  # fmt: skip
    subnets = [known(subnet.inputs) for subnet in plan.of("aws:ec2/subnet:Subnet")]
    assert {subnet["cidrBlock"] for subnet in subnets} == {"10.60.0.0/20", "10.60.16.0/20"}
    assert all(subnet["mapPublicIpOnLaunch"] and subnet["assignIpv6AddressOnCreation"] for subnet in subnets)
    routes = [known(route.inputs) for route in plan.of("aws:ec2/route:Route")]
    assert {route.get("destinationCidrBlock") or route.get("destinationIpv6CidrBlock") for route in routes} == {"0.0.0.0/0", "::/0"}
    assert all("availabilityZone" in subnet.ignore_changes for subnet in plan.of("aws:ec2/subnet:Subnet"))


@pytest.mark.parametrize(("stack", "port", "size", "type"), [("own-postgres", 5432, 40, "t4g.micro"), ("own-mysql", 3306, 20, "t4g.small")])
def test_a_database_on_its_own_server(stack: str, port: int, size: int, type: str, answered: bool) -> None:
    plan = plan_of(stack, answered)
    assert counts(plan) == made_of(STORE, NETWORK, SERVER, DATABASE)
    assert kept(plan) == KEPT_STORE | {"aws:ebs/volume:Volume"}
    server = one(plan, "ec2/instance:Instance", "database")
    assert (server.inputs["instanceType"], server.inputs["rootBlockDevice"]["volumeSize"]) == (type, 8)
    assert server.inputs["tags"]["slipway:role"] == "database"
    volume = one(plan, "ebs/volume:Volume")
    assert known(volume.inputs) == {
        "availabilityZone": None, "size": size, "type": "gp3", "encrypted": True, "finalSnapshot": True,
        "tags": {**TAGS, "Name": "shop-database-data"},
    }  # fmt: skip
    rule = one(plan, "vpc/securityGroupIngressRule:SecurityGroupIngressRule", "shop-database")
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (port, port)
    assert plan.origins(rule, "referencedSecurityGroupId") == [one(plan, "ec2/securityGroup:SecurityGroup", "shop-web")]
    assert {"cidrIpv4", "cidrIpv6"}.isdisjoint(rule.inputs)


def test_data_on_the_web_server_keeps_it_and_what_it_stands_in(answered: bool) -> None:
    plan = plan_of("sqlite", answered)
    assert counts(plan) == made_of(STORE, NETWORK, SERVER)
    server = {"ec2/instance:Instance", "ec2/securityGroup:SecurityGroup", "vpc/securityGroupEgressRule:SecurityGroupEgressRule"}
    assert kept(plan) == KEPT_STORE | {f"aws:{one}" for one in (*server, *ROLE, *NETWORK)}
    assert one(plan, "ec2/instance:Instance").inputs["disableApiTermination"] is True
    without = cases.read(_STACKS / "sqlite.yaml").with_({"slipway:keepData": False}).recorded(answered).plan
    assert (kept(without), one(without, "ec2/instance:Instance").inputs["disableApiTermination"]) == (set(), False)


def test_data_on_a_disk_of_its_own(answered: bool) -> None:
    """That alone stays. The address moves, and a release comes, once it is attached to the server that there is by then."""
    plan = plan_of("data-disk", answered)
    assert counts(plan) == made_of(STORE, NETWORK, SERVER, {"ebs/volume:Volume": 1, "ec2/volumeAttachment:VolumeAttachment": 1})
    assert kept(plan) == KEPT_STORE | {"aws:ebs/volume:Volume"}
    server = one(plan, "ec2/instance:Instance")
    assert (server.name, server.inputs["disableApiTermination"]) == ("shop-web-debian-13-arm64-data", False)
    volume = one(plan, "ebs/volume:Volume")
    assert known(volume.inputs) == {
        "availabilityZone": None, "size": 20, "type": "gp3", "encrypted": True, "finalSnapshot": True,
        "tags": {**TAGS, "Name": "shop-web-data"},
    }  # fmt: skip
    attachment = one(plan, "ec2/volumeAttachment:VolumeAttachment")
    assert (attachment.inputs["stopInstanceBeforeDetaching"], attachment.delete_before_replace) == (True, True)
    assert plan.origins(attachment, "instanceId") == [server]
    assert plan.origins(attachment, "volumeId") == [volume]
    (serving,) = plan.of("pulumi-python:dynamic/slipway:Serving")
    (rollout,) = plan.of("pulumi-python:dynamic/slipway:Rollout")
    assert attachment.urn in serving.depends_on
    assert attachment.urn in rollout.depends_on
    assert serving.urn in one(plan, "ec2/eipAssociation:EipAssociation").depends_on
    if answered:  # whatever release it serves: by no manifest
        assert '"disk": "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_' in server.inputs["userData"]
    assert [finding for finding in check.run(plan, ()) if not finding.waived] == []


def test_a_plan_tells_what_another_image_keeps() -> None:
    case, image = cases.read(_STACKS / "data-disk.yaml"), {"slipway:aws-ec2.image": "ubuntu-24.04"}
    found = compare("before", case.recorded(False).plan, case.with_(image).recorded(False).plan)
    assert [one.message for one in found.warnings if one.kind == "removed"] == [
        "a server, is removed; shop-web-data stays with the data: nothing serves until the next server has it"
    ]
    changed = {one.urn.rpartition("::")[2]: one.op for one in found.resources}
    assert changed["shop-web-debian-13-arm64-data"] == "remove"
    assert changed["shop-web-ubuntu-24.04-arm64-data"] == "add"
    assert "shop-web-data" not in {one.urn.rpartition("::")[2] for one in found.resources if "ebs/volume" in one.urn}


def test_a_disk_for_data_that_are_on_the_server_is_refused() -> None:
    """Another server would come in the place of the one with the data, which is protected."""
    without = cases.read(_STACKS / "data-disk.yaml").with_({"slipway:aws-ec2": {"region": "eu-west-1"}})
    found = compare("before", without.recorded(False).plan, plan_of("data-disk", False))
    told = [(one.kind, one.message) for one in found.warnings if one.urn.endswith("shop-web-debian-13-arm64")]
    assert ("unprotected", "is protected, and removed: the engine refuses that until it is unprotected") in told
    assert ("removed", "a server, is removed with all that is on it: back it up first") in told


@pytest.mark.parametrize("stack", sorted(path.stem for path in _STACKS.glob("*.yaml")))
def test_what_is_kept_stands_on_nothing_that_goes(stack: str) -> None:
    """What the Pulumi CLI's `--exclude-protected` leaves: all that something protected was made of. That is what is listed, no more."""
    plan = plan_of(stack, True)
    assert goes_below_what_is_kept(plan) == []


@pytest.mark.parametrize("stack", ["own-postgres", "managed-postgres", "sqlite", "fleet"])
def test_a_review_stack_leaves_nothing(answered: bool, stack: str) -> None:
    """The stack as .github/scripts/review.sh sets it. That the provider then removes all of it tests/aws/test_real_provider.py shows."""
    plan = cases.read(_STACKS / f"{stack}.yaml").with_({"slipway:keepData": False, "slipway:lastSnapshot": False}).recorded(answered).plan
    assert kept(plan) == set()
    assert one(plan, "s3/bucket:Bucket").inputs["forceDestroy"] is True
    assert [item.inputs["finalSnapshot"] for item in plan.of("aws:ebs/volume:Volume")] == [False] * (stack == "own-postgres")
    # Of a volume that is there it changes nothing: the provider would make another one, empty.
    assert all("finalSnapshot" in item.ignore_changes for item in plan.of("aws:ebs/volume:Volume"))
    for database in plan.of("aws:rds/instance:Instance"):
        assert (database.inputs["skipFinalSnapshot"], database.inputs["deletionProtection"]) == (True, False)
    assert [finding for finding in check.run(plan, ()) if not finding.waived] == []


def test_without_its_data_nothing_is_kept(answered: bool) -> None:
    case = cases.read(_STACKS / "own-postgres.yaml").with_({"slipway:keepData": False})
    plan = case.recorded(answered).plan
    assert kept(plan) == set()
    assert one(plan, "s3/bucket:Bucket").inputs["forceDestroy"] is True
    assert [finding for finding in check.run(plan, ()) if not finding.waived] == []


@pytest.mark.parametrize("stack", ["given", "default"])
def test_an_existing_network_is_left_alone(stack: str, answered: bool) -> None:
    plan = plan_of(stack, answered)
    assert counts(plan) == made_of(STORE, SERVER)
    assert "ipv6AddressCount" not in one(plan, "ec2/instance:Instance").inputs
    looked_up = Counter(found.token for found in plan.lookups)
    assert looked_up["aws:ec2/getSubnets:getSubnets"] == (stack == "default")


def test_the_store(answered: bool) -> None:
    plan = plan_of("small", answered)
    policy = one(plan, "s3/bucketPolicy:BucketPolicy").inputs["policy"]
    if answered:
        (statement,) = json.loads(policy)["Statement"]
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert known(one(plan, "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]) == [{
        "id": "old-versions", "status": "Enabled", "filter": {"prefix": ""}, "noncurrentVersionExpiration": {"noncurrentDays": 30},
        "expiration": {"expiredObjectDeleteMarker": True}, "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
    }, {
        "id": "outcomes", "status": "Enabled", "filter": {"prefix": "outcomes/"},
        "noncurrentVersionExpiration": {"noncurrentDays": 1},
    }]  # fmt: skip
    assert one(plan, "s3/bucketVersioning:BucketVersioning").inputs["versioningConfiguration"] == {"status": "Enabled"}


def test_boot_data_says_where_and_as_whom() -> None:
    plan = plan_of("own-postgres", True)
    for role in ("web", "database"):
        text = one(plan, "ec2/instance:Instance", role).inputs["userData"]
        assert text.startswith("#cloud-config\n")
        assert f'"role": "{role}"' in text
        assert "?region=eu-west-1" in text
        assert ':{host}"' in text


@pytest.mark.parametrize(
    ("stack", "engine", "port", "alarms"), [("managed-postgres", "postgres", 5432, 0), ("managed-mysql", "mysql", 3306, 3)]
)
def test_a_managed_database(stack: str, engine: str, port: int, alarms: int, answered: bool) -> None:
    plan = plan_of(stack, answered)
    told = made_of(TELLING, {"cloudwatch/metricAlarm:MetricAlarm": alarms}) if alarms else {}
    assert counts(plan) == made_of(STORE, NETWORK, SERVER, MANAGED, told)
    database = one(plan, "rds/instance:Instance")
    wanted = {
        "engine": engine,
        "publiclyAccessible": False,
        "storageEncrypted": True,
        "deletionProtection": True,
        "skipFinalSnapshot": False,
    }
    assert wanted.items() <= database.inputs.items()
    assert kept(plan) == KEPT_STORE | {
        "aws:rds/instance:Instance", "aws:rds/parameterGroup:ParameterGroup", "aws:rds/subnetGroup:SubnetGroup", "aws:ec2/vpc:Vpc",
        "aws:ec2/subnet:Subnet", "aws:ec2/securityGroup:SecurityGroup", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "pulumi-python:dynamic/slipway:RandomSecret",
    }  # fmt: skip
    assert {subnet.name for subnet in plan.of("aws:ec2/subnet:Subnet") if subnet.protect} == {f"shop-network-database-{n}" for n in (0, 1)}
    rule = one(plan, "vpc/securityGroupIngressRule:SecurityGroupIngressRule", "shop-database")
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (port, port)
    assert plan.origins(rule, "referencedSecurityGroupId") == [one(plan, "ec2/securityGroup:SecurityGroup", "shop-web")]


def test_a_fleet(answered: bool) -> None:
    plan = plan_of("fleet", answered)
    assert counts(plan) == made_of(STORE, NETWORK, FLEET, SECURE, MANAGED, TELLING, {"cloudwatch/metricAlarm:MetricAlarm": 4}, SCALING)
    group = one(plan, "autoscaling/group:Group")
    assert (group.inputs["minSize"], group.inputs["maxSize"], group.inputs["healthCheckType"]) == (2, 4, "ELB")
    first, rollout = (one_of_ours(plan, name) for name in ("FirstRelease", "Rollout"))
    assert first.urn in group.depends_on
    assert group.urn in rollout.depends_on
    assert "aws:ec2/instance:Instance" not in {resource.type for resource in plan.resources}
    assert not [*plan.of("pulumi-python:dynamic/slipway:Serving")]


def test_a_fleet_is_reached_through_its_load_balancer_alone(answered: bool) -> None:
    plan = plan_of("fleet", answered)
    rules = [
        rule for rule in plan.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") if rule.name.startswith("shop-web-balancer")
    ]
    world = [rule for rule in rules if known(rule.inputs).keys() & {"cidrIpv4", "cidrIpv6"}]
    assert {rule.inputs["fromPort"] for rule in world} == {80, 443}
    (inner,) = (rule for rule in rules if rule not in world)
    assert inner.inputs["fromPort"] == 80
    assert plan.origins(inner, "referencedSecurityGroupId") == [one(plan, "ec2/securityGroup:SecurityGroup", "balancer")]


def test_servers_without_public_addresses(answered: bool) -> None:
    plan = plan_of("nat", answered)
    assert counts(plan) == made_of(STORE, NETWORK, FLEET, TRANSLATED)
    (interface,) = one(plan, "ec2/launchTemplate:LaunchTemplate").inputs["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "false"
    assert kept(plan) == KEPT_STORE


def test_a_managed_database_as_the_settings_want_it(answered: bool) -> None:
    said = {"version": "16", "multiAz": True, "backupDays": 30, "applyNow": True}
    case = cases.read(_STACKS / "managed-postgres.yaml")
    plan = case.with_({f"slipway:aws-ec2.database.{name}": value for name, value in said.items()}).recorded(answered).plan
    wanted = {
        "engineVersion": "16",
        "multiAz": True,
        "backupRetentionPeriod": 30,
        "applyImmediately": True,
        "allowMajorVersionUpgrade": True,
    }
    assert one(plan, "rds/instance:Instance").inputs.items() >= wanted.items()
    before = one(case.recorded(answered).plan, "rds/instance:Instance").inputs
    assert not {"multiAz", "applyImmediately", "allowMajorVersionUpgrade"} & before.keys()


def test_another_size_of_a_fleet_is_told_to_be_of_new_servers() -> None:
    case = cases.read(_STACKS / "fleet.yaml")
    changes = {"instanceType": "m7g.large", "disk": 30}
    now = case.with_({f"slipway:aws-ec2.{name}": value for name, value in changes.items()}).recorded(False).plan
    (warning,) = compare("before", case.recorded(False).plan, now).warnings
    assert re.sub(r"\[.*?\)\.rootDeviceName\]", "[0]", warning.message) == (
        "servers that run stay as they are: the change of blockDeviceMappings[0].ebs.volumeSize, instanceType "
        "is for those started from then on"
    )
    tagged = case.with_({"slipway:aws-ec2.tags": {"a": "b"}}).recorded(False).plan
    assert compare("before", case.recorded(False).plan, tagged).warnings == ()


def test_a_balancer_as_the_settings_want_it(answered: bool) -> None:
    """With a certificate that is there, nothing of one is made, and the domain needs no zone here."""
    certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/0123-abcd"
    said = {"certificate": certificate, "instances.requests": 0, "zone": None}
    case = cases.read(_STACKS / "fleet.yaml").with_({f"slipway:aws-ec2.{name}": value for name, value in said.items()})
    plan = case.recorded(answered).plan
    assert one(plan, "lb/listener:Listener", "443").inputs["certificateArn"] == certificate
    assert len([*plan.of("aws:autoscaling/policy:Policy")]) == 1
    assert [*plan.of("aws:acm/certificate:Certificate", "aws:route53/record:Record")] == []


@pytest.mark.parametrize("placement", ["none", "own-host"])
def test_servers_stand_in_private_subnets_that_are_there(answered: bool, placement: str) -> None:
    """Behind a load balancer in the public ones, without public addresses, though it be one server."""
    private = ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"]
    database = {"engine": "none"} if placement == "none" else {"engine": "postgres", "placement": placement}
    changes = {"slipway:aws-ec2.network.serverSubnets": private, "slipway:database": database}
    plan = cases.read(_STACKS / "given.yaml").with_(changes).recorded(answered).plan
    public = cases.read(_STACKS / "given.yaml").config["slipway:aws-ec2"]["network"]["subnets"]
    assert one(plan, "lb/loadBalancer:LoadBalancer").inputs["subnets"] == public
    (interface,) = one(plan, "ec2/launchTemplate:LaunchTemplate").inputs["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "false"
    assert one(plan, "autoscaling/group:Group").inputs["vpcZoneIdentifiers"] == private
    servers = [found.inputs for found in plan.of("aws:ec2/instance:Instance")]
    assert [(found["subnetId"], found["associatePublicIpAddress"]) for found in servers] == [(private[0], False)] * (placement != "none")


@pytest.mark.parametrize("stack", ["small", "own-postgres"])
def test_zones_have_the_instance_types(stack: str) -> None:
    lookups = [found.arguments["filters"] for found in plan_of(stack, False).lookups if "InstanceTypeOfferings" in found.token]
    assert [filters[0]["values"] for filters in lookups] == ([["t4g.small"]] if stack == "small" else [["t4g.micro"], ["t4g.small"]])


def test_a_fleet_with_a_database_on_its_own_server(answered: bool) -> None:
    plan = plan_of("fleet-own", answered)
    assert counts(plan) == made_of(STORE, NETWORK, FLEET, TRANSLATED, DATABASE, SCALING)
    assert one(plan, "ec2/instance:Instance").inputs["associatePublicIpAddress"] is False


def test_a_name_leads_to_the_server(answered: bool) -> None:
    plan = plan_of("domain", answered)
    assert counts(plan) == made_of(STORE, NETWORK, SERVER, {"route53/record:Record": 1})
    record = one(plan, "route53/record:Record")
    assert (record.inputs["name"], record.inputs["type"]) == ("www.example.com", "A")
    assert plan.origins(record, "records") == [one(plan, "ec2/eip:Eip")]


def one_of_ours(plan: Plan, name: str) -> Resource:
    (found,) = plan.of(f"pulumi-python:dynamic/slipway:{name}")
    return found
