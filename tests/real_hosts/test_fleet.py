"""Two web servers and one for the database over SSH: bare, released under load, broken, dead, back, replaced. No row is lost."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from load import Load

from real_hosts.apps import ROWS
from real_hosts.machine import Machine
from real_hosts.servers import Servers

_MARK = "/etc/not-this-one"
_BROKEN = f'if os.path.exists("{_MARK}"): raise RuntimeError("not on this host")\n'
_STORE = "var/lib/slipway/store"
_LOCK = "var/lib/slipway/shop/lock"


class Site:
    """The servers with what all of the test asks of them."""

    def __init__(self, servers: Servers, say: Callable[[str], None]) -> None:
        self.servers, self.say = servers, say
        self.posted = 0

    def launch(self) -> None:
        self.servers.write_files(ROWS)
        self.write_stack()
        with self.timed("three bare servers to serving"):
            self.servers.up(900)

    def write_stack(self) -> None:
        app = {"name": "shop", "path": "./app", "releaseCommand": "python migrate.py"}
        self.servers.write_stack(app=app, database={"engine": "postgres", "placement": "own-host"})

    @contextmanager
    def load(self, *hosts: Machine) -> Iterator[Load]:
        """On these hosts; every request well, and every row that was posted there afterwards."""
        addresses = tuple(host.address for host in hosts)
        with Load(80, addresses, bodies=("one",), post="/rows", slow="/slow", clients=12, interval=0.2) as load:
            yield load
        self.say("\n".join([*map(str, load.flips), f"in all: {load.sent} requests, {len(load.failures)} failed"]))
        assert load.failures == []
        assert load.sent > 100

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.say(f"{what}: {time.monotonic() - began:.1f} s")

    def rows(self) -> int:
        return int(self.servers.ask("/rows")[1])


@pytest.fixture
def site(servers: Callable[..., Servers], capsys: pytest.CaptureFixture[str]) -> Site:
    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}", end="")

    return Site(servers("web-1", "web-2", database="db-1"), say)


def test_a_fleet(site: Site) -> None:
    site.launch()
    assert [site.servers.ask(host=host)[:2] for host in site.servers.web] == [(200, "one")] * 2
    releases_under_load(site)
    kept = site.rows()
    assert kept > 100
    dead_in_a_rollout(site)
    replaced(site)
    two_deployers(site)
    assert site.rows() >= kept


def releases_under_load(site: Site) -> None:
    """Five good ones, and one that a single server can't start: undone on both, and said of which one and why."""
    servers = site.servers
    servers.web[1].run(["touch", _MARK])
    with site.load(*servers.web) as load:
        for number in range(5):
            time.sleep(1)
            with load.flip(f"release {number + 1}"):
                servers.change()
                servers.up()
        good = servers.releases()
        with load.flip("a release that one server can't start"):
            servers.edit("VERSION = ", f"{_BROKEN}VERSION = ")
            refused = servers.run("up", "--yes")
        assert servers.releases() == good
        time.sleep(10)
    assert len(load.releases) == 6
    assert refused.returncode == 1
    lines = refused.stderr.splitlines()
    assert any("web-2" in line and "not on this host" in line for line in lines), refused.stderr
    assert not any("web-1, " in line for line in lines), refused.stderr
    servers.edit(_BROKEN, "")


def dead_in_a_rollout(site: Site) -> None:
    """One server loses power while it prepares: the other one serves on, and a line says it. Back, it takes the next release."""
    servers = site.servers
    first, second = servers.web
    old = servers.ask(host=first)[2]
    with site.load(first), site.timed("a rollout whose second server died"):
        servers.change()
        up = servers.start_up()
        prepares(second, up)
        second.cut_off()
        second.kill()
        said = up.communicate(timeout=400)[0]
    assert up.returncode == 1, said
    assert any(line.startswith("web-2, prepare: ") for line in said.splitlines()), said
    assert servers.ask(host=first)[2] == old
    second.reconnect()
    second.start()
    site.say(f"power back to first 200: {servers.seconds_until(host=second):.1f} s")
    assert servers.ask(host=second)[2] == old
    servers.up()
    assert len(set(servers.releases())) == 1
    assert servers.ask(host=second)[2] != old


