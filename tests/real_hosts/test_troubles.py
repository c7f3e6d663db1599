"""One web server over SSH: its connection cut at each step, its store away, an archive damaged, its disk full, its clock wrong."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from load import Load

from cloud_init.host.stores.file import FileStore
from real_hosts.servers import Servers

_STORE = "/var/lib/slipway/store"
_DISK = 2_000_000_000
# Sessions of sshd, not the one that listens.
_CUT = "pkill -KILL -c -f '^sshd-session: |^sshd: admin' || true"
_DROPPED = "table inet away { chain input { type filter hook input priority -10; tcp dport 22 drop; }; }"


class Site:
    """The server, and its store as it lies on its disk."""

    def __init__(self, servers: Servers, say: Callable[[str], None]) -> None:
        self.servers, self.say = servers, say
        [self.host] = servers.web
        self.store = FileStore(self.host.disk.root / _STORE[1:])

    def release(self) -> str:
        status, _, release = self.servers.ask()
        assert status == 200
        return release

    def problems(self) -> list[str]:
        """As `./slipway status` tells them."""
        [answer] = self.servers.status()["hosts"]
        return list(answer.get("problems") or ([] if answer["ok"] else [answer["message"]]))

    def told(self, *words: str, timeout: float = 90) -> str:
        """The problem that has these words, once `status` names it."""
        found = self.host.wait_for(self.problems, lambda all_: any(all(word in one for word in words) for one in all_), timeout)
        return next(one for one in found if all(word in one for word in words))

    def well(self, timeout: float = 120) -> None:
        self.host.wait_for(self.problems, lambda found: not found, timeout)

    def clean(self) -> None:
        """Nothing half made: no problem, no candidate, the lock is free."""
        [answer] = self.servers.status()["hosts"]
        assert (answer["ok"], answer["candidate"], answer["problems"]) == (True, None, [])
        self.host.run(["flock", "--nonblock", f"{_STORE}/rollout.lock", "true"])

    @contextmanager
    def serving(self, what: str, post: str | None = "/take") -> Iterator[Load]:
        """A release at every moment; how many requests that were."""
        began = time.monotonic()
        with Load(80, (self.host.address,), bodies=("one",), post=post, slow="/slow", clients=12, interval=0.2) as load:
            yield load
        self.say(f"{what}: {time.monotonic() - began:.1f} s, {load.sent} requests, {len(load.failures)} failed")
        assert load.failures == []
        assert load.sent > 20


@pytest.fixture
def site(servers: Callable[..., Servers], capsys: pytest.CaptureFixture[str]) -> Site:
    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}", end="")

    made = servers("web-1", disk=_DISK)
    made.write_small()
    made.write_stack()
    return Site(made, say)


def test_a_server_in_trouble(site: Site) -> None:
    bare_and_cut(site)
    cut_at_each_step(site)
    cut_for_long(site)
    store_away(site)
    archive_damaged(site)
    disk_full(site)
    clock_wrong(site)


def bare_and_cut(site: Site) -> None:
    """A bare server, the connection cut after each of its steps once: `up` ends with a line that says so, until one comes through."""
    steps: list[str] = []
    for number in range(1, 12):
        code, said, _ = up_and_cut(site, steps)
        if code == 0:
            break
        last = said.strip().splitlines()[-1]
        site.say(f"`up` {number}: {last}")
        assert "the connection was lost" in last or "none that answers" in last, said
    site.say(f"bare to serving in {number} `up`, cut at {' '.join(steps)}")
    assert code == 0
    assert {"connect", "store", "bootstrap", "setup", "packages", "flip"} <= set(steps)
    site.clean()


def up_and_cut(site: Site, steps: list[str]) -> tuple[int, str, int]:
    """`up`, cut off at each line of a step that isn't in `steps` yet: exit status, what it said, how often there was something to cut."""
    up, said, cut = site.servers.start_up(), "", 0
    assert up.stdout
    for line in up.stdout:
        said += line
        step = line.partition("done web-1: ")[2].partition(" ")[0]
        if step and step not in steps:
            steps.append(step)
            cut += int(site.host.shell(_CUT)) > 0
    return up.wait(10), said, cut


def cut_at_each_step(site: Site) -> None:
    """Each step that a release has on the server costs `up` its connection: it goes on there, and `up` comes back to it."""
    old = site.release()
    steps: list[str] = []
    site.servers.change()
    with site.serving("the connection cut at each step"):
        code, said, cut = up_and_cut(site, steps)
    site.say(f"cut {cut} times at {' '.join(steps)}")
    assert code == 0, said
    assert cut > 1
    assert {"unpack", "files", "validate", "start", "gate", "flip", "drain"} <= set(steps)
    assert site.release() != old
    site.clean()


