"""Servers whose store is a bucket: they come up by their role's credentials, and follow the coordinator through it."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from buckets import logged_in, make_bucket, s3_here

from cloud_init import bootstrap
from cloud_init.host.contracts.facts import Boot
from components.hosts import progress
from components.hosts.site import Site
from components.release.store import connect
from components.rollout import coordinator
from real_hosts.machine import Machine
from real_hosts.metadata import metadata
from real_hosts.network import Network
from real_hosts.shelf import Shelf

_NAMES = ("web-1", "web-2")
_BROKEN = "raise RuntimeError('NUMBER')"


class Fleet:
    """Two servers, and their bucket."""

    def __init__(self, network: Network, address: str, folder: Path) -> None:
        self.store = cast(Any, connect(address))
        self.shelf = Shelf(folder)
        self.shelf.store = self.store.objects
        self.tool = self.shelf.tool()
        self.shelf.for_new_servers(self.tool)
        self.machines = {name: self._boot(network, address, name) for name in _NAMES}
        self.said: list[str] = []

    def roll(self, number: int, **how: Any) -> coordinator.Verdict:
        addresses = tuple(machine.address for machine in self.machines.values())
        day = Site(self.store, [], f"http://{addresses[0]}", follow=True, expected=_NAMES, addresses=addresses)
        with progress.listen(lambda step: self.said.append(f"{step.host} {step.step} {step.state} {step.text}")):
            return coordinator.roll(day, self.shelf.publish(number, self.tool, **how))

    def serve(self, number: int) -> None:
        for machine in self.machines.values():
            machine.wait_for(functools.partial(_body, machine), str(number).__eq__, 60)

    def _boot(self, network: Network, address: str, name: str) -> Machine:
        return network.machine(name, bootstrap.cloud_config(Boot("shop", "prod", "web", address, name)))


def _body(machine: Machine) -> str:
    return machine.run(["curl", "-s", "--max-time", "2", "http://127.0.0.1/"], check=False).stdout


@pytest.fixture
def fleet(network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Fleet]:
    logged_in(monkeypatch)
    with s3_here(network.gateway) as endpoint, metadata(network):
        made = Fleet(network, make_bucket(endpoint), tmp_path)
        yield made
        print("\n".join(made.said[-60:]))
        for machine in made.machines.values():
            print(machine.last_words("slipway*"))


@pytest.mark.family("servers with a bucket")
def test_releases_through_a_bucket(fleet: Fleet) -> None:
    verdict = fleet.roll(1)
    assert verdict.ok, verdict.message
    fleet.serve(1)
    assert {"web-1 gate done ", "web-2 flip done "} <= set(fleet.said)

    verdict = fleet.roll(2, app=_BROKEN)
    assert not verdict.ok
    assert "RuntimeError" in verdict.message
    fleet.serve(1)

    fleet.machines["web-2"].pause()
    verdict = fleet.roll(3)  # its heartbeat is still fresh: it goes silent while it should prepare
    fleet.machines["web-2"].resume()
    assert not verdict.ok
    assert "web-2, prepare: no sign since" in verdict.message
    fleet.serve(1)

    verdict = fleet.roll(4)
    assert verdict.ok, verdict.message
    fleet.serve(4)
