"""The target alicloud-ecs on booted hosts, which stand as the recorded plan says: boot data by cloud-init's AliYun datasource, rollouts
through a store in OSS's language by TLS, day two by Cloud Assistant, all of it emulated."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from real_hosts.cloud_proofs import Say, a_fleet, a_server_and_its_database, a_server_and_its_mysql, launch
from real_hosts.cloud_stack import Stack, on_alibaba
from real_hosts.network import Network
from real_hosts.servers import DRIVERS, FRONTS, pids
from real_hosts.test_recipes import RECIPES, settings

_MYSQL = Path(__file__).parents[1] / "alicloud/stacks/own-mysql.yaml"


@pytest.fixture
def stack(network: Network, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with on_alibaba(network, monkeypatch) as made:
        yield made


def test_a_server_and_its_database(stack: Stack, say: Say) -> None:
    """After a reboot it is back by itself, without the store."""
    address = a_server_and_its_database(stack, say)
    served, web = stack.ask(address)[2], stack.hosts.of("web")
    web.reboot()
    web.wait_for(lambda: stack.serving(web), served.__eq__, 60)


@pytest.mark.family("Alibaba Cloud ECS")
def test_a_server_and_its_mysql(stack: Stack, say: Say) -> None:
    a_server_and_its_mysql(stack, say, _MYSQL)


def test_a_fleet_behind_a_load_balancer(stack: Stack, say: Say) -> None:
    a_fleet(stack, say, reached_by_others=True)


@pytest.mark.parametrize("recipe", ["r4a", "r4b"])
def test_recipe(stack: Stack, say: Say, recipe: str) -> None:
    """The recipe's stack file with the target that it names first; on port 80, with MySQL on the instance."""
    config: dict[str, Any] = settings(RECIPES[recipe].read_text(encoding="utf-8"))
    stack.project.take_example(DRIVERS["mysql"])
    stack.write(**{**config, "target": "alicloud-ecs"})
    address = launch(stack, say, f"{recipe} on port 80")
    assert stack.ask(address, "/healthz")[0] == 200
    web = stack.hosts.of("web")
    front = config.get("front", "nginx")
    assert {kind for kind, pattern in FRONTS.items() if pids(web, pattern)} == {front}
    assert pids(web, "mariadbd")