def cut_for_long(site: Site) -> None:
    """Nothing comes through while the server prepares: `up` ends with a line or waits it out; the next one brings what is wanted."""
    for step, seconds in (("fetch", 25), ("commit", 45)):
        old = site.release()
        site.servers.change()
        with site.serving(f"the connection away for {seconds} s from {step} on"):
            up = site.servers.start_up()
            begun(site, up, step)
            site.host.in_network(["nft", _DROPPED])
            time.sleep(seconds)
            site.host.in_network(["nft", "delete table inet away"])
            said = up.communicate(timeout=400)[0]
        site.say(f"`up` ended with {up.returncode}: {said.strip().splitlines()[-1]}")
        assert up.returncode in (0, 1), said
        assert "Traceback" not in said
        if up.returncode:
            assert site.release() == old
            site.servers.up()
        assert site.release() != old
        site.clean()


def begun(site: Site, up: "subprocess.Popen[str]", what: str) -> None:
    """Waits until a release is proposed, or decided on."""
    before = json.loads(site.store.get("desired.json") or b"{}")["generation"]

    def is_so() -> bool:
        assert up.poll() is None, up.communicate()[0]
        wanted = json.loads(site.store.get("desired.json") or b"{}")
        return bool(wanted["generation"] > before + (what == "commit"))

    site.host.wait_for(is_so, bool, 120)


def store_away(site: Site) -> None:
    """A file stands where its folder was."""
    old = site.release()
    site.servers.change()
    with site.serving("the store away"):
        site.host.shell(f"mv {_STORE} {_STORE}.away && touch {_STORE}")
        site.say(site.told("store: ", _STORE))
        refused(site)
        site.host.shell(f"rm {_STORE} && mv {_STORE}.away {_STORE}")
        site.well()
        assert site.release() == old
        site.servers.up()
    assert site.release() != old


def refused(site: Site, *words: str) -> None:
    """`up` ends with a line that has these words; what served serves."""
    old = site.release()
    done = site.servers.run("up", "--yes")
    assert done.returncode == 1, done.stdout
    said = done.stderr.strip().splitlines()
    site.say(f"`up`: {said[0]}")
    assert all(any(word in line for line in said) for word in words), done.stderr
    assert "Traceback" not in done.stderr
    assert site.release() == old


def archive_damaged(site: Site) -> None:
    """The server is to go back to a release that it has no more, of a damaged archive: refused, told; done once that is mended."""
    wish = json.loads(site.store.get("desired.json") or b"{}")
    old, earlier = wish["live"], wish["history"][-2]["release"]
    assert site.release() == old != earlier
    code = json.loads(site.store.get(f"releases/{earlier}/manifest.json") or b"{}")["code"]["id"]
    name = f"releases/code/{code}.tar.gz"
    whole = site.store.get(name)
    assert whole
    with site.serving("an archive damaged"):
        site.host.shell(f"rm -r /srv/slipway/shop/releases/{earlier}")
        site.store.put(name, whole[:-20])
        done = site.servers.run("rollback", earlier)
        said = next(line for line in done.stderr.splitlines() if "unpack" in line)
        site.say(f"`rollback`: {said}")
        assert f"archive {code}" in said
        assert "damaged" in said
        assert (done.returncode, site.release()) == (1, old)
        site.store.put(name, whole)
        assert site.servers.run("rollback", earlier).returncode == 0
        assert site.release() == earlier
        site.clean()


def disk_full(site: Site) -> None:
    """Not a byte is left: `status` says so, no release comes; with room again one does.

    Nothing is posted meanwhile: nginx keeps long bodies in files until they are whole, and answers 500 where it can't."""
    old = site.release()
    site.servers.change()
    with site.serving("the disk full", post=None):
        site.host.shell("fallocate -l 100G /var/full 2>/dev/null || dd if=/dev/zero of=/var/full bs=1M 2>/dev/null || true")
        site.say(site.told("disk: 0 MB free"))
        refused(site, "make room")
        site.host.run(["rm", "/var/full"])
        site.well()
        assert site.release() == old
        site.servers.up()
    assert site.release() != old


def clock_wrong(site: Site) -> None:
    """An hour ahead, then behind: releases come all the same, and with the right time the server is well."""
    for seconds in (3600, -3600):
        old = site.release()
        site.servers.change()
        with site.serving(f"the clock {seconds:+d} s"):
            site.host.clock(seconds)
            site.host.run(["systemctl", "restart", "slipway", "ssh"])
            assert site.release() == old
            site.servers.up()
            assert site.release() != old
            site.host.clock(0)
            site.host.run(["systemctl", "restart", "slipway", "ssh"])
            site.well()
