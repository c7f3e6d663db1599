"""A database that Google runs and who reaches it, a site's names with their certificate, alarms and logs, exactly."""

from pathlib import Path
from typing import Any

import cases
import pytest
import yaml
from clouds.shapes import known

from policy.plan import Plan, Resource

_STACKS = Path(__file__).parent / "stacks"
OWN = "slipway:gcp-vm"
INSTANCE, TEMPLATE = "gcp:compute/instance:Instance", "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
AGENT, RIGHT = "compute/globalVmExtensionPolicy:GlobalVmExtensionPolicy", "projects/iAMMember:IAMMember"


def plan_of(name: str, answered: bool = True, changes: dict[str, Any] | None = None) -> Plan:
    return cases.read(_STACKS / f"{name}.yaml").with_(changes or {}).recorded(answered).plan


def one(plan: Plan, type: str, name: str = "") -> Resource:
    (found,) = (resource for resource in plan.of(f"gcp:{type}") if name in resource.name)
    return found


@pytest.mark.parametrize("answered", [False, True])
def test_a_database_that_google_runs(answered: bool) -> None:
    """Locked and backed up, each moment of a week; who may reach its service is said by project, and what it leaves."""
    settings = known(one(plan_of("managed-mysql", answered), "sql/databaseInstance:DatabaseInstance").inputs)["settings"]
    labels = settings.pop("userLabels")
    assert {"project", "stack", "owner", "slipway-app"} == labels.keys()
    assert settings == {
        "edition": "ENTERPRISE", "tier": "db-custom-1-3840", "availabilityType": "ZONAL", "locationPreference": {"zone": "europe-west1-b"},
        "diskSize": 20, "diskType": "PD_SSD", "diskAutoresize": True, "diskAutoresizeLimit": 80, "deletionProtectionEnabled": True,
        "ipConfiguration": {
            "ipv4Enabled": False, "sslMode": "ENCRYPTED_ONLY", "serverCaMode": "GOOGLE_MANAGED_CAS_CA",
            "serverCertificateRotationMode": "AUTOMATIC_ROTATION_DURING_MAINTENANCE",
            "pscConfigs": [{"pscEnabled": True, "allowedConsumerProjects": ["shop-123456"]}],
        },
        "backupConfiguration": {
            "enabled": True, "startTime": "03:00", "binaryLogEnabled": True, "transactionLogRetentionDays": 7,
            "backupRetentionSettings": {"retainedBackups": 7},
        },
        "finalBackupConfig": {"enabled": True, "retentionDays": 30},
        "maintenanceWindow": {"day": 7, "hour": 4, "updateTrack": "stable"},
    }  # fmt: skip
    kept = plan_of("managed-postgres", answered, {"slipway:keepData": False, "slipway:lastSnapshot": False})
    given = one(kept, "sql/databaseInstance:DatabaseInstance").inputs["settings"]
    assert (given["finalBackupConfig"]["enabled"], given["deletionProtectionEnabled"]) == (False, False)
    assert given["backupConfiguration"]["pointInTimeRecoveryEnabled"] is True
    made = one(kept, "sql/database:Database").inputs, one(plan_of("managed-mysql"), "sql/database:Database").inputs
    assert [(database["name"], database["charset"]) for database in made] == [("shop_app", "UTF8"), ("shop_app", "utf8mb4")]
    owner = one(kept, "sql/user:User").inputs
    assert (owner["name"], owner["deletionPolicy"], made[0]["deletionPolicy"]) == ("slipway_owner", "ABANDON", "ABANDON")


@pytest.mark.parametrize(("stack", "port"), [("managed-postgres", "5432"), ("managed-mysql", "3306")])
def test_its_name_leads_to_it_in_the_network_and_only_web_hosts_come_through(stack: str, port: str) -> None:
    plan = plan_of(stack)
    server, address = one(plan, "sql/databaseInstance:DatabaseInstance"), one(plan, "compute/address:Address", "database")
    leads, zone = one(plan, "compute/forwardingRule:ForwardingRule"), one(plan, "dns/managedZone:ManagedZone")
    record = one(plan, "dns/recordSet:RecordSet")
    assert (plan.origins(leads, "target"), plan.origins(leads, "ipAddress")) == ([server], [address])
    assert (leads.inputs["loadBalancingScheme"], address.inputs["addressType"]) == ("", "INTERNAL")
    assert (zone.inputs["visibility"], plan.origins(zone, "dnsName")) == ("private", [server])
    assert zone.inputs["dnsName"] == record.inputs["name"] == "${shop-database.dnsName}."
    assert plan.origins(record, "rrdatas") == [address]
    rules = {item.name: item for item in plan.of("gcp:compute/firewall:Firewall") if item.inputs["direction"] == "EGRESS"}
    web, others = rules["shop-database-web"].inputs, rules["shop-database-others"].inputs
    assert web["destinationRanges"] == others["destinationRanges"] == ["${shop-database.address}"]
    assert (web["allows"], others["denies"]) == ([{"protocol": "tcp", "ports": [port]}], [{"protocol": "all"}])
    assert web["priority"] < others["priority"] < 1000
    assert (web["targetServiceAccounts"], "targetServiceAccounts" in others) == (["${shop-web.email}"], False)


