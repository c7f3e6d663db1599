"""The target gcp-vm on booted hosts, which stand as the recorded plan says: boot data by Google's own agent as Debian has it, rollouts
through a store in Google's language by TLS, day two by SSH through Google's command line and OS Login, as far as those can be had here."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from real_hosts.cloud_proofs import Say, a_fleet, a_server_and_its_database, a_server_and_its_mysql
from real_hosts.cloud_stack import Stack, on_google
from real_hosts.network import Network
from real_hosts.seed import GOOGLE_DEBIAN, GOOGLE_UBUNTU

_MYSQL = Path(__file__).parents[1] / "gcp/stacks/own-mysql.yaml"


@pytest.fixture
def stack(network: Network, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with on_google(network, monkeypatch, GOOGLE_DEBIAN) as made:
        yield made


def test_a_server_and_its_database(stack: Stack, say: Say) -> None:
    """After a reboot, at which Google's agent runs the boot script again, it is back by itself."""
    address = a_server_and_its_database(stack, say)
    served, web = stack.ask(address)[2], stack.hosts.of("web")
    web.reboot()
    web.wait_for(lambda: stack.serving(web), served.__eq__, 60)


@pytest.mark.family("Google Compute Engine")
def test_a_server_and_its_mysql(network: Network, monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    with on_google(network, monkeypatch, GOOGLE_UBUNTU) as stack:
        a_server_and_its_mysql(stack, say, _MYSQL)


def test_a_fleet_behind_a_load_balancer(stack: Stack, say: Say) -> None:
    """Its hosts know a client by the header that is Google's own, whatever the client says of itself."""
    a_fleet(stack, say, reached_by_others=False)
    client = stack.hosts.network.stranger("client")
    for number, told in enumerate(("X-Forwarded-For: 198.51.100.7", "X-Real-Ip: 198.51.100.7")):
        client.in_network(["curl", "-sS", "-H", told, f"http://{stack.hosts.network.gateway}/who-{number}"])
    hosts = [one for one in stack.hosts.running.values() if stack.serving(one)]

    def told_of() -> list[str]:
        lines = [line for one in hosts for line in one.read("/var/log/slipway/shop/front.log").decode().splitlines() if "/who-" in line]
        return [json.loads(line)["remote"] for line in lines]

    assert hosts[0].wait_for(told_of, lambda found: len(found) == 2, 20) == [client.address] * 2
