"""Every kind of store that can be had here."""

import pytest
from buckets import logged_in, make_bucket, s3_here
from emulated import Alibaba, Google, at_alibaba, at_google, running

from cloud_init.host import stores

KINDS = ("file", "s3", "google", "chained")


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
def chained(monkeypatch):
    """OSS's way to replace, by the role of a server."""
    with running(Alibaba) as (endpoint, _):
        at_alibaba(monkeypatch, endpoint)
        yield stores.connect(f"oss://bucket/stack one?endpoint={endpoint}")


@pytest.fixture
def google(monkeypatch):
    """By the service account of a server."""
    with running(Google) as (endpoint, _):
        at_google(monkeypatch, endpoint)
        yield stores.connect(f"gs://bucket/stack one?endpoint={endpoint}")


@pytest.fixture(params=KINDS)
def store(request, tmp_path):
    if request.param == "file":
        return stores.connect(f"file://{tmp_path}/a store")
    if request.param == "s3":
        return stores.connect(request.getfixturevalue("bucket"))
    return request.getfixturevalue(request.param)
