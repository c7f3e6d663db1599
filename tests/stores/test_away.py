"""A store that can't be used says why, in one line, and what to do."""

import sys

import pytest
from answers import answering

from cloud_init.host import stores
from cloud_init.host.stores import Away, s3
from components.errors import MissingError
from components.release.store import connect

ERROR = "<Error><Code>{}</Code><Message>made to fail</Message></Error>"
WHY = {
    (403, "RequestTimeTooSkewed"): "found RequestTimeTooSkewed; set this machine's clock",
    (404, "NoSuchBucket"): "found NoSuchBucket; look at the bucket's name and region",
    (403, "AccessDenied"): "found AccessDenied; this user or role needs leave",
    (403, "InvalidAccessKeyId"): "found InvalidAccessKeyId; log in again",
    (400, "ExpiredToken"): "found ExpiredToken; log in again",
    (403, "SomethingNew"): "found SomethingNew; this user or role needs leave",
    (301, "PermanentRedirect"): "give the region that the bucket is in",
    (503, "SlowDown"): "found SlowDown; wait a little",
}


def told(work):
    with pytest.raises(Away) as caught:
        work()
    text = str(caught.value)
    assert "\n" not in text
    assert "Debug" not in text
    assert text.startswith("store: ")
    assert text.endswith(", then run it again") or "log in (" in text
    return text


@pytest.mark.parametrize(("status", "code"), WHY)
def test_what_a_service_says(user, status, code):
    with answering(status, ERROR.format(code)) as (endpoint, _):
        store = stores.connect(f"s3://b/p?region=eu-west-1&endpoint={endpoint}")
        for work in (lambda: store.get("x"), lambda: store.put("x", b""), lambda: store.names("x/"), lambda: store.replace("x", None, b"")):
            assert WHY[status, code] in told(work)
            assert told(work).startswith("store: s3://b/p: ")


def test_nobody_there(user):
    store = stores.connect("s3://b/p?region=eu-west-1&endpoint=http://127.0.0.1:9")
    assert "look at the network and the address" in told(lambda: store.get("x"))


def test_a_user_without_credentials(user, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "no AWS credentials were found; log in (aws configure" in told(lambda: stores.connect("s3://b/p?region=eu-west-1"))


@pytest.mark.parametrize("status", [404, None])
def test_a_server_without_a_role(user, monkeypatch, status):
    monkeypatch.setattr(s3, "find_spec", lambda _name: None)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with answering(status or 404) as (metadata, _):
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", metadata if status else "http://127.0.0.1:9")
        store = stores.connect("s3://b/p?region=eu-west-1&endpoint=http://127.0.0.1:9")
        assert "credentials were" in told(lambda: store.get("x"))


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "store").write_text("")
    store = stores.connect(f"file://{tmp_path}/store")
    with pytest.raises(Away, match=r"store: .*can't be written \(.*\); mend that, then run it again"):
        store.put("a", b"")


def test_a_deploying_machine_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(MissingError, match=r"store: gs://b/p needs the package obstore.*; run: pip install -r requirements/bucket.in"):
        connect("gs://b/p")
