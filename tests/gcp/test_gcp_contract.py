"""What is asked of Google Cloud, exactly: how many of what, with which inputs, and what must not be there."""

import json
from collections import Counter
from pathlib import Path

import cases
import pytest
from clouds.shapes import goes_below_what_is_kept, kept, known, made_of

from components.gcp import common
from components.gcp.blocks.host_role import rights
from policy import check
from policy.plan import Plan, Resource

_STACKS = Path(__file__).parent / "stacks"
SHAPES = sorted(path.stem for path in _STACKS.glob("*.yaml"))
OWN = "slipway:gcp-vm"
LABELS = {"project": "slipway", "stack": "dev", "owner": "slipway", "slipway-app": "shop"}
FIREWALL, INSTANCE = "compute/firewall:Firewall", "compute/instance:Instance"
SERVICES = {"projects/service:Service": 5}
MORE = {"projects/service:Service": 1}
STORE = {"storage/bucket:Bucket": 1}
NETWORK = {"compute/network:Network": 1, "compute/subnetwork:Subnetwork": 1}
ROLE = {"serviceaccount/account:Account": 1, "storage/bucketIAMMember:BucketIAMMember": 2, FIREWALL: 2}
ADDRESS = {"compute/address:Address": 1}
SERVER = {**ROLE, **ADDRESS, INSTANCE: 1}
DISK = {"compute/disk:Disk": 1, "compute/attachedDisk:AttachedDisk": 1}
DATABASE = {**ROLE, **DISK, INSTANCE: 1}
CLOUD_SQL = {"sql/databaseInstance:DatabaseInstance": 1, "sql/user:User": 1, "sql/database:Database": 1}
REACHED = {
    **ADDRESS, FIREWALL: 2, "compute/forwardingRule:ForwardingRule": 1, "dns/managedZone:ManagedZone": 1, "dns/recordSet:RecordSet": 1,
}  # fmt: skip
TELLING = {
    **MORE, "monitoring/notificationChannel:NotificationChannel": 1, "monitoring/uptimeCheckConfig:UptimeCheckConfig": 1,
}  # fmt: skip
ALARM = "monitoring/alertPolicy:AlertPolicy"
AGENT, RIGHT = "compute/globalVmExtensionPolicy:GlobalVmExtensionPolicy", "projects/iAMMember:IAMMember"
FLEET = {
    **ROLE, "compute/regionInstanceTemplate:RegionInstanceTemplate": 1, "compute/regionAutoscaler:RegionAutoscaler": 1,
    "compute/regionInstanceGroupManager:RegionInstanceGroupManager": 1, "compute/healthCheck:HealthCheck": 1,
    "compute/backendService:BackendService": 1, "compute/uRLMap:URLMap": 1, "compute/targetHttpProxy:TargetHttpProxy": 1,
    "compute/globalAddress:GlobalAddress": 1, "compute/globalForwardingRule:GlobalForwardingRule": 1,
}  # fmt: skip
RECORD = {"dns/recordSet:RecordSet": 1}
SECURE = {
    "compute/uRLMap:URLMap": 1, "compute/targetHttpsProxy:TargetHttpsProxy": 1, "compute/sSLPolicy:SSLPolicy": 1,
    "compute/globalForwardingRule:GlobalForwardingRule": 1, "certificatemanager/dnsAuthorization:DnsAuthorization": 1,
    "certificatemanager/certificate:Certificate": 1, "certificatemanager/certificateMap:CertificateMap": 1,
    "certificatemanager/certificateMapEntry:CertificateMapEntry": 1, **RECORD,
}  # fmt: skip
TRANSLATED = {"compute/router:Router": 1, "compute/routerNat:RouterNat": 1}
SINGLE = (SERVICES, STORE, NETWORK, SERVER)
MADE = {
    "small": SINGLE,
    "arm": SINGLE,
    "sqlite": SINGLE,
    "domain": (*SINGLE, RECORD, MORE),
    "given": (SERVICES, STORE, SERVER),
    "data-disk": (*SINGLE, DISK),
    "own-mysql": (*SINGLE, DATABASE),
    "own-postgres": (*SINGLE, DATABASE, TELLING, {ALARM: 5}, {AGENT: 1, RIGHT: 4}, MORE),
    "managed-mysql": (*SINGLE, CLOUD_SQL, REACHED, MORE, MORE),
    "managed-postgres": (*SINGLE, CLOUD_SQL, REACHED, MORE, MORE, TELLING, {ALARM: 4}),
    "nat": (SERVICES, STORE, NETWORK, FLEET, TRANSLATED),
    "fleet": (SERVICES, STORE, NETWORK, FLEET, DATABASE, SECURE, RECORD, MORE, MORE),
}
KEPT = {
    "data-disk": {"compute/disk:Disk"},
    "own-mysql": {"compute/disk:Disk"},
    "own-postgres": {"compute/disk:Disk"},
    "fleet": {"compute/disk:Disk"},
    "sqlite": {*NETWORK, *SERVER} - {FIREWALL},
    "managed-mysql": {*CLOUD_SQL},
    "managed-postgres": {*CLOUD_SQL},
}