def test_web_hosts_have_its_authority_and_its_name() -> None:
    plan = plan_of("managed-postgres")
    (rollout,) = plan.of("pulumi-python:dynamic/slipway:Rollout")
    told = "".join(f"${{shop-database.serverCaCerts[{number}].cert}}\\n" for number in range(3))  # all that there are
    assert f'"authority": "{told}"' in rollout.inputs["manifest"]
    needed = {urn.rpartition("::")[2] for urn in rollout.depends_on}
    assert "shop-database" in needed


def test_a_certificate_for_all_names_is_proven_before_it_is_shown() -> None:
    plan = plan_of("fleet", True, {"slipway:http": {"redirectDomains": ["www.example.com"]}})
    proofs = {item.inputs["domain"]: item for item in plan.of("gcp:certificatemanager/dnsAuthorization:DnsAuthorization")}
    records = [item for item in plan.of("gcp:dns/recordSet:RecordSet") if item.name.endswith("-proof")]
    assert {record.name: plan.origins(record, "rrdatas") for record in records} == {f"{one.name}-proof": [one] for one in proofs.values()}
    certificate = one(plan, "certificatemanager/certificate:Certificate")
    assert certificate.inputs["managed"]["domains"] == sorted(proofs) == ["shop.example.com", "www.example.com"]
    proven = plan.origins(certificate, "managed", "gcp:certificatemanager/dnsAuthorization:DnsAuthorization")
    assert {proof.urn for proof in proven} == {proof.urn for proof in proofs.values()}
    entries = [*plan.of("gcp:certificatemanager/certificateMapEntry:CertificateMapEntry")]
    assert {entry.inputs["hostname"] for entry in entries} == {*proofs}
    assert all(plan.origins(entry, "certificates") == [certificate] for entry in entries)
    (secure,) = plan.of("gcp:compute/targetHttpsProxy:TargetHttpsProxy")
    assert {entry.urn for entry in entries} <= {*secure.references["certificateMap"]}


ALARMS = {
    "web-cpu": (0.9, "900s", "gce_instance", 'metric.labels.instance_name="${shop-web.name}"'),
    "database-cpu": (0.8, "900s", "cloudsql_database", 'resource.labels.database_id="${shop-database.project}:${shop-database.name}"'),
    "database-disk": (0.9, "900s", "cloudsql_database", 'resource.labels.database_id="${shop-database.project}:${shop-database.name}"'),
    "site": (1, "120s", "uptime_url", 'metric.labels.check_id="${shop-alarms-site.uptimeCheckId}"'),
    "errors": (0.05, "180s", "https_lb_rule", 'resource.labels.url_map_name="${shop-web.name}"'),
}
"""What is too much, for how long, of what, and which."""


