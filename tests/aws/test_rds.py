"""A managed database: exactly what a program that uses it asks for, and what its web hosts are told."""

import re

import block_programs
import pytest
from block_programs import TAGS, of, only, record, types

from components.aws.common import LOAD_BALANCER
from components.blocks.names import database, short
from policy import check

PROGRAM = """
from components.release.core import Release
from cloud_init.host.contracts.manifest import Code, DatabasePart, Health, Manifest
from components.rollout.resources import finish

database = ManagedDatabase("shop-database", ManagedDatabaseArgs(
    app="shop", engine=ENGINE, instance_class="db.t4g.small", storage=100, region="eu-west-1", vpc_id=network.vpc_id,
    subnets=network.database_subnets, client_group_id=web.group_id, tags=tags, keep=KEEP))
WebFleet("shop-web", WebFleetArgs(**common))
database_part = DatabasePart(ENGINE, "managed")
manifest = Manifest("wsgi:app", Code("0123456789ab", "0"), (), (), {"A": "b"}, database_part, {}, Health("/", "shop", 30), {})
final = finish(Release(manifest, "app"), "k", pulumi.Output.secret({"B": "c"}), database)
pulumi.export("told", pulumi.Output.unsecret(final.database_environment))
pulumi.export("secrets", pulumi.Output.unsecret(final.database_secrets))
pulumi.export("manifest", final.manifest)
pulumi.export("hidden", final.database_environment)
"""
ENGINES = {
    "postgres": ("17", "postgres17", "rds.force_ssl", 5432),
    "mysql": ("8.4", "mysql8.4", "require_secure_transport", 3306),
}
NAMED = {**TAGS, "Name": "shop-database"}


def program(engine, keep=True):
    text = block_programs.FLEET.replace("keep=True", f"keep={keep}") + PROGRAM
    return text.replace("ENGINE", repr(engine)).replace("KEEP", str(keep))


@pytest.fixture(scope="module", params=ENGINES)
def made(request, tmp_path_factory):
    """(engine, the plan with all outputs answered)."""
    return request.param, record(tmp_path_factory.mktemp("program"), program(request.param), answered=True)


def test_exactly_this_is_asked_for(made):
    engine, plan = made
    version, family, setting, port = ENGINES[engine]
    instance = only(plan, "rds/instance:Instance")
    assert instance.inputs == {
        "engine": engine,
        "engineVersion": version,
        "autoMinorVersionUpgrade": True,
        "engineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "instanceClass": "db.t4g.small",
        "allocatedStorage": 100,
        "maxAllocatedStorage": 400,
        "storageType": "gp3",
        "storageEncrypted": True,
        "dbName": "shop_app",
        "username": "slipway_owner",
        "password": {"$secret": ""},
        "port": port,
        "dbSubnetGroupName": "${shop-database.name}",
        "vpcSecurityGroupIds": ["shop-database-id"],
        "publiclyAccessible": False,
        "parameterGroupName": "${shop-database.name}",
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "backupRetentionPeriod": 7,
        "backupWindow": "03:00-04:00",
        "maintenanceWindow": "sun:04:30-sun:05:30",
        "deletionProtection": True,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "shop-database-last-01234567",
        "copyTagsToSnapshot": True,
        "performanceInsightsEnabled": False,
        "tags": NAMED,
    }
    assert only(plan, "rds/subnetGroup:SubnetGroup").inputs == {
        "subnetIds": ["shop-network-database-0-id", "shop-network-database-1-id"],
        "description": "shop-database",
        "tags": NAMED,
    }
    assert only(plan, "rds/parameterGroup:ParameterGroup").inputs == {
        "family": family,
        "description": "shop-database",
        "parameters": [{"name": setting, "value": "1", "applyMethod": "pending-reboot"}],
        "tags": NAMED,
    }
    assert {one for one in types(plan) if one.startswith("rds/")} == {
        "rds/instance:Instance",
        "rds/subnetGroup:SubnetGroup",
        "rds/parameterGroup:ParameterGroup",
    }


def test_extended_support_is_settled_when_it_is_made(made):
    """Amazon changes it of none that is there: so a plan must not ask for that."""
    assert "engineLifecycleSupport" in only(made[1], "rds/instance:Instance").ignore_changes


def test_a_version_that_is_said_is_an_upgrade(tmp_path):
    """Another parameter group is made, for that version, before the old one goes."""
    text = program("postgres").replace("storage=100", "storage=100, version='16', multi_az=True, backup_days=14, apply_now=True")
    plan = record(tmp_path, text, answered=True)
    instance = only(plan, "rds/instance:Instance").inputs
    wanted = {
        "engineVersion": "16",
        "allowMajorVersionUpgrade": True,
        "multiAz": True,
        "backupRetentionPeriod": 14,
        "applyImmediately": True,
    }
    assert instance.items() >= wanted.items()
    assert only(plan, "rds/parameterGroup:ParameterGroup").inputs["family"] == "postgres16"