def prepares(host: Machine, up: "subprocess.Popen[str]") -> None:
    """Waits until that server has begun with what is proposed."""
    store = host.disk.root / _STORE

    def begun() -> bool:
        assert up.poll() is None, up.communicate()[0]
        wanted = json.loads((store / "desired.json").read_text())
        return f'"prepare {wanted["candidate"]}"' in (host.disk.root / _LOCK).read_text()

    host.wait_for(begun, bool, 120)


def replaced(site: Site) -> None:
    """A server is gone for good; another one takes its place."""
    servers = site.servers
    gone = servers.web.pop()
    gone.stop()
    servers.web.append(servers.add("web-3"))
    servers.web[1].wait_booted()
    site.write_stack()
    with site.load(servers.web[0]), site.timed("a bare server in the place of one that is gone"):
        servers.up(600)
    assert len(set(servers.releases())) == 1
    with site.load(*servers.web):
        time.sleep(5)


def two_deployers(site: Site) -> None:
    """Two people at once, three times: each generation is of one of them; the last time one loses its lock, and with it the race."""
    servers = site.servers
    others = servers.checkout()
    hosts = [*servers.web, servers.database]
    with Generations([host for host in hosts if host]) as generations, site.load(*servers.web):
        for number in range(3):
            both = [Deployer(one) for one in (servers, others)]
            if number == 2:
                rob(site, both)
            codes, said = [one.ended() for one in both], [one.said for one in both]
            site.say(f"two deployers, round {number + 1}: exit {codes}, generations up to {max(generations.seen)}")
            assert sorted(codes) == ([0, 0] if number < 2 else [0, 1]), said
            assert any("waiting for " in text for text in said), said
            lost = said[codes.index(1)] if 1 in codes else ""
            assert "somebody else changed what is wanted meanwhile" in lost or not lost, lost
            assert len(set(servers.releases())) == 1
    assert sorted(generations.seen) == list(range(min(generations.seen), max(generations.seen) + 1))
    assert {number: len(wishes) for number, wishes in generations.seen.items() if len(wishes) > 1} == {}
    others.remove()


class Deployer(threading.Thread):
    """Somebody's `up` of a release nobody else has. `said`: its words so far."""

    def __init__(self, project: Servers) -> None:
        super().__init__(daemon=True)
        project.change()
        self.up, self.said = project.start_up(), ""
        self.start()

    def run(self) -> None:
        for line in self.up.stdout or ():
            self.said += line

    def ended(self) -> int:
        """Its exit status; then it has said everything."""
        status = self.up.wait(400)
        self.join(10)
        return status


def rob(site: Site, both: list[Deployer]) -> None:
    """Takes the first server's lock from its holder, once the other waits and something is proposed: the holder sleeps, and a server
    lets go of the lock of a deployer that has said nothing for half a minute."""
    host = site.servers.web[0]
    store = host.disk.root / _STORE

    def wish() -> Any:
        return json.loads((store / "desired.json").read_text())

    def wished_by_both() -> bool:
        assert all(one.up.poll() is None for one in both), [one.said for one in both]
        waits = any("waiting for " in one.said and "(up " in one.said for one in both)
        return waits and bool(wish()["candidate"])

    host.wait_for(wished_by_both, bool, 120)
    (holder,) = (one for one in both if "waiting for " not in one.said)
    holder.up.send_signal(signal.SIGSTOP)
    try:
        before = wish()["generation"]
        host.wait_for(lambda: wish()["generation"] > before, bool, 120)
    finally:
        holder.up.send_signal(signal.SIGCONT)


class Generations(threading.Thread):
    """Watches what is wanted on every server. `seen`: each generation with all that it ever was."""

    def __init__(self, hosts: list[Machine]) -> None:
        super().__init__(daemon=True)
        self.places = [host.disk.root / _STORE / "desired.json" for host in hosts]
        self.seen: dict[int, set[str]] = {}
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(0.02):
            for place in self.places:
                text = place.read_text()
                self.seen.setdefault(json.loads(text)["generation"], set()).add(text)

    def __enter__(self) -> "Generations":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join(10)
