"""The target aws-ec2 on booted hosts, which stand as the recorded plan says: boot data by a metadata service, rollouts through a bucket,
day two by Systems Manager, all of it emulated."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from real_hosts.cloud_proofs import Say, a_fleet, a_server_and_its_database, a_server_and_its_mysql, another_image
from real_hosts.cloud_stack import Stack, on_amazon
from real_hosts.network import Network

_MYSQL = Path(__file__).parents[1] / "aws/stacks/own-mysql.yaml"


@pytest.fixture
def stack(network: Network, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with on_amazon(network, monkeypatch) as made:
        yield made


def test_a_server_and_its_database(stack: Stack, say: Say) -> None:
    address = a_server_and_its_database(stack, say)
    another_image(stack, address, say, "t3.small")


@pytest.mark.family("Amazon EC2")
def test_a_server_and_its_mysql(stack: Stack, say: Say) -> None:
    a_server_and_its_mysql(stack, say, _MYSQL)


def test_a_fleet_behind_a_load_balancer(stack: Stack, say: Say) -> None:
    a_fleet(stack, say, reached_by_others=False)