def test_alarms() -> None:
    found: dict[str, tuple[Any, ...]] = {}
    for changes in ({}, {"slipway:gcp-vm.network": {"nat": True}}):
        plan = plan_of("managed-postgres", True, changes)
        channel = one(plan, "monitoring/notificationChannel:NotificationChannel")
        assert (channel.inputs["type"], channel.inputs["labels"]) == ("email", {"email_address": "ops@example.com"})
        for alarm in plan.of("gcp:monitoring/alertPolicy:AlertPolicy"):
            (condition,) = (given["conditionThreshold"] for given in alarm.inputs["conditions"])
            what, _, which = condition["filter"].partition('" AND ')[2].partition(" AND ")
            figure = condition["thresholdValue"], condition["duration"], what.partition('"')[2].rstrip('"'), which
            found[alarm.name.removeprefix("shop-alarms-")] = figure
            assert plan.origins(alarm, "notificationChannels") == [channel]
            if "denominatorFilter" in condition:
                assert condition["filter"] == f'{condition["denominatorFilter"]} AND metric.labels.response_code_class="500"'
    found["errors"] = (*found["errors"][:3], found["errors"][3].partition(" AND ")[0])
    assert found == ALARMS
    assert one(plan, "monitoring/uptimeCheckConfig:UptimeCheckConfig").inputs["httpCheck"] == {"path": "/-/live", "port": 80}


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("stack", ["own-postgres", "fleet", "nat", "managed-mysql"])
def test_googles_agent_sends_what_all_servers_of_the_stack_write(stack: str, answered: bool) -> None:
    """One policy for whatever has the labels of a server, which each account has the rights for."""
    plan = plan_of(stack, answered, {f"{OWN}.logs": True})
    policy = one(plan, AGENT)
    given = dict(policy.inputs)
    (extension,), (selector,) = given.pop("extensionPolicies"), given.pop("instanceSelectors")
    assert given == {"rolloutOperation": {"rolloutInput": {"predefinedRolloutPlan": "FAST_ROLLOUT"}}}
    chosen = {"project": "slipway", "stack": "dev", "slipway-app": "shop"}
    assert selector == {"labelSelector": {"inclusionLabels": chosen}}
    servers = [item.inputs["labels"] for item in plan.of(INSTANCE, TEMPLATE)]
    assert servers
    assert [labels for labels in servers if not chosen.items() <= labels.items()] == []
    assert extension.keys() == {"extensionName", "stringConfig"}
    assert extension["extensionName"] == "ops-agent"
    files = {"type": "files", "include_paths": ["/var/log/slipway/shop/*.log"], "record_log_file_path": True}
    service = {"pipelines": {"slipway": {"receivers": ["slipway"]}}}
    assert yaml.safe_load(extension["stringConfig"]) == {"logging": {"receivers": {"slipway": files}, "service": service}}
    rights = {item.name: item for item in plan.of(f"gcp:{RIGHT}")}
    kinds = ["web", "database"] if stack in ("own-postgres", "fleet") else ["web"]
    wanted = {f"shop-{kind}-{role.lower()}": (kind, role) for kind in kinds for role in ("logging.logWriter", "monitoring.metricWriter")}
    assert set(rights) == set(wanted)
    for name, (kind, role) in wanted.items():
        account, right = one(plan, "serviceaccount/account:Account", f"shop-{kind}"), rights[name]
        assert plan.origins(right, "member", "gcp:serviceaccount/account:Account") == [account]
        assert right.inputs == {"project": "shop-123456", "role": f"roles/{role}", "member": right.inputs["member"]}
        if answered:
            assert right.inputs["member"] == f"serviceAccount:${{shop-{kind}.email}}"
    services = {item.inputs["service"].partition(".")[0] for item in plan.of("gcp:projects/service:Service")}
    assert {"logging", "monitoring"} <= services
    (provider,) = (item for item in plan.of("pulumi:providers:gcp") if item.name == "shop-gcp")
    assert {item.provider for item in (policy, *rights.values())} == {provider.urn}


def test_the_agent_goes_by_none_of_the_labels_that_settings_change() -> None:
    config = {"slipway:app.name": "other", f"{OWN}.tags": {"owner": "web-team", "team": "x"}}
    plan = plan_of("own-postgres", False, config)
    policy = one(plan, AGENT).inputs
    chosen = {"project": "slipway", "stack": "dev", "slipway-app": "other"}
    assert policy["instanceSelectors"] == [{"labelSelector": {"inclusionLabels": chosen}}]
    assert "/var/log/slipway/other/*.log" in policy["extensionPolicies"][0]["stringConfig"]


@pytest.mark.parametrize("stack", ["own-postgres", "fleet"])
def test_memory_and_disks_of_all_servers_are_watched_where_the_agent_is(stack: str) -> None:
    """Those of the labels that the agent goes by, each server and disk by itself; 100 is all of it."""
    asked = {"slipway:gcp-vm.email": "ops@example.com", "slipway:gcp-vm.logs": True}
    plan = plan_of(stack, True, asked)
    alarms = {item.name.removeprefix("shop-alarms-"): item for item in plan.of("gcp:monitoring/alertPolicy:AlertPolicy")}
    for what in ("memory", "disk"):
        (condition,) = (given["conditionThreshold"] for given in alarms[what].inputs["conditions"])
        kind = f'metric.type="agent.googleapis.com/{what}/percent_used" AND resource.type="gce_instance"'
        which = 'metadata.user_labels."project"="slipway" AND metadata.user_labels."stack"="dev"'
        filter = f'{kind} AND metric.labels.state="used" AND {which} AND metadata.user_labels."slipway-app"="shop"'
        aligned = {"alignmentPeriod": "300s", "perSeriesAligner": "ALIGN_MEAN", "crossSeriesReducer": "REDUCE_NONE"}
        over = {"comparison": "COMPARISON_GT", "thresholdValue": 90, "duration": "900s"}
        assert condition == {**over, "filter": filter, "aggregations": [aligned]}
    plain = {
        item.name for item in plan_of(stack, True, {**asked, "slipway:gcp-vm.logs": False}).of("gcp:monitoring/alertPolicy:AlertPolicy")
    }
    assert {item.name for item in alarms.values()} - plain == {"shop-alarms-memory", "shop-alarms-disk"}
