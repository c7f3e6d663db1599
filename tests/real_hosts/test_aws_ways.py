"""What recorded plans give hosts on Amazon, in a network where nothing boots: ways out, the store, and who is let in."""

import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from project import Project

from ops.plan.record import record
from ops.stack.project import load_project, load_stack
from real_hosts.commands import run
from real_hosts.deployer import REGION
from real_hosts.machine import Machine
from real_hosts.metadata import AMAZON, metadata
from real_hosts.network import Network
from real_hosts.outside import open_ports
from real_hosts.reach import reached, reaches
from real_hosts.recorded import Recorded, RecordedOnAmazon
from real_hosts.servers import SMALL
from real_hosts.walls import Walls

_OUTSIDE = "198.51.100.1"  # of nobody: this machine's, behind the way out
_DATABASE = {"engine": "postgres", "placement": "own-host"}
_OPTIONS: dict[str, dict[str, Any]] = {"public": {}, "nat": {"network": {"nat": True}}}
_ROUTE, _ENDPOINT, _OUT = "shop-network-private-ipv4", "shop-network-s3", "shop-web-out-ipv4"
_WAYS = [
    ("public", (), {"outside", "store", "metadata"}),
    ("public", ("shop-network-public-ipv4",), {"metadata"}),
    ("public", (_OUT,), {"metadata"}),
    ("nat", (), {"outside", "store", "metadata"}),
    ("nat", (_ENDPOINT,), {"outside", "store", "metadata"}),
    ("nat", (_ROUTE,), {"store", "metadata"}),
    ("nat", (_ROUTE, _ENDPOINT), {"metadata"}),
]
"""Of a web server: the plan, what is left out of it, what it reaches then."""
_PORTS = (22, 80, 443, 5432)
_LISTEN = (
    "import socket, sys, time; all = [socket.create_server(('', int(one))) for one in sys.argv[1:]]; print(flush=True); time.sleep(600)"
)


@pytest.fixture(scope="module")
def plans() -> Iterator[dict[str, Recorded]]:
    """Of a web server and a database server; the same of a fleet behind address translation."""
    project = Project()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.folder)
        project.write_files({"wsgi.py": SMALL, "requirements.txt": "flask==3.1.3\n"})
        yield {name: _recorded(project, {"region": REGION, **more}) for name, more in _OPTIONS.items()}
    project.remove()


def _recorded(project: Project, options: dict[str, Any]) -> Recorded:
    project.write_config({"target": "aws-ec2", "app": {"name": "shop", "path": "./app"}, "database": _DATABASE, "aws-ec2": options})
    found = load_project(project.folder)
    return RecordedOnAmazon(record(found, load_stack(found, "dev", sealed=True)))


@pytest.fixture
def sites(network: Network) -> Iterator[dict[str, tuple[str, int]]]:
    """What hosts may want to reach. The store is at the gateway."""
    run(["ip", "address", "add", f"{_OUTSIDE}/32", "dev", network.name])
    made = {"outside": _site(_OUTSIDE), "store": _site(network.gateway)}
    with metadata(network):
        known = {name: (str(one.server_address[0]), one.server_address[1]) for name, one in made.items()}
        yield {**known, "metadata": (AMAZON.address, 80)}
    for one in made.values():
        one.shutdown()
        one.server_close()


def _site(address: str) -> socketserver.TCPServer:
    """Takes connections, and ends them."""
    made = socketserver.ThreadingTCPServer((address, 0), socketserver.BaseRequestHandler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made


def put(walls: Walls, role: str, recorded: Recorded, name: str) -> Machine:
    """An address that stands as that plan's host of this role."""
    (at,) = [one.at for one in recorded.facts.hosts if one.at.name.startswith(f"shop-{role}")]
    standing = recorded.standing(at.type, at.name)
    machine = walls.network.stranger(name, standing.way_out)
    walls.put(machine, standing, recorded)
    return machine


def test_the_ways_out_are_those_of_the_plan(network: Network, plans: dict[str, Recorded], sites: dict[str, tuple[str, int]]) -> None:
    walls, hosts = Walls(network, sites["store"][1]), []
    for number, (plan, gone, _) in enumerate(_WAYS):
        assert {*gone} <= {one.name for one in plans[plan].plan.resources}
        hosts.append(put(walls, "web", plans[plan].without(lambda one, gone=gone: one.name in gone), str(number)))  # type: ignore[misc]
    with ThreadPoolExecutor() as pool:
        found = [*pool.map(lambda host: reached(host, sites), hosts)]
    assert found == [wanted for *_, wanted in _WAYS]
    led_out = [bool(run(["ip", "-n", host.namespace, "route", "show", "default"]).stdout) for host in hosts]
    assert led_out == ["outside" in wanted or _OUT in gone for _, gone, wanted in _WAYS]


def test_a_public_address_is_the_hosts_own_or_a_fixed_one(plans: dict[str, Recorded]) -> None:
    without = {"associatePublicIpAddress": False}
    plan = plans["public"].plan
    changed = [one.model_copy(update={"inputs": {**one.inputs, **without}}) if "/instance:" in one.type else one for one in plan.resources]
    recorded = RecordedOnAmazon(plan.model_copy(update={"resources": tuple(changed)}))
    found = {one.at.name: one.at for one in recorded.facts.hosts}

    def ways(among: Recorded) -> dict[str, bool]:
        return {name.split("-")[1]: among.standing(at.type, at.name).way_out for name, at in found.items()}

    assert ways(plans["public"].unassociated()) == {"web": True, "database": True}
    assert ways(recorded.unassociated()) == {"web": False, "database": False}
    assert ways(recorded) == {"web": True, "database": False}


@pytest.mark.parametrize(("plan", "world", "balancer"), [("public", {80, 443}, set()), ("nat", set(), {80})])
def test_let_in_is_who_the_security_groups_name(
    network: Network, plans: dict[str, Recorded], plan: str, world: set[int], balancer: set[int]
) -> None:
    """All listen on all ports. A third host is in no group; the world, and a load balancer, ask from this machine's address."""
    walls = Walls(network, 0)
    third = network.stranger("third")
    web, database = hosts = [put(walls, role, plans[plan], role) for role in ("web", "database")]
    places = {f"{one.name} {port}": (one.address, port) for one in hosts for port in _PORTS}
    own = {one.name: {f"{one.name} {port}" for port in _PORTS} for one in hosts}
    of_world = {f"web {port}" for port in world}
    with all_listening(hosts), ThreadPoolExecutor() as pool:
        from_here = [pool.submit(open_ports, one.address, network.gateway, _PORTS) for one in hosts]
        assert [*pool.map(lambda host: reached(host, places), (third, database, web))] == [
            of_world,
            of_world | own["database"],
            own["web"] | {"database 5432"},
        ]
        assert [one.result() for one in from_here] == [sorted(world | balancer), []]
        with walls.down():
            assert reached(third, places) == {*places}
        walls.remove(web)
        assert not reaches(web, *places["database 5432"])  # nobody's member any more


@contextmanager
def all_listening(hosts: list[Machine]) -> Iterator[None]:
    command = [sys.executable, "-c", _LISTEN, *map(str, _PORTS)]
    started = [subprocess.Popen(["ip", "netns", "exec", one.namespace, *command], stdout=subprocess.PIPE) for one in hosts]
    try:
        for one in started:
            assert one.stdout is not None
            assert one.stdout.readline()
        yield
    finally:
        for one in started:
            one.kill()
            one.communicate()
