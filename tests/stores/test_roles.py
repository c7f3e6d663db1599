"""What a server may do it may by its role: asked of the cloud's metadata, renewed, and used."""

import hashlib
import json
import subprocess
import sys

import pytest
from answers import answering
from emulated import Alibaba, Google, at_alibaba, at_google, running

from cloud_init import bootstrap
from cloud_init.host import stores
from cloud_init.host.contracts.facts import Boot
from cloud_init.host.stores import Away, Conflict, oss, oss_access, s3

_ROLE = "/latest/meta-data/ram/security-credentials/"


def test_s3_by_the_role_of_the_instance(endpoint, bucket, monkeypatch):
    """moto answers as the metadata service does, version 2 of it."""
    monkeypatch.setattr(s3, "find_spec", lambda _name: None)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    role = {
        "AccessKeyId": "ASIAROLE", "SecretAccessKey": "s", "Token": "the token", "Expiration": "2099-01-01T00:00:00Z", "Code": "Success",
    }  # fmt: skip
    paths = {
        "/latest/api/token": "t", "/latest/meta-data/iam/security-credentials/": "the-role",
        "/latest/meta-data/iam/security-credentials/the-role": json.dumps(role),
    }  # fmt: skip
    with answering(404, paths=paths) as (metadata, asked):
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", metadata)
        store = stores.connect(bucket)
        store.put("a", b"1")
        assert store.get("a") == b"1"
    assert [method for method, path, _ in asked if path == "/latest/api/token"] == ["PUT"]
    assert all(headers.get("x-aws-ec2-metadata-token") == "t" for method, _, headers in asked if method == "GET")


def test_oss_by_the_role_of_the_server(monkeypatch):
    role = {"AccessKeyId": "STS.1", "AccessKeySecret": "s", "SecurityToken": "token", "Expiration": "2099-01-01T00:00:00Z"}
    paths = {"/latest/api/token": "t", _ROLE: "the-role", _ROLE + "the-role": json.dumps(role)}
    with answering(404, paths=paths) as (metadata, asked):
        monkeypatch.setattr(oss_access, "METADATA", metadata)
        given = oss_access.role()
    assert (given["access_key_id"], given["secret_access_key"], given["token"]) == ("STS.1", "s", "token")
    assert given["expires_at"].isoformat() == "2098-12-31T23:55:00+00:00"
    assert [headers.get("x-aliyun-ecs-metadata-token") for method, _, headers in asked if method == "GET"] == ["t", "t"]


def test_oss_without_a_role_is_told(monkeypatch):
    with answering(404) as (metadata, _):
        at_alibaba(monkeypatch, metadata)
        store = stores.connect("oss://b/p?endpoint=http://127.0.0.1:9")
        with pytest.raises(Away, match="no credentials were found"):
            store.get("x")


def test_oss_by_the_users_own(monkeypatch, tmp_path):
    config = {"current": "b", "profiles": [{"name": "a"}, {"name": "b", "mode": "AK", "access_key_id": "1", "access_key_secret": "2"}]}
    (tmp_path / ".aliyun").mkdir()
    (tmp_path / ".aliyun/config.json").write_text(json.dumps(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert oss._user()()["access_key_id"] == "1"
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "3")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "4")
    assert oss._user()()["access_key_id"] == "3"
    assert oss._user("b")()["access_key_id"] == "1"  # the stack's own, whatever the environment says
    for name in ("a", "none"):
        with pytest.raises(Away, match=rf"store: wanted a profile '{name}' with keys \(AK or StsToken\) .*; run `aliyun configure`"):
            stores.connect(f"oss://b?region=cn-x&profile={name}")


def test_oss_by_a_domain_of_the_buckets_own():
    """A name that isn't the cloud's stays as it is; the addresses in a network and of all have the bucket's name before them."""
    own = oss_access.options("b", {"region": "cn-x", "endpoint": "https://files.example.com"})
    assert (own["endpoint"], own["virtual_hosted_style_request"]) == ("https://files.example.com", True)
    inner = oss_access.options("b", {"region": "cn-x", "endpoint": "https://s3.oss-cn-x-internal.aliyuncs.com"})
    assert (inner["endpoint"], inner["virtual_hosted_style_request"]) == ("https://b.s3.oss-cn-x-internal.aliyuncs.com", True)
    lookalike = oss_access.options("b", {"region": "cn-x", "endpoint": "https://notaliyuncs.com"})
    assert lookalike["endpoint"] == "https://notaliyuncs.com"


