"""The target aws-ec2 on booted hosts: the program's own boot data by a metadata service, rollouts through a bucket, all else emulated."""

import http.client
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from load import Load
from project import Project
from stores.buckets import logged_in, s3_here

import ops.engine.run
from ops.engine import Engine
from ops.engine.events import Event, Result
from ops.project import load_project, load_stack
from real_hosts.amazon import REGION, Amazon, AmazonMonitor
from real_hosts.machine import Machine
from real_hosts.metadata import metadata
from real_hosts.network import Network
from real_hosts.servers import DRIVERS, SMALL, pids
from real_hosts.test_fleet import _APP, _MIGRATE


class Stack:
    """A project whose target is aws-ec2; its engine is ours, with an account of test hosts behind it."""

    def __init__(self, amazon: Amazon, project: Project) -> None:
        self.amazon, self.project = amazon, project
        self.said: list[str] = []

    def write(self, **config: object) -> None:
        given: dict[str, object] = {"target": "aws-ec2", "aws-ec2": {"region": REGION}}
        self.project.write_config({**given, **config})

    def up(self) -> Result:
        project = load_project(self.project.folder)
        return Engine(project, load_stack(project, "dev"), self._hear).up()

    def change(self) -> None:
        """The app's code, for another release than any before."""
        self.project.edit("VERSION = ", f"NUMBER = {time.monotonic_ns()}\nVERSION = ")

    def ask(self, address: str, path: str = "/") -> tuple[int, str, str]:
        connection = http.client.HTTPConnection(address, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers.get("X-Release-Id", "")
        finally:
            connection.close()

    def _hear(self, event: Event) -> None:
        self.said.append(event.text if event.step is None else f"{event.kind} {event.step.op} {event.step.name} {event.step.error or ''}")


@pytest.fixture
def stack(network: Network, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    logged_in(monkeypatch)
    with s3_here(network.gateway) as endpoint, metadata(network) as told:
        amazon = Amazon(network, told, endpoint)
        for name, value in amazon.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(ops.engine.run, "Monitor", type("OfAmazon", (AmazonMonitor,), {"amazon": amazon}))
        project = Project()
        monkeypatch.chdir(project.folder)
        made = Stack(amazon, project)
        yield made
        print("\n".join(made.said[-80:]))
        for machine in network.machines.values():
            print(f"== {machine.name}\n{machine.last_words('slipway*')}")
        amazon.close()
        project.remove()


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Figures are printed, whatever pytest captures."""

    def out(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}", end="")

    return out


def test_a_server_and_its_database(stack: Stack, say: Callable[[str], None]) -> None:
    stack.project.write_files({"wsgi.py": _APP, "migrate.py": _MIGRATE, "requirements.txt": f"flask==3.1.3\n{DRIVERS['postgres']}"})
    app = {"name": "shop", "path": "./app", "releaseCommand": "python migrate.py"}
    stack.write(app=app, database={"engine": "postgres", "placement": "own-host"})
    began = time.monotonic()
    launched = stack.up()
    assert launched.ok, launched.error
    say(f"bare account to green: {time.monotonic() - began:.1f} s")
    (address,) = launched.outputs["addresses"]
    assert stack.ask(address) == (200, "one", launched.outputs["release"])
    releases_under_load(stack, address, say)


def releases_under_load(stack: Stack, address: str, say: Callable[[str], None]) -> None:
    """Five good ones, each live soon after the command; a broken one refused."""
    with Load(80, (address,), bodies=("one",), post="/rows", slow="/slow", clients=12, interval=0.2) as load:
        for number in range(5):
            with load.flip(f"release {number + 1}"):
                stack.change()
                began = time.monotonic()
                done = stack.up()
                assert done.ok, done.error
            say(f"release {number + 1}: live {time.monotonic() - began:.1f} s after the command")
        good = stack.ask(address)[2]
        stack.project.edit("VERSION = ", "raise RuntimeError('broken here')\nVERSION = ")
        refused = stack.up()
        time.sleep(5)
    say("\n".join([*map(str, load.flips), f"in all: {load.sent} requests, {len(load.failures)} failed"]))
    assert load.failures == []
    assert not refused.ok
    assert "broken here" in str(refused.error)
    assert stack.ask(address)[2] == good


def test_a_fleet_behind_a_load_balancer(stack: Stack, say: Callable[[str], None]) -> None:
    stack.project.write_files({"wsgi.py": SMALL, "requirements.txt": "flask==3.1.3\n"})
    stack.write(app={"name": "shop", "path": "./app"}, **{"aws-ec2": {"region": REGION, "instances": {"min": 2, "max": 4}}})
    began = time.monotonic()
    launched = stack.up()
    assert launched.ok, launched.error
    say(f"bare account to a green fleet of two: {time.monotonic() - began:.1f} s")
    (address,) = launched.outputs["addresses"]
    assert stack.ask(address) == (200, "one", launched.outputs["release"])
    joined(stack, address, say)
    dead_in_a_rollout(stack, address, say)


def joined(stack: Stack, address: str, say: Callable[[str], None]) -> None:
    """Two more from the same boot data: they serve what is live by themselves, then take part."""
    old = stack.ask(address)[2]
    with Load(80, (address,), bodies=("one",), post="/take", slow="/slow", clients=12, interval=0.2) as load:
        new = stack.amazon.grow(2)
        for host in new:
            host.wait_for(lambda one=host: serving(stack, one), old.__eq__, 180)  # type: ignore[misc]
        say(f"two more hosts serve {time.monotonic() - new[0].started:.1f} s after their start")
        with load.flip("a release on all four"):
            stack.change()
            done = stack.up()
    say("\n".join([*map(str, load.flips), f"in all: {load.sent} requests, {len(load.failures)} failed"]))
    assert done.ok, done.error
    assert load.failures == []
    assert {serving(stack, host) for host in stack.amazon.instances.values()} == {done.outputs["release"]}


def dead_in_a_rollout(stack: Stack, address: str, say: Callable[[str], None]) -> None:
    """One of four loses power while it prepares: nothing changes but that; the next rollout goes on without it."""
    old, dying = stack.ask(address)[2], [*stack.amazon.instances.values()][-1]
    stack.change()
    with ThreadPoolExecutor(1) as pool:
        rolled = pool.submit(stack.up)
        dying.wait_for(lambda: pids(dying, "host.pyz.*prepare"), bool, 60)
        dying.kill()
        said = str(rolled.result(300).error)
    assert "no sign since" in said, said
    assert stack.ask(address)[2] == old
    began = time.monotonic()
    done = stack.up()
    assert done.ok, done.error
    say(f"without the dead one: live {time.monotonic() - began:.1f} s after the command")
    assert stack.ask(address)[2] == done.outputs["release"] != old


def serving(stack: Stack, host: Machine) -> str:
    """The release that a host itself answers with; empty where it doesn't."""
    try:
        return stack.ask(host.address)[2]
    except (OSError, http.client.HTTPException):
        return ""
