"""What is asked of Google for a stack on App Engine, exactly: resources, the version, the build; and what a change causes."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import cases
import pytest
import yaml
from cases import ROOT
from clouds.shapes import kept, known

from cloud_init.host import contracts
from components.errors import UsageError
from components.platforms import Sendable, appengine
from components.release.bundle import Bundle
from components.settings import parse, target_options
from components.targets import gcp_appengine
from policy import check
from policy.plan import Plan, Resource

STACK = ROOT / "stacks/gcp-appengine.yaml"
OWN = "slipway:gcp-appengine"
SECRET = {f"secretmanager/{one}": 1 for one in ("secret:Secret", "secretVersion:SecretVersion", "secretIamMember:SecretIamMember")}
MADE = {
    "projects/service:Service": 8, "serviceaccount/account:Account": 1, "storage/bucket:Bucket": 1,
    "storage/bucketIAMMember:BucketIAMMember": 1, "projects/iAMMember:IAMMember": 2,
}  # fmt: skip
CLOUD_SQL = {
    "projects/service:Service": 1, "projects/iAMMember:IAMMember": 1,
    "sql/databaseInstance:DatabaseInstance": 1, "sql/user:User": 1, "sql/database:Database": 1,
}  # fmt: skip
SDK = Path("/usr/lib/google-cloud-sdk")
CONVERT = """
import json, sys
sys.path[:0] = [f"{sys.argv[1]}/lib", f"{sys.argv[1]}/lib/third_party"]
from googlecloudsdk.appengine.api import appinfo
from googlecloudsdk.appengine.admin.tools.conversion import yaml_schema_v1
text, document = json.load(sys.stdin)
appinfo.LoadSingleAppInfo(text)
print(json.dumps(yaml_schema_v1.SCHEMA.ConvertValue(document)))
"""


@pytest.fixture(params=[False, True], ids=["preview", "answered"])
def answered(request):
    return request.param


def plan_of(answered=True, **changes) -> Plan:
    return cases.read(STACK).with_({f"slipway:{name}": value for name, value in changes.items()}).recorded(answered).plan


def one(plan: Plan, type: str, name: str = "") -> Resource:
    (found,) = (resource for resource in plan.of(type if ":" in type.partition("/")[0] else f"gcp:{type}") if name in resource.name)
    return found


def version(plan: Plan, **secrets) -> dict:
    """As the Admin API is asked for it, but for where its bundle is."""
    deploy = one(plan, "pulumi-python:dynamic/slipway:Deploy").inputs
    made = contracts.read(Bundle, json.loads(deploy["bundle"]))
    sendable = Sendable("0123456789ab", made, Path(), {})
    return appengine.made_of(sendable, {"account": "a@b", "secrets": secrets})


@pytest.mark.parametrize(("engine", "count"), [("none", 1), ("postgres", 2), ("mysql", 2)])
def test_what_is_made_and_what_is_kept(engine, count, answered):
    plan = plan_of(answered, database={"engine": engine, **({} if engine == "none" else {"placement": "managed"})})
    made = Counter(item.type.removeprefix("gcp:") for item in plan.resources if item.kind == "resource" and item.type.startswith("gcp:"))
    wanted = Counter(MADE) + sum([Counter(SECRET)] * count, Counter()) + Counter({} if engine == "none" else CLOUD_SQL)
    assert made == wanted
    dynamic = [item.type.rpartition(":")[2] for item in plan.resources if item.type.startswith("pulumi-python")]
    assert Counter(dynamic) == {"RandomSecret": 1 if engine == "none" else 3, "PlatformApp": 1, "Deploy": 1}
    protected = {"gcp:sql/databaseInstance:DatabaseInstance", "gcp:sql/user:User", "gcp:sql/database:Database"}
    assert kept(plan) == (set() if engine == "none" else {*protected, "pulumi-python:dynamic/slipway:RandomSecret"})
    assert [finding for finding in check.run(plan, ()) if not finding.waived] == []


def test_rights_are_the_least(answered):
    plan = plan_of(answered)
    account = one(plan, "serviceaccount/account:Account")
    assert account.inputs["accountId"] == "showcase-dev-app"
    given = {item.inputs["role"] for item in plan.of("gcp:projects/iAMMember:IAMMember")}
    assert given == {"roles/logging.logWriter", "roles/artifactregistry.reader", "roles/cloudsql.client"}
    on = [item.inputs["role"] for item in plan.of("gcp:secretmanager/secretIamMember:SecretIamMember")]
    assert on == ["roles/secretmanager.secretAccessor"] * 2
    assert one(plan, "storage/bucketIAMMember:BucketIAMMember").inputs["role"] == "roles/storage.objectViewer"
    bucket = known(one(plan, "storage/bucket:Bucket").inputs)
    assert (bucket["publicAccessPrevention"], bucket["uniformBucketLevelAccess"], bucket["forceDestroy"]) == ("enforced", True, True)


def test_secrets_have_versions_that_stay(answered):
    plan = plan_of(answered)
    for name in ("SECRET_KEY", "DATABASE_URL"):
        secret = known(one(plan, "secretmanager/secret:Secret", name).inputs)
        assert (secret["secretId"], secret["replication"]) == (f"showcase-dev-{name}", {"auto": {}})
        assert one(plan, "secretmanager/secretVersion:SecretVersion", name).inputs["deletionPolicy"] == "ABANDON"
    plain = [cases.text(item.inputs) for item in plan.resources]
    planted = cases.read(STACK).config["slipway:secretEnv"]["SECRET_KEY"]
    assert not [text for text in plain if planted in text or "0" * 28 in text]


def test_a_managed_database_lets_no_network_in(answered):
    server = one(plan_of(answered), "sql/databaseInstance:DatabaseInstance").inputs
    assert known(server["settings"]["ipConfiguration"]) == {"ipv4Enabled": True, "authorizedNetworks": [], "sslMode": "ENCRYPTED_ONLY"}
    assert (server["databaseVersion"], server["settings"]["tier"], server["settings"]["diskSize"]) == ("POSTGRES_17", "db-f1-micro", 10)
    assert server["settings"]["deletionProtectionEnabled"] is True


@pytest.mark.parametrize(
    ("engine", "wanted"),
    [("postgres", "postgresql://slipway_owner:{0}@/showcase_app?host=/cloudsql/a:b:c"),
     ("mysql", "mysql://slipway_owner:{0}@localhost/showcase_app?charset=utf8mb4&unix_socket=/cloudsql/a:b:c")],
)  # fmt: skip
def test_the_database_is_reached_by_a_socket(engine, wanted):
    from components.gcp.blocks.managed_database import _by_socket

    assert _by_socket(engine, "0" * 64, "a:b:c", "showcase_app") == wanted.format("0" * 64)


def test_the_version(answered):
    secret = "projects/1/secrets/showcase-dev-SECRET_KEY/versions/3"
    assert version(plan_of(answered, **{"app.env": {"PRICE": "$5 'a': #"}}), SECRET_KEY=secret) == {
        "id": "r0123456789ab",
        "runtime": "python313",
        "entrypoint": {"shell": "gunicorn --config files/gunicorn.conf.py --bind 0.0.0.0:$PORT slipway_wsgi:application"},
        "instanceClass": "F1",
        "automaticScaling": {"standardSchedulerSettings": {"minInstances": 0, "maxInstances": 10}},
        "inboundServices": ["INBOUND_SERVICE_WARMUP"],
        "handlers": [
            {
                "urlRegex": "/static/(.*)",
                "staticFiles": {
                    "path": "src/showcase/static/\\1", "uploadPathRegex": "src/showcase/static/.*", "applicationReadable": True,
                },
                "securityLevel": "SECURE_ALWAYS",
            },
            {"urlRegex": "/.*", "script": {"scriptPath": "auto"}, "securityLevel": "SECURE_ALWAYS"},
        ],
        "envVariables": {"PRICE": "$5 'a': #", "SLIPWAY_SECRETS": f'{{"SECRET_KEY": "https://secretmanager.googleapis.com/v1/{secret}"}}'},
        "serviceAccount": "a@b",
    }  # fmt: skip


def test_static_files_of_a_closed_site_are_the_apps(answered):
    plan = plan_of(answered, **{"http.allow": ["198.51.100.0/24"]})
    assert [one["urlRegex"] for one in version(plan)["handlers"]] == ["/.*"]
    assert "whitenoise" in one(plan, "pulumi-python:dynamic/slipway:Deploy").inputs["bundle"]


def test_folders_whose_names_are_words_of_a_pattern():
    static = {"/a": "x", "/b.c": "y+z (1)"}
    handlers = version(plan_of(**{"app.static": static, "http.staticAge": 60, "http.path": "/shop"}))["handlers"]
    assert [one["urlRegex"] for one in handlers] == ["/shop/a/(.*)", "/shop/b\\.c/(.*)", "/.*"]
    files = {"path": "src/y+z (1)/\\1", "uploadPathRegex": "src/y\\+z\\ \\(1\\)/.*", "applicationReadable": True, "expiration": "60s"}
    assert handlers[1]["staticFiles"] == files


@pytest.mark.skipif(not SDK.is_dir(), reason=f"Google's SDK isn't at {SDK}")
@pytest.mark.parametrize("changes", [{}, {"app.static": {"/a": "x", "/b.c": "y+z (1)"}, "http.staticAge": 60, "app.env": {"A": "'\"é\n"}}])
def test_gcloud_reads_app_yaml_as_the_api_is_asked(changes):
    """Google's own validator takes it, and its converter makes the same of it, but for how it writes durations and what is said apart."""
    plan = plan_of(**changes)
    made = contracts.read(Bundle, json.loads(one(plan, "pulumi-python:dynamic/slipway:Deploy").inputs["bundle"]))
    text = next(file.content for file in made.files if file.path == "app.yaml")
    given = json.dumps([text, yaml.safe_load(text)])
    done = subprocess.run(
        [SDK / "platform/bundledpythonunix/bin/python3", "-c", CONVERT, SDK], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    converted, asked = json.loads(done.stdout), version(plan)
    latest = yaml.safe_load(text)["env_variables"]["SLIPWAY_SECRETS"]
    asked["envVariables"]["SLIPWAY_SECRETS"] = latest
    asked["serviceAccount"] = "showcase-dev-app@shop-123456.iam.gserviceaccount.com"
    assert converted == {name: value for name, value in asked.items() if name != "id"}


CAUSES = {
    "code": {"Deploy showcase-deploy"},
    "config": {"Deploy showcase-deploy"},
    "size": {"Deploy showcase-deploy"},
    "rotated": {"SecretVersion showcase-SECRET_KEY", "Deploy showcase-deploy"},
    "more": {"Secret showcase-TOKEN", "SecretIamMember showcase-TOKEN", "SecretVersion showcase-TOKEN", "Deploy showcase-deploy"},
    "tier": {"DatabaseInstance showcase-database"},
}
"""docs/targets/gcp-appengine.md has this table in words."""


@pytest.mark.parametrize("change", CAUSES)
def test_what_a_change_causes(change, tmp_path, monkeypatch):
    changes: dict[str, dict[str, Any]] = {
        "config": {"app.env": {"COLOUR": "blue"}}, "size": {"gcp-appengine.instanceClass": "F2"},
        "rotated": {"secretEnv.SECRET_KEY": "other"},
        "more": {"secretEnv.TOKEN": "new"}, "tier": {"gcp-appengine.databaseClass": "db-g1-small"}, "code": {"app.built": ["showcase"]},
    }  # fmt: skip
    before, after = (_inputs({f"slipway:{name}": value for name, value in more.items()}) for more in ({}, changes[change]))
    assert {name for name in after if before.get(name) != after[name]} == CAUSES[change]
    assert before.keys() <= after.keys()


def _inputs(changes) -> dict[str, str]:
    """What each resource is made of, as it goes to the engine: with what is secret."""
    wire = cases.read(STACK).with_(changes).recorded(answered=True).wire
    return {f"{one['type'].rpartition(':')[2]} {one['name']}": json.dumps(one.get("object"), sort_keys=True) for one in wire}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({OWN: {"project": "shop-123456", "region": "europe-west1", "minInstances": 3, "maxInstances": 2}},
         "slipway:gcp-appengine.minInstances: wanted at most maxInstances, found 3 and 2; change one"),
        ({"slipway:server": {"timeout": 601}},
         "slipway:server.timeout: wanted at most 600, as App Engine ends a request then, found 601; "),
        ({"slipway:app.python": "3.9"},
         "slipway:app.python: wanted one of 3.14, 3.13, 3.12, 3.11, 3.10, found '3.9'; set one, or leave it"),
        ({"slipway:secretEnv": {"A" * 181: "x"}}, "slipway:secretEnv: wanted names of at most 180 letters, found one of 181; shorten it"),
        ({OWN: {"project": "Shop", "region": "europe-west1"}}, "slipway:gcp-appengine.project: wanted the id of a project, such as"),
        ({OWN: {"project": "shop-123456", "region": "Europe"}}, "slipway:gcp-appengine.region: wanted the name of a region, such as"),
        ({OWN: {"project": "shop-123456", "region": "europe-west1", "instanceClass": "B1"}},
         "slipway:gcp-appengine.instanceClass: wanted a "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(changes, said):
    raw = cases.read(STACK).with_(changes).config
    with pytest.raises(UsageError) as caught:
        target_options(parse(raw, ["slipway:secretEnv"], "dev"), gcp_appengine.Options, "gcp-appengine", gcp_appengine._problems)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2  # the file, and that one setting