def test_oss_forbids_overwriting_by_a_header_and_asks_by_the_buckets_name(monkeypatch):
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "1")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "2")
    exists = "<Error><Code>FileAlreadyExists</Code></Error>"
    with answering(409, exists, {"/b/p/x": "another", "GET /b/p/y/z": "another"}) as (endpoint, asked):
        store = stores.connect(f"oss://b/p?region=cn-hangzhou&endpoint={endpoint}")
        store.put("x", b"1")
        with pytest.raises(Conflict):
            store.create("y/z", b"1")
    assert [headers.get("x-oss-forbid-overwrite") for method, _, headers in asked if method == "PUT"] == [None, "true"]
    named = oss_access.options("b", {"region": "cn-x"})
    assert (named["endpoint"], named["virtual_hosted_style_request"]) == ("https://b.s3.oss-cn-x.aliyuncs.com", True)


def test_a_chain_is_followed_whatever_the_object_shows(chained):
    chained.create("desired.json", b"1")
    chained.replace("desired.json", b"1", b"2")
    chained.replace("desired.json", b"2", b"3")
    chained.put("desired.json", b"1")  # somebody slept, and finishes now
    assert chained.get("desired.json") == b"3"
    assert chained.changed("desired.json", "").data == b"3"
    with pytest.raises(Conflict):
        chained.replace("desired.json", b"1", b"4")
    chained.replace("desired.json", b"3", b"4")
    assert chained.get("desired.json") == b"4"


def test_what_somebody_began_who_died_is_finished(chained):
    chained.create("desired.json", b"1")
    chained.create(oss._link("desired.json", b"1"), b"2")  # and then it died
    assert chained.get("desired.json") == b"2"
    with pytest.raises(Conflict):
        chained.replace("desired.json", b"1", b"3")
    assert super(oss.ChainedBucket, chained).get("desired.json") == b"2"


def test_google_takes_one_change_in_a_second_and_a_second_one_waits(monkeypatch):
    with running(Google, pause=1.0) as (endpoint, cloud):
        at_google(monkeypatch, endpoint)
        store = stores.connect(f"gs://b/p?endpoint={endpoint}")
        for count in range(4):
            store.replace("desired.json", b"%d" % (count - 1) if count else None, b"%d" % count)
        assert store.get("desired.json") == b"3"
        assert "SlowDown" in cloud.refused


@pytest.mark.parametrize("scheme", ["gs", "oss"])
def test_a_bare_server_fetches_its_tool_by_its_role(scheme, monkeypatch, tmp_path):
    """The endpoint that is given and hardened metadata serve at boot as they do later."""
    tool = b"the tool"
    sha256 = hashlib.sha256(tool).hexdigest()
    with running(Google if scheme == "gs" else Alibaba) as (endpoint, _):
        (at_google if scheme == "gs" else at_alibaba)(monkeypatch, endpoint)
        address = f"{scheme}://bucket/stack one?endpoint={endpoint}"
        stores.connect(address).put("tool.json", json.dumps({"sha256": sha256}).encode())
        stores.connect(address).put(f"releases/tool/{sha256}.pyz", tool)
        (tmp_path / "boot.json").write_text(json.dumps({"store": address}))
        script = bootstrap.script(Boot("shop", "prod", "web", address))
        text = script.partition("/opt/slipway/fetch.py <<'END'\n")[2].partition("\nEND\n")[0]
        for was, now in (("/etc/slipway", str(tmp_path)), ("/opt/slipway", str(tmp_path)), ("http://100.100.100.200", endpoint)):
            text = text.replace(was, now)
        done = subprocess.run([sys.executable, "-I", "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "host.pyz").read_bytes() == tool
