"""Plans of stacks on Amazon, recorded in the project's own folder; and AWS as far as it can be had here.

That is moto for what is looked up, and an emulated Systems Manager that runs commands on a real tree."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("conformance", "host", "")]

from buckets import REGION, logged_in, s3_here  # noqa: E402
from clouds import benches  # noqa: E402
from systems_manager import on_tree, systems_manager  # noqa: E402

from components.aws.control import account  # noqa: E402

INSTANCE = "i-0123456789abcdef0"


@pytest.fixture(autouse=True)
def in_project(monkeypatch):
    """A program runs in its project folder."""
    monkeypatch.chdir(TESTS.parent)


@pytest.fixture(scope="session")
def moto():
    """The address of all of AWS but Systems Manager."""
    with s3_here() as url:
        yield url


@pytest.fixture
def user(monkeypatch, moto, tmp_path):
    """Somebody logged in to that AWS, whose own files are empty."""
    _login(monkeypatch, moto, tmp_path)
    yield monkeypatch
    account.forget()


def _login(monkeypatch, moto, folder):
    logged_in(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("CONFIG", "SHARED_CREDENTIALS"):
        monkeypatch.setenv(f"AWS_{name}_FILE", str(folder / name))
    account.forget()


@pytest.fixture(scope="module")
def bench():
    """A host in a folder, of the tests of the host tool."""
    with benches.made() as made:
        yield made


@pytest.fixture(scope="module")
def systems(bench, moto):
    """Systems Manager for a whole module: a session of the library takes a second."""
    there = {INSTANCE: on_tree(bench.host.root / "opt/slipway/host.pyz", bench.host.root)}
    with pytest.MonkeyPatch.context() as patch, systems_manager(there) as made:
        _login(patch, moto, bench.folder)
        patch.setenv("AWS_ENDPOINT_URL_SSM", made.url)
        yield made
    account.forget()


@pytest.fixture
def service(systems):
    """The same, as good as new."""
    systems.sent.clear()
    systems.cancelled.clear()
    systems.fails.clear()
    before = dict(systems.instances)
    yield systems
    systems.instances = before
    systems.silent.clear()
    systems.delivery = None


@pytest.fixture
def facts(bench):
    return {
        "region": REGION, "instance": INSTANCE, "host": bench.facts["host"], "role": "web", "app": "demo",
        "address": "203.0.113.7", "store": bench.facts["store"],
    }  # fmt: skip
