"""Real hosts for the tests here: skipped, and told why, where this machine can't have any."""

from collections.abc import Callable, Iterator

import pytest

from cloud_init import bootstrap
from cloud_init.host.contracts.facts import Boot
from real_hosts import possible
from real_hosts.follower import HOST, STORE, Follower
from real_hosts.network import Network
from real_hosts.servers import Servers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only those in this folder."""
    if reason := possible.why_not():
        for item in items:
            if "real_hosts" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def network() -> Iterator[Network]:
    """A network of the test's own; its hosts' consoles are shown where the test fails."""
    with Network() as one:
        yield one
        for machine in one.machines.values():
            print(f"== console of {machine.name}\n{machine.console[-6000:]}")


@pytest.fixture
def servers(network: Network) -> Iterator[Callable[..., Servers]]:
    """Makes a project and its bare servers; what the host tool said is shown where the test fails."""
    made: list[Servers] = []

    def make(*web: str, database: str | None = None, disk: int | None = None) -> Servers:
        made.append(Servers(network, web or ("web-1",), database, disk))
        return made[-1]

    yield make
    for one in made:
        one.remove()
    for machine in network.machines.values():
        print(f"== {machine.name}\n{machine.last_words('slipway')}")


@pytest.fixture
def server(network: Network) -> Iterator[Follower]:
    """A bare server that follows a store on its own disk."""
    boot = Boot("shop", "prod", "web", f"file://{STORE}", HOST)
    yield Follower(machine := network.machine(HOST, bootstrap.cloud_config(boot)))
    print(machine.journal("slipway*"))  # shown where the test fails


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Figures are printed, whatever pytest captures."""

    def out(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}", end="")

    return out
