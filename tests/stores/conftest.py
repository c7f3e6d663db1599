"""Every kind of store that can be had here."""

import pytest
from buckets import logged_in, make_bucket, s3_here

from cloud_init.host import stores
from cloud_init.host.stores import oss

KINDS = ("file", "s3", "chain")


@pytest.fixture(scope="session")
def endpoint():
    with s3_here() as url:
        yield url


@pytest.fixture
def user(monkeypatch):
    logged_in(monkeypatch)


@pytest.fixture
def bucket(endpoint, user):
    """The address of a new bucket."""
    return make_bucket(endpoint)


@pytest.fixture
def chained(bucket, monkeypatch):
    """OSS's way to replace, in a bucket whose `create` is real: moto knows nothing of `x-oss-forbid-overwrite`."""
    monkeypatch.setattr(oss.ChainedBucket, "FIRST", {})
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "test")
    return stores.connect(bucket.replace("s3://", "oss://"))


@pytest.fixture(params=KINDS)
def store(request, tmp_path):
    if request.param == "file":
        return stores.connect(f"file://{tmp_path}/a store")
    return stores.connect(request.getfixturevalue("bucket")) if request.param == "s3" else request.getfixturevalue("chained")