def plan_of(name: str, answered: bool) -> Plan:
    return cases.read(_STACKS / f"{name}.yaml").recorded(answered).plan


def one(plan: Plan, type: str, name: str = "") -> Resource:
    (found,) = (resource for resource in plan.of(f"gcp:{type}") if name in resource.name)
    return found


@pytest.fixture(params=[False, True], ids=["preview", "answered"])
def answered(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize("stack", SHAPES)
def test_what_is_made_what_is_kept_and_what_is_open(stack: str, answered: bool) -> None:
    """What is kept stands on nothing that goes; all rules of the policies hold. A fleet's servers are open to the load balancer alone."""
    plan = plan_of(stack, answered)
    ours = [item for item in plan.resources if item.kind == "resource" and item.type.startswith("gcp:")]
    assert Counter(item.type.removeprefix("gcp:") for item in ours) == made_of(*MADE[stack])
    secrets = {"pulumi-python:dynamic/slipway:RandomSecret"} if stack.startswith("managed") else set()
    assert kept(plan) == secrets | {f"gcp:{type}" for type in (*STORE, *KEPT.get(stack, ()))}
    assert goes_below_what_is_kept(plan) == []
    assert [finding for finding in check.run(plan, ()) if not finding.waived] == []
    rules = {item.name: known(item.inputs) for item in plan.of(f"gcp:{FIREWALL}") if item.inputs["direction"] == "INGRESS"}
    sources = {name.rpartition("-")[2]: rule.get("sourceRanges") for name, rule in rules.items() if "sourceRanges" in rule}
    balanced = {"balancer": ["130.211.0.0/22", "35.191.0.0/16"]} if stack in ("nat", "fleet") else {"world": ["0.0.0.0/0"]}
    ssh = ["35.235.240.0/20", *(["198.51.100.0/24"] if stack == "arm" else [])]
    assert sources == {**balanced, "ssh": ssh}
    ports = {name.rpartition("-")[2]: rule["allows"] for name, rule in rules.items()}
    opened = {"balancer": ["80"], "world": ["80", "443"], "ssh": ["22"], "web": ["3306" if "mysql" in stack else "5432"]}
    assert ports == {name: [{"protocol": "tcp", "ports": opened[name]}] for name in ports}
    assert [name for name, rule in rules.items() if len(rule["targetServiceAccounts"]) != 1] == []


@pytest.mark.parametrize("stack", ["own-postgres", "managed-postgres", "sqlite", "fleet", "data-disk"])
def test_a_review_stack_leaves_nothing(stack: str) -> None:
    plan = cases.read(_STACKS / f"{stack}.yaml").with_({"slipway:keepData": False, "slipway:lastSnapshot": False}).recorded(True).plan
    assert kept(plan) == set()
    bucket = one(plan, "storage/bucket:Bucket").inputs
    assert (bucket["forceDestroy"], bucket["softDeletePolicy"]) == (True, {"retentionDurationSeconds": 0})
    assert {item.inputs["deletionProtection"] for item in plan.of(f"gcp:{INSTANCE}")} <= {False}
    assert {item.inputs["createSnapshotBeforeDestroy"] for item in plan.of("gcp:compute/disk:Disk")} <= {False}
    assert [finding for finding in check.run(plan, ()) if not finding.waived] == []


@pytest.mark.parametrize("stack", ["small", "managed-postgres", "fleet"])
def test_no_secret_is_in_clear_text(stack: str) -> None:
    """Neither the planted one of the settings, nor what stands for one that was made, in what the cloud is told."""
    case = cases.read(_STACKS / f"{stack}.yaml")
    plain = [cases.text(item.inputs) for item in case.recorded(True).plan.resources if item.type.startswith("gcp:")]
    planted = case.config["slipway:secretEnv"]["SECRET_KEY"]
    assert not [text for text in plain if planted in text or "0" * 28 in text]


def test_one_server(answered: bool) -> None:
    plan = plan_of("small", answered)
    server = one(plan, INSTANCE)
    assert set(server.ignore_changes) == {"bootDisk.initializeParams.image", "attachedDisks"}
    assert server.delete_before_replace is True  # its address can't be another's at the same time
    disk = {"image": "debian-cloud/debian-13", "size": 16, "type": "pd-balanced"}
    assert known(server.inputs) == {
        "machineType": "e2-small", "zone": "europe-west1-b", "allowStoppingForUpdate": True, "deletionProtection": False,
        "bootDisk": {"deviceName": "debian-13-amd64", "autoDelete": True, "initializeParams": disk},
        "networkInterfaces": [{"subnetwork": None, "accessConfigs": [{"natIp": None}]}],
        "serviceAccount": {"email": None, "scopes": ["cloud-platform"]},
        "shieldedInstanceConfig": {"enableSecureBoot": True, "enableVtpm": True, "enableIntegrityMonitoring": True},
        "metadata": {
            "startup-script": server.inputs["metadata"]["startup-script"] if answered else None, "enable-oslogin": "TRUE",
            "block-project-ssh-keys": "TRUE", "enable-guest-attributes": "TRUE", "serial-port-enable": "FALSE",
        },
        "labels": {**LABELS, "slipway-role": "web"},
    }  # fmt: skip
    assert plan.origins(server, "networkInterfaces", "gcp:compute/address:Address") == [one(plan, "compute/address:Address")]
    assert plan.origins(server, "serviceAccount", "gcp:serviceaccount/account:Account") == [one(plan, "serviceaccount/account:Account")]


def test_the_project_has_the_services_before_anything_is_made(answered: bool) -> None:
    plan = plan_of("managed-postgres", answered)
    services = {item.inputs["service"].partition(".")[0]: item for item in plan.of("gcp:projects/service:Service")}
    assert set(services) == {"compute", "iam", "iap", "oslogin", "storage", "sqladmin", "dns", "monitoring"}
    assert {item.inputs["disableOnDestroy"] for item in services.values()} == {False}
    early, late = (item for name in ("services", "gcp") for item in plan.of("pulumi:providers:gcp") if item.name == f"shop-{name}")
    assert {item.urn for item in services.values()} <= set(late.depends_on)
    for provider in (early, late):
        assert provider.inputs.items() >= {"project": "shop-123456", "region": "europe-west1"}.items()
    others = [item for item in plan.resources if item.type.startswith("gcp:") and item not in services.values()]
    assert ({item.provider for item in services.values()}, {item.provider for item in others}) == ({early.urn}, {late.urn})


def test_labels_and_a_processor_of_its_own(answered: bool) -> None:
    plan = plan_of("arm", answered)
    server = one(plan, INSTANCE)
    assert server.inputs["labels"] == {**LABELS, "slipway-role": "web", "cost-centre": "4711", "owner": "web-team"}
    wanted = {"image": "ubuntu-os-cloud/ubuntu-2404-lts-arm64", "size": 16, "type": "hyperdisk-balanced"}
    assert server.inputs["bootDisk"]["initializeParams"] == wanted
    assert server.inputs["bootDisk"]["deviceName"].startswith("ubuntu-24-04-arm64-")
    assert (server.inputs["zone"], plan.lookups) == ("europe-west1-c", ())


@pytest.mark.parametrize(("region", "letters"), [("us-east1", "bcd"), ("us-central1", "abc")])
def test_the_zones_of_a_fleet_are_known_before_google_is_asked(region: str, letters: str) -> None:
    plan = cases.read(_STACKS / "nat.yaml").with_({f"{OWN}.region": region}).recorded().plan
    group = one(plan, "compute/regionInstanceGroupManager:RegionInstanceGroupManager")
    assert group.inputs["distributionPolicyZones"] == [f"{region}-{letter}" for letter in letters]
    assert plan.lookups == ()


def test_an_existing_network_and_image(answered: bool) -> None:
    plan = plan_of("given", answered)
    network = "projects/nets-123456/global/networks/main"
    assert {item.inputs["network"] for item in plan.of(f"gcp:{FIREWALL}")} == {network}
    assert one(plan, INSTANCE).inputs["bootDisk"]["initializeParams"]["image"] == "projects/images-42/global/images/web-7"
    (subnet,) = (found for found in plan.lookups if found.token.endswith("getSubnetwork"))
    assert subnet.arguments["selfLink"] == "https://www.googleapis.com/compute/v1/projects/nets-123456/regions/europe-west1/subnetworks/web"


def test_boot_data_says_where_and_as_whom() -> None:
    plan = plan_of("own-postgres", True)
    for role in ("web", "database"):
        text = one(plan, INSTANCE, role).inputs["metadata"]["startup-script"]
        assert text.startswith("#!/bin/sh\n")
        assert f'"role": "{role}"' in text
        assert '"store": "gs://' in text
        assert ':{host}"' in text


def test_the_store(answered: bool) -> None:
    bucket = one(plan_of("small", answered), "storage/bucket:Bucket").inputs
    assert (bucket["location"], bucket["forceDestroy"], bucket["labels"]) == ("europe-west1", False, LABELS)
    assert (bucket["uniformBucketLevelAccess"], bucket["publicAccessPrevention"]) == (True, "enforced")
    assert (bucket["versioning"], bucket["softDeletePolicy"]) == ({"enabled": True}, {"retentionDurationSeconds": 604800})
    conditions = [rule["condition"] for rule in bucket["lifecycleRules"] if rule["action"]["type"] == "Delete"]
    assert all(one["daysSinceNoncurrentTime"] and one["withState"] == "ARCHIVED" for one in conditions)  # never what is current


@pytest.mark.parametrize("role", ["web", "database"])
def test_what_a_server_may_do_in_the_store(role: str) -> None:
    """By condition, in no other role's folders; a list is asked for of the bucket."""
    plan = plan_of("own-postgres", True)
    members = {
        item.inputs["role"]: item.inputs["condition"]["expression"]
        for item in plan.of("gcp:storage/bucketIAMMember:BucketIAMMember") if item.name.startswith(f"shop-{role}-")
    }  # fmt: skip
    assert set(members) == {"roles/storage.objectViewer", "roles/storage.objectUser"}
    for expression in members.values():
        assert 0 < expression.count("||") < 12  # Google takes no more
        asked = [one.partition(".startsWith('")[2].removesuffix("')") for one in expression.split(" || ")]
        objects = [one.partition("/objects/")[2] for one in asked if one.startswith("projects/_/buckets/")]
        listed = [one for one in asked if not one.startswith("projects/")]
        assert objects == listed
        assert all(objects)
        other = {"web": "database", "database": "web"}[role]
        assert not [one for one in objects if other in one]
    own = f"${{shop-{role}.email}}"
    folders = rights(own, role, role == "database")
    assert {name.rpartition(".")[2]: expression for name, expression in members.items()} == {
        right: common.below("shop-store-id", names) for right, names in folders.items()
    }


@pytest.mark.parametrize(
    ("stack", "port", "size", "type"), [("own-postgres", "5432", 40, "n2-standard-2"), ("own-mysql", "3306", 20, "e2-small")]
)
def test_a_database_on_its_own_server(stack: str, port: str, size: int, type: str, answered: bool) -> None:
    plan = plan_of(stack, answered)
    server, disk = one(plan, INSTANCE, "database"), one(plan, "compute/disk:Disk")
    assert (disk.inputs["size"], disk.inputs["type"], disk.inputs["createSnapshotBeforeDestroy"]) == (size, "pd-balanced", True)
    (rule,) = (item for item in plan.of(f"gcp:{FIREWALL}") if item.name == "shop-database-web")
    assert rule.inputs["allows"] == [{"protocol": "tcp", "ports": [port]}]
    accounts = [
        plan.origins(rule, name, "gcp:serviceaccount/account:Account") for name in ("sourceServiceAccounts", "targetServiceAccounts")
    ]
    assert accounts == [[one(plan, "serviceaccount/account:Account", name)] for name in ("web", "database")]
    assert (server.inputs["machineType"], server.inputs["labels"]["slipway-role"]) == (type, "database")
    assert server.inputs["bootDisk"]["initializeParams"]["size"] == 20
    assert server.inputs["networkInterfaces"][0]["accessConfigs"] == [{}]  # its way out; nothing lets anybody in
    attached = one(plan, "compute/attachedDisk:AttachedDisk")
    assert (attached.inputs["deviceName"], attached.delete_before_replace) == ("slipway-data", True)


def test_data_on_a_disk_of_its_own(answered: bool) -> None:
    plan = plan_of("data-disk", answered)
    server, attached = one(plan, INSTANCE), one(plan, "compute/attachedDisk:AttachedDisk")
    assert (server.inputs["bootDisk"]["deviceName"], server.inputs["deletionProtection"]) == ("debian-13-amd64-data", False)
    assert plan.origins(attached, "instance") == [server]
    (rollout,) = plan.of("pulumi-python:dynamic/slipway:Rollout")
    assert attached.urn in rollout.depends_on
    if answered:
        assert '"disk": "/dev/disk/by-id/google-slipway-data"' in server.inputs["metadata"]["startup-script"]


@pytest.mark.parametrize(("stack", "networks"), [("own-mysql", "35.235.240.0/20"), ("arm", "35.235.240.0/20, 198.51.100.0/24")])
def test_hosts_themselves_let_ssh_in_from_googles_proxy(stack: str, networks: str) -> None:
    (rollout,) = plan_of(stack, True).of("pulumi-python:dynamic/slipway:Rollout")
    systems = json.loads(rollout.inputs["manifest"])["host"]["system"]
    assert systems
    for files in systems.values():
        (firewall,) = (one["content"] for one in files if one["path"].endswith(".nft"))
        assert f"ip saddr {{ {networks} }} tcp dport {{ 22 }} accept" in firewall


@pytest.mark.parametrize(("stack", "version", "tier", "disk"), [
    ("managed-postgres", "POSTGRES_17", "db-custom-2-7680", 30), ("managed-mysql", "MYSQL_8_4", "db-custom-1-3840", 20),
])  # fmt: skip
def test_a_managed_database(stack: str, version: str, tier: str, disk: int, answered: bool) -> None:
    plan = plan_of(stack, answered)
    server = one(plan, "sql/databaseInstance:DatabaseInstance").inputs
    settings, standby = server["settings"], stack == "managed-postgres"
    assert (server["databaseVersion"], settings["tier"], settings["diskSize"]) == (version, tier, disk)
    assert settings["availabilityType"] == ("REGIONAL" if standby else "ZONAL")
    assert (settings["ipConfiguration"]["ipv4Enabled"], settings["ipConfiguration"]["sslMode"]) == (False, "ENCRYPTED_ONLY")
    assert (settings["deletionProtectionEnabled"], server["deletionProtection"]) == (True, False)


def test_a_fleet(answered: bool) -> None:
    plan = plan_of("fleet", answered)
    group = one(plan, "compute/regionInstanceGroupManager:RegionInstanceGroupManager")
    template = one(plan, "compute/regionInstanceTemplate:RegionInstanceTemplate")
    assert plan.origins(group, "versions") == [template]
    assert group.inputs["updatePolicy"] == {"type": "PROACTIVE", "minimalAction": "REPLACE", "maxSurgeFixed": 3, "maxUnavailableFixed": 0}
    assert group.inputs["autoHealingPolicies"]["initialDelaySec"] == 600
    assert (group.inputs["waitForInstances"], "targetSize" in group.inputs, "name" in template.inputs) == (False, False, False)
    assert (template.name, set(template.ignore_changes)) == ("shop-web-debian-13-amd64", {"disks[0].sourceImage"})
    assert template.inputs["networkInterfaces"][0]["accessConfigs"] == [{}]
    (first,) = plan.of("pulumi-python:dynamic/slipway:FirstRelease")
    (rollout,) = plan.of("pulumi-python:dynamic/slipway:Rollout")
    assert first.urn in group.depends_on
    assert group.urn in rollout.depends_on
    policy = one(plan, "compute/regionAutoscaler:RegionAutoscaler").inputs["autoscalingPolicy"]
    assert (policy["minReplicas"], policy["maxReplicas"], policy["loadBalancingUtilization"]) == (2, 4, {"target": 1.0})


def test_the_way_in_to_a_fleet(answered: bool) -> None:
    plan = plan_of("fleet", answered)
    service = one(plan, "compute/backendService:BackendService").inputs
    (backend,) = service["backends"]
    assert (backend["balancingMode"], backend["maxRatePerInstance"]) == ("RATE", 50.0)
    assert service["customRequestHeaders"] == ["X-Real-Ip:{client_ip_address}"]
    assert (service["loadBalancingScheme"], service["connectionDrainingTimeoutSec"]) == ("EXTERNAL_MANAGED", 30)
    assert one(plan, "compute/healthCheck:HealthCheck").inputs["httpHealthCheck"] == {"port": 80, "requestPath": "/-/live"}
    maps = {item.name: item for item in plan.of("gcp:compute/uRLMap:URLMap")}
    assert maps["shop-web-to-https"].inputs["defaultUrlRedirect"]["httpsRedirect"] is True
    secure, plain = one(plan, "compute/targetHttpsProxy:TargetHttpsProxy"), one(plan, "compute/targetHttpProxy:TargetHttpProxy")
    assert (plan.origins(secure, "urlMap"), plan.origins(plain, "urlMap")) == ([maps["shop-web"]], [maps["shop-web-to-https"]])
    policy = one(plan, "compute/sSLPolicy:SSLPolicy").inputs
    assert (policy["profile"], policy["minTlsVersion"]) == ("MODERN", "TLS_1_2")
    rules = {
        item.inputs["portRange"]: plan.origins(item, "target") for item in plan.of("gcp:compute/globalForwardingRule:GlobalForwardingRule")
    }
    assert rules == {"80": [plain], "443": [secure]}
    record = one(plan, "dns/recordSet:RecordSet", "shop-name").inputs
    assert (record["name"], record["type"]) == ("shop.example.com.", "A")
    if answered:
        assert secure.inputs["certificateMap"].startswith("//certificatemanager.googleapis.com/")
        (rollout,) = plan.of("pulumi-python:dynamic/slipway:Rollout")
        (front,) = (one["content"] for one in json.loads(rollout.inputs["manifest"])["files"] if one["path"] == "etc/nginx.conf")
        wanted = ("set_real_ip_from 130.211.0.0/22", "set_real_ip_from 35.191.0.0/16", "real_ip_header X-Real-Ip", "keepalive_timeout 620s")
        assert [one for one in wanted if f" {one};" not in front] == []


def test_a_fleet_that_grows_by_its_processors_alone() -> None:
    plan = cases.read(_STACKS / "nat.yaml").with_({f"{OWN}.instances": {"max": 3, "requests": 0}}).recorded(True).plan
    assert one(plan, "compute/backendService:BackendService").inputs["backends"][0]["balancingMode"] == "UTILIZATION"
    assert "loadBalancingUtilization" not in one(plan, "compute/regionAutoscaler:RegionAutoscaler").inputs["autoscalingPolicy"]


def test_servers_without_public_addresses(answered: bool) -> None:
    plan = plan_of("nat", answered)
    template = one(plan, "compute/regionInstanceTemplate:RegionInstanceTemplate").inputs
    assert template["networkInterfaces"][0]["accessConfigs"] == []
    assert one(plan, "compute/routerNat:RouterNat").inputs["sourceSubnetworkIpRangesToNat"] == "ALL_SUBNETWORKS_ALL_IP_RANGES"
