"""Plans of stacks on Alibaba Cloud, recorded in the project's own folder; and its services as far as they can be had here."""

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("conformance", "host", "")]

from alibaba import INSTANCE, REGION, alibaba, anew  # noqa: E402
from clouds import benches  # noqa: E402
from systems_manager import on_tree  # noqa: E402

from components.alicloud.control import account  # noqa: E402


@pytest.fixture(autouse=True)
def in_project(monkeypatch):
    """A program runs in its project folder."""
    monkeypatch.chdir(TESTS.parent)


@pytest.fixture
def service():
    """The services, with one instance that runs what it is told in this machine's shell, without a host tool."""
    with alibaba({INSTANCE: on_tree(Path("/nowhere"), Path("/nowhere"))}) as made:
        yield made


@pytest.fixture
def user(monkeypatch, service, tmp_path):
    """Somebody whose keys stand in the environment, and whose own files are empty."""
    logged_in(monkeypatch, service, tmp_path)
    yield monkeypatch
    account.sign_in(REGION, None, None)
    anew()


def logged_in(patch, service, home):
    for name in [name for name in os.environ if name.startswith("ALIBABA_CLOUD_")]:
        patch.delenv(name)
    given = {"ACCESS_KEY_ID": "LTAItest", "ACCESS_KEY_SECRET": "test", "ENDPOINT_URL": service.url, "ECS_METADATA_DISABLED": "true"}
    for name, value in given.items():
        patch.setenv(f"ALIBABA_CLOUD_{name}", value)
    patch.setenv("HOME", str(home))
    patch.setattr(account, "_PAUSES", (0.0,))
    anew()


@pytest.fixture(scope="module")
def bench():
    """A host in a folder, of the tests of the host tool."""
    with benches.made() as made:
        yield made


@pytest.fixture
def tree(bench, monkeypatch, tmp_path):
    """The services, with that host as the instance."""
    with alibaba({INSTANCE: on_tree(bench.host.root / "opt/slipway/host.pyz", bench.host.root)}) as made:
        logged_in(monkeypatch, made, tmp_path)
        yield made
    anew()