def test_the_web_hosts_alone_reach_its_port(made):
    engine, plan = made
    rules = [
        one.inputs
        for one in of(plan, "vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if one.inputs["securityGroupId"] == "shop-database-id"
    ]
    (rule,) = rules
    port = ENGINES[engine][3]
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (port, port, "tcp")
    assert rule["referencedSecurityGroupId"] == "shop-web-id"
    assert not {"cidrIpv4", "cidrIpv6"} & rule.keys()


def test_web_hosts_are_told_both_addresses_and_the_authority(made):
    engine, plan = made
    assert plan.outputs["hidden"] == {"$secret": ""}
    told, digits = plan.outputs["told"], "0123456789abcdef"
    trusted = "/etc/slipway/shop/database-ca.pem"
    server = "${shop-database.address}"
    scheme, rest = {
        "postgres": ("postgresql", f"@{server}:5432/shop_app?sslmode=verify-full&sslrootcert={trusted}"),
        "mysql": ("mysql", f"@{server}:3306/shop_app?charset=utf8mb4&ssl_ca={trusted}&ssl_check_hostname=true"),
    }[engine]
    assert told == {
        "DATABASE_URL": f"{scheme}://app:{digits * 4}{rest}",
        # Amazon takes 41 letters at most for MySQL.
        "DATABASE_OWNER_URL": f"{scheme}://slipway_owner:{(digits * 3)[:40]}{rest}",
    }
    authority = "https://truststore.pki.rds.amazonaws.com/eu-west-1/eu-west-1-bundle.pem"
    assert (
        f'"database": {{"authority": "{authority}", "driver": "", "engine": "{engine}", "placement": "managed"}}'
        in plan.outputs["manifest"]
    )
    assert plan.outputs["secrets"] == {}


def test_it_is_kept_with_all_that_it_stands_in(made):
    _, plan = made
    assert check.run(plan) == ()
    own = [one for one in plan.resources if "slipway:aws:ManagedDatabase" in one.urn and one.kind == "resource"]
    let_go = {one.type.rpartition(":")[2] for one in own if not one.protect}
    # While it is there, the web hosts' group can't be removed.
    assert let_go == {"SecurityGroupIngressRule"}


def test_a_preview_keeps_the_rules_too(tmp_path):
    plan = record(tmp_path, program("postgres"))
    assert check.run(plan) == ()
    assert only(plan, "rds/instance:Instance").inputs["password"] == {"$secret": ""}


def test_data_that_is_not_kept_leaves_a_snapshot_alone(tmp_path):
    plan = record(tmp_path, program("postgres", keep=False), answered=True)
    instance = only(plan, "rds/instance:Instance").inputs
    assert (instance["deletionProtection"], instance["skipFinalSnapshot"]) == (False, False)
    assert not any(one.protect or one.retain for one in plan.resources)
    assert {finding.rule for finding in check.run(plan)} == {"database-protected"}


def test_another_database_has_another_last_snapshot(tmp_path):
    """What is made by chance is made anew for all that would make another database."""
    names = set()
    for engine in ENGINES:
        plan = record(tmp_path, program(engine))
        names |= {one.name for one in plan.resources if one.name.endswith("-last")}
    assert names == {"shop-database-postgres-shop_app-last", "shop-database-mysql-shop_app-last"}


@pytest.mark.parametrize("app", ["shop", "order", "my-shop", "a--b-", "select", "postgres", "x" * 31, "3d", "--", "Ünï"])
def test_a_database_has_a_name_that_every_engine_takes(app):
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", database(app))
    assert database(app) == "app" or database(app).endswith("_app")


def test_a_name_too_long_or_of_other_letters_is_made_short(tmp_path):
    long = "a--b-with-a-name-that-is-far-too-long-to-be-that-of-a-database"
    text = program("postgres").replace('"shop-database"', repr(long)).replace('WebFleet("shop-web"', 'WebFleet("a--web"')
    plan = record(tmp_path, text)
    for type, longest in (("rds/instance:Instance", 55), ("lb/loadBalancer:LoadBalancer", 24), ("lb/targetGroup:TargetGroup", 24)):
        name = only(plan, type).name
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert len(name) <= longest


def test_short_names_stay_apart():
    names = ["a" * 60, "a" * 61, "a-b", "a--b", "-a-b", "a_b"]
    made = {short(name, LOAD_BALANCER) for name in names}
    assert len(made) == len(names)
    assert all(len(name) <= LOAD_BALANCER for name in made)
    assert short("shop-web", LOAD_BALANCER) == "shop-web"
