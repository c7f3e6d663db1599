"""What a host's role may do: everything that its host tool asks of the store, and nothing else."""

import json
import re
import shutil
from types import SimpleNamespace
from typing import Any

import aws_emulated
import cases
import pytest
from aws_permissions import Call, Simulator, calls
from cases import ROOT
from made_backups import made_backup

from cloud_init.host.commands import command_output
from cloud_init.host.contracts.rollout import Heartbeat, Outcome
from cloud_init.host.data import backup, stored_backups
from cloud_init.host.follow.health import Health
from cloud_init.host.release import wheels
from cloud_init.host.release.manifests import HostStore
from cloud_init.host.stores import s3

REGION, ARN = "eu-west-1", "arn:aws:s3:::the-store"
IDENTITY = "AROAEXAMPLE123456"
HOST, OTHER, BEFORE = f"{IDENTITY}:i-0123456789abcdef0", "AROAOTHER:i-0fedcba9876543210", f"{IDENTITY}:i-00000000000000bad"
LARGE = 6 << 20  # bytes: sent in parts
BACKUP = "20260901-010203"
PUBLISHED = (
    "desired.json", "tool.json", "releases/abc/manifest.json", wheels.list_of("abc"), "releases/tool/0.pyz", "releases/code/c.tar.gz",
)  # fmt: skip
pytestmark = [
    pytest.mark.cost,
    pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="node or npm isn't on PATH"),
]


@pytest.fixture(scope="module")
def decide(tmp_path_factory):
    return Simulator(tmp_path_factory.mktemp("simulator"))


