"""What a server may do it may by its role: asked of the cloud's metadata, renewed, and used."""

import json
from pathlib import Path

import pytest
from answers import answering

from cloud_init.host import stores
from cloud_init.host.stores import Away, Conflict, oss, oss_credentials, s3
from cloud_init.host.stores.bucket import BucketAddress

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


def test_oss_by_the_role_of_the_server():
    role = {"AccessKeyId": "STS.1", "AccessKeySecret": "s", "SecurityToken": "token", "Expiration": "2099-01-01T00:00:00Z"}
    paths = {"/latest/api/token": "t", _ROLE: "the-role", _ROLE + "the-role": json.dumps(role)}
    with answering(404, paths=paths) as (metadata, asked):
        given = oss_credentials.find({}, Path("/nowhere"), metadata)()
    assert (given["access_key_id"], given["secret_access_key"], given["token"]) == ("STS.1", "s", "token")
    assert given["expires_at"].isoformat() == "2098-12-31T23:55:00+00:00"
    assert [headers.get("x-aliyun-ecs-metadata-token") for method, _, headers in asked if method == "GET"] == ["t", "t"]


def test_oss_without_a_role_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID", raising=False)
    with answering(404) as (metadata, _):
        monkeypatch.setattr(oss_credentials.find, "__defaults__", ({}, None, metadata))
        store = stores.connect("oss://b/p?endpoint=http://127.0.0.1:9")
        with pytest.raises(Away, match="no credentials were found"):
            store.get("x")


def test_oss_by_the_users_own(tmp_path):
    config = {"current": "b", "profiles": [{"name": "a"}, {"name": "b", "mode": "AK", "access_key_id": "1", "access_key_secret": "2"}]}
    (tmp_path / ".aliyun").mkdir()
    (tmp_path / ".aliyun/config.json").write_text(json.dumps(config))
    assert oss_credentials.find({}, tmp_path)()["access_key_id"] == "1"
    assert (
        oss_credentials.find({"ALIBABA_CLOUD_ACCESS_KEY_ID": "3", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "4"}, tmp_path)()["access_key_id"]
        == "3"
    )


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
    assert oss._endpoint(BucketAddress("oss://b/p", ()), "cn-x") == ("https://b.s3.oss-cn-x.aliyuncs.com", True)


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