@pytest.fixture(scope="module")
def policies():
    """{(placement, role): its policies}, and the bucket's own under `bucket`, as the target asks for them."""
    found: dict[Any, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for placement in ("own-host", "same-host"):
            case = cases.read(ROOT / "stacks/aws-ec2.yaml").with_({"slipway:database.placement": placement})
            plan = case.recorded(answered=True).plan
            for one in plan.of("aws:iam/rolePolicy:RolePolicy"):
                found.setdefault((placement, one.name.rpartition("-")[2]), []).append(known(one.inputs["policy"]))
            found["bucket"] = known(next(plan.of("aws:s3/bucketPolicy:BucketPolicy")).inputs["policy"])
    return found


def known(text):
    """A recorded policy with the bucket and the role in it."""
    return json.loads(re.sub(r"\$\{[\w-]+\.uniqueId\}", IDENTITY, re.sub(r"\$\{[\w-]+\.arn\}", ARN, text)))


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """{role: what its host asked of the store}, as the server saw it."""
    folder = tmp_path_factory.mktemp("asked")
    found: dict[Any, Any] = {}
    with pytest.MonkeyPatch.context() as patch, aws_emulated.account(folder) as endpoint:
        for name, value in {**{name.upper(): value for name, value in aws_emulated.KEYS.items()}, "NO_PROXY": "127.0.0.1"}.items():
            patch.setenv(name, value)
        patch.setattr(s3, "find_spec", lambda _name: None)  # as on a server, where no boto3 is
        client = aws_emulated.client("s3", endpoint, REGION)
        for role in ("web", "database"):
            client.create_bucket(Bucket=role, CreateBucketConfiguration={"LocationConstraint": REGION})
            store = HostStore(f"s3://{role}?region={REGION}&endpoint={endpoint}", HOST)
            heard = [heard_while(folder, lambda store=store, role=role: look_for_nothing(store, role))]
            for name in PUBLISHED:
                client.put_object(Bucket=role, Key=name, Body=b"{}")
            heard.append(heard_while(folder, lambda store=store, role=role: use(store, role, folder / role)))
            found[role] = {call for text in heard for call in calls(text, role)}
            found[role] |= {Call("s3:DeleteObject", f"backups/{IDENTITY}/{HOST}/{BACKUP}/{name}") for name in ("dump", "backup.json")}
    return found


def heard_while(folder, do):
    """What the server logged."""
    log = folder / "moto.log"
    before = log.stat().st_size
    do()
    return log.read_bytes()[before:].decode()


def look_for_nothing(store, role):
    """What a host asks for that may not be there yet."""
    assert store.objects.changed("desired.json", "").data is None
    assert store.objects.get("tool.json") is None
    assert store.secrets("abc", role) == {}


def use(store, role, folder):
    """All that a host does with its store, by the functions that do it."""
    folder.mkdir()
    places: Any = SimpleNamespace(host=HOST, role=role, app="shop", is_driven=False, run=folder, root=folder, lib=folder, srv=folder)
    for name in PUBLISHED:
        assert store.json(name) == {}
    tag = store.objects.changed("desired.json", "").tag
    assert store.objects.changed("desired.json", tag) is None
    store.file("releases/code/c.tar.gz", folder / "code.tar.gz")
    reporter = Quiet(places, store, 0.0)
    reporter.beat(Heartbeat())
    reporter.unsent["1"] = Outcome(True, phase="prepared")
    reporter.catch_up()
    command_output.store(store.objects, HOST, b"long")
    back_up(store, places, folder)


def back_up(store, places, folder):
    """Sent, found, fetched again, removed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backup, "folder", lambda _places: folder)
        made_backup(folder, BACKUP, b"\0" * LARGE)
        stored_backups.send(places, store, BACKUP)
        assert list(stored_backups.every(places, store)) == [BACKUP]
        shutil.rmtree(folder / BACKUP)
        stored_backups.fetch(places, store, BACKUP)
        stored_backups.remove(places, store, BACKUP)
        assert stored_backups.every(places, store) == {}


class Quiet(Health):
    """Of a folder that is no server."""

    def problems(self):
        return []


WITHOUT_DATA = ("s3:DeleteObject", "s3:AbortMultipartUpload")


@pytest.mark.family("permissions on Amazon", case="own-host-web")
@pytest.mark.parametrize(("placement", "role"), [("own-host", "web"), ("own-host", "database"), ("same-host", "web")])
def test_everything_that_a_host_asks_is_allowed(placement, role, policies, asked, decide):
    backups = role == "database" or placement == "same-host"
    wanted = sorted((one for one in asked[role] if backups or "backups/" not in (one.name or "")), key=str)
    kinds = {one.action for one in wanted}
    assert {"s3:GetObject", "s3:PutObject", "s3:ListBucket"} <= kinds
    assert ("s3:DeleteObject" in kinds) == backups
    assert Call("s3:ListBucket", "desired.json") in wanted, "a host that may not list isn't told that there is none"
    answers = decide([one.question(ARN, HOST, policies[placement, role], policies["bucket"]) for one in wanted])
    assert [one for one, allowed in zip(wanted, answers, strict=True) if not allowed] == []
    plain = decide([one.question(ARN, HOST, policies[placement, role], policies["bucket"], tls=False) for one in wanted])
    assert [one for one, allowed in zip(wanted, plain, strict=True) if allowed] == [], "plain HTTP"


REFUSED = [
    *(Call("s3:PutObject", name) for name in ("desired.json", "tool.json", "proven.json", "lock.json", "releases/abc/manifest.json")),
    *(Call("s3:PutObject", name) for name in PUBLISHED),
    *(Call("s3:PutObject", name) for name in (f"outcomes/{OTHER}/5.json", f"outcomes/{BEFORE}/5.json", "secrets/web/abc.json")),
    *(
        Call("s3:PutObject", name)
        for name in (f"backups/AROAOTHER/{OTHER}/1/dump", f"backups/{IDENTITY}/{BEFORE}/1/dump", f"outcomes/{HOST}x/5.json")
    ),
    *(
        Call("s3:GetObject", name)
        for name in (f"outcomes/{OTHER}/output-0f", f"backups/AROAOTHER/{OTHER}/1/dump", "secrets/other/abc.json", "lock.json")
    ),
    *(Call("s3:DeleteObject", name) for name in ("desired.json", "releases/abc/manifest.json", f"outcomes/{HOST}/output-0f")),
    *(
        Call("s3:DeleteObject", name)
        for name in (f"backups/AROAOTHER/{OTHER}/1/dump", f"backups/{IDENTITY}/{BEFORE}/1/dump", "secrets/web/abc.json")
    ),
    *(Call("s3:ListBucket", name) for name in (None, "", "secrets/", "secrets", "backups/", "outcomes/", f"outcomes/{OTHER}/")),
    *(Call(action, "desired.json") for action in ("s3:GetObjectVersion", "s3:PutObjectAcl", "s3:PutObjectTagging")),
    *(Call(action, f"backups/{IDENTITY}/{HOST}/1/dump") for action in ("s3:DeleteObjectVersion", "s3:GetObjectVersion", "s3:PutObjectAcl")),
]


@pytest.mark.parametrize(("placement", "role"), [("own-host", "web"), ("own-host", "database"), ("same-host", "web")])
def test_nothing_else_is(placement, role, policies, decide):
    foreign = "web" if role == "database" else "database"
    refused = [*REFUSED, Call("s3:GetObject", f"secrets/{foreign}/abc.json"), Call("s3:ListBucket", f"secrets/{foreign}/")]
    if (placement, role) == ("own-host", "web"):
        refused += [Call(action, f"backups/{IDENTITY}/{HOST}/1/dump") for action in ("s3:PutObject", "s3:GetObject", *WITHOUT_DATA)]
    refused += [Call(action, "releases/tool/0.pyz") for action in ("s3:PutObject", "s3:DeleteObject")]
    mine = policies[placement, role]
    answers = decide([one.question(ARN, HOST, mine, policies["bucket"]) for one in refused])
    assert [one for one, allowed in zip(refused, answers, strict=True) if allowed] == []
    elsewhere = [
        Call("s3:GetObject", "desired.json"),
        Call("s3:PutObject", f"outcomes/{HOST}/1.json"),
        Call("s3:ListBucket", "desired.json"),
    ]
    assert not any(decide([one.question("arn:aws:s3:::another-store", HOST, mine, None) for one in elsewhere]))


def test_a_server_that_took_anothers_place_reads_its_backups(policies, decide):
    name = f"backups/{IDENTITY}/{BEFORE}/1/dump"
    wanted = [Call("s3:GetObject", name), Call("s3:ListBucket", f"backups/{IDENTITY}/")]
    for mine in (policies["own-host", "database"], policies["same-host", "web"]):
        assert all(decide([one.question(ARN, HOST, mine, policies["bucket"]) for one in wanted]))


def test_hosts_may_nothing_beside_the_store_but_be_reached(policies):
    """None of what would make a host a way into the account; actions of Systems Manager's agent."""
    bare = ["iam:PassRole", "sts:AssumeRole", "ssm:SendCommand", "ssm:GetParameter", "secretsmanager:GetSecretValue", "ec2:RunInstances"]
    for mine in (found for key, found in policies.items() if key != "bucket"):
        statements = [one for policy in mine for one in policy["Statement"] if one["Effect"] == "Allow"]
        granted = {action for one in statements for action in one["Action"]}
        assert granted.isdisjoint(bare)
        assert not [action for action in granted if "*" in action]
        assert {one.partition(":")[0] for one in granted} <= {"s3", "ssm", "ssmmessages", "ec2messages"}
