"""A deployer that sleeps at any of its steps, longer than its lock, and wakes after or while another one rolls out.

Hosts and stores are stand-ins within this process: no launch could stop a deployer at each of its steps.
"""

import json
import os
import shutil
import threading

import pytest
from documents import MANIFEST
from server_here import Here, folder
from speeds import examples

from cloud_init.host import stores
from cloud_init.host.base import lock as host_lock
from cloud_init.host.contracts.rollout import Outcome
from cloud_init.host.stores.file import FileStore
from components.errors import SlipwayError
from components.hosts import objects
from components.hosts.site import Site
from components.release.store import ReleaseStore, to_json
from components.rollout import coordinator, lock, public
from components.ssh.store import Server, ServersStore

EARLIER = [f"r{number}" for number in range(6)]
BACK, NEW = "r0", "r9"
"""Another deployer publishes the oldest one once more: the sleeper's clean-up was to remove it."""


class Asleep:
    """A deployer's way to its store: it stops before the call of that number until it is woken, with all its threads."""

    def __init__(self, step):
        self.step, self.count = step, 0
        self.asleep, self.awake = threading.Event(), threading.Event()
        self.main = None
        self.falls_asleep = lambda: None

    def call(self, work):
        if threading.current_thread() is self.main:
            self.count += 1
            if self.count == self.step:
                self.falls_asleep()
                self.asleep.set()
        if self.asleep.is_set():
            self.awake.wait(60)
        return work()


class Calls:
    """An object whose methods go that way."""

    def __init__(self, target, way, names):
        self._target, self._way, self._names = target, way, names

    def __getattr__(self, name):
        found = getattr(self._target, name)
        return (lambda *given, **more: self._way.call(lambda: found(*given, **more))) if name in self._names else found


class Bucket(FileStore):
    """A folder with a bucket's lock; another deployer's signs grow old while that sleeps."""

    lock_file = None  # type: ignore[assignment]

    def grow_old(self):
        for path in (self.folder / "lock").glob("*"):
            os.utime(path, (1, 1))
        for path in self.folder.glob("lock.json"):
            os.utime(path, (1, 1))


class Host:
    """A host that is driven: it has a store to read, and refuses a generation that is overtaken."""

    role = "web"

    def __init__(self, name, folder, served):
        self.host = self.address = name
        self.folder, self.served = folder, served
        self.before = lambda command: None

    @property
    def live(self):
        return self.served.read_text() if self.served.is_file() else None

    def run(self, arguments, on_event=None):
        command, generation, *release = arguments
        self.before(command)
        wanted = json.loads((self.folder / "desired.json").read_text())["generation"]
        if wanted > int(generation):
            return {"ok": False, "step": command, "message": "overtaken"}
        if command == "prepare":
            manifest = json.loads((self.folder / f"releases/{release[0]}/manifest.json").read_text())
            if not (self.folder / f"releases/code/{manifest['code']['id']}.tar.gz").is_file():
                return {"ok": False, "step": "fetch", "message": "no archive"}
        if command == "commit":
            self.served.write_text(release[0])
        return {"ok": True}


def publish(store, release):
    manifest = {**MANIFEST, "id": release, "tool": f"tool of {release}", "code": {"id": f"c{release}", "sha256": "0"}}
    store.put(f"releases/code/c{release}.tar.gz", release.encode())
    store.put(f"secrets/web/{release}.json", b"{}")
    store.put(f"releases/{release}/manifest.json", to_json(manifest))


class InBucket:
    """Two hosts that share a folder with a bucket's lock."""

    def __init__(self, folder):
        self.folder, self.hosts = folder, [Host(name, folder / "store", folder / f"{name}-live") for name in ("one", "two")]

    def deployer(self, way):
        names = ("get", "put", "create", "replace", "delete", "names", "modified")
        bucket = Bucket(self.folder / "store")
        way.falls_asleep = bucket.grow_old
        return ReleaseStore(Calls(bucket, way, names))


class Way(Calls):
    """A way to a server: it stops before each question."""

    def __init__(self, here, way):
        super().__init__(here, way, ())
        self.pipe = lambda command: Calls(here.pipe(command), way, ("send",))


class OverSsh:
    """Two servers with a folder each, of which the first one decides."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("store", "two"):
            (folder / name).mkdir(exist_ok=True)
        self.hosts = [Host("one", folder / "store", folder / "one-live"), Host("two", folder / "two", folder / "two-live")]

    def deployer(self, way):
        servers, first = [], Here()
        for name, place, here in (("one", "store", first), ("two", "two", Here())):
            servers.append(Server(name, "web", folder(self.folder / place, Way(here, way))))
        way.falls_asleep = first.fall_silent
        return ServersStore(servers, "ssh:")


KINDS = {"bucket": InBucket, "ssh": OverSsh}


@pytest.fixture(params=KINDS)
def kind(request, monkeypatch):
    monkeypatch.setattr(lock, "_PAUSE", 0.01)
    monkeypatch.setattr(objects, "_AGAIN", 0.0)
    acquire = host_lock.acquire
    monkeypatch.setattr(host_lock, "acquire", lambda name, take, wait, say, pause: acquire(name, take, wait, lambda _: None, 0.01))

    def check(url, addresses, health, release, tls=None):
        shown = request.getfixturevalue("tmp_path") / url / "one-live"
        return [] if shown.read_text() == release else [Outcome(False, "public", "public", "another one")]

    monkeypatch.setattr(public, "check", check)
    return KINDS[request.param]


@pytest.fixture
def launched(kind, tmp_path):
    """A stack that six releases went to."""
    stack = kind(tmp_path / "launched" if (tmp_path / "launched").mkdir() is None else tmp_path)
    for release in EARLIER:
        assert roll(stack, stack.deployer(Asleep(0)), release).ok
    return tmp_path / "launched"


def roll(stack, store, release):
    site = Site(store, stack.hosts, stack.folder.name)
    return coordinator.roll(site, release, publish=lambda: publish(store, release))


def proven(folder):
    return json.loads((folder / "store/proven.json").read_text())["release"]


class Sleeper(threading.Thread):
    """A deployer of `NEW`."""

    def __init__(self, stack, step):
        super().__init__(daemon=True)
        self.way, self.ended = Asleep(step), None
        self.stack, self.store = stack, stack.deployer(self.way)

    def run(self):
        self.way.main = threading.current_thread()
        try:
            self.ended = roll(self.stack, self.store, NEW)
        except SlipwayError as error:
            self.ended = error

    @property
    def is_green(self):
        return isinstance(self.ended, coordinator.Verdict) and self.ended.ok


def slept(kind, launched, step, during):
    """One deployer sleeps at that step, another one rolls out."""
    folder = launched.parent / f"{step}"
    shutil.copytree(launched, folder)
    stack = kind(folder)
    first = Sleeper(stack, step)
    first.start()
    assert first.way.asleep.wait(60)
    had_proven = proven(folder) == NEW
    other = kind(folder)

    def wake(command):
        if during == command and not first.way.awake.is_set():
            first.way.awake.set()
            first.join(0.3)  # it may wait for the other one

    other.hosts[0].before = wake
    verdict = roll(other, other.deployer(Asleep(0)), BACK)
    first.way.awake.set()
    first.join(60)
    assert first.ended is not None
    if not verdict.ok:  # the one that slept as it let go of its lock removed the other one's
        assert first.is_green, verdict.message
        assert had_proven
        assert roll(other, other.deployer(Asleep(0)), BACK).ok
    check_whole(stack, folder, first, had_proven)
    shutil.rmtree(folder)


def check_whole(stack, folder, first, had_proven):
    """What is wanted is served, proven and in the store with all that it needs; who lost says so."""
    now = coordinator.desired(stack.deployer(Asleep(0))).state
    assert [host.live for host in stack.hosts] == [now.live, now.live]
    assert (now.candidate, proven(folder)) == (None, now.live)
    assert first.is_green or now.live == BACK
    assert not first.is_green or now.live == NEW or had_proven
    assert json.loads((folder / "store/tool.json").read_text())["sha256"] == f"tool of {now.live}"
    for host in stack.hosts:
        there = stores.connect(f"file://{host.folder}").names("")
        needed = {f"releases/{now.live}/manifest.json", f"releases/code/c{now.live}.tar.gz", f"secrets/web/{now.live}.json"}
        assert needed <= there.keys()
        assert json.loads((host.folder / "desired.json").read_text()) == json.loads((folder / "store/desired.json").read_text())
    kept = {name.split("/")[1] for name in stores.connect(f"file://{folder}/store").names("releases/")} - {"code", "tool"}
    served = list(dict.fromkeys(one.release for one in reversed(now.history)))
    assert set(served[:4]) <= kept
    assert not [*(folder / "store").glob("lock*")]


@pytest.mark.parametrize("during", [None, "prepare", "commit"])
def test_a_deployer_that_slept_at_any_step_harms_nothing(kind, launched, during):
    """A deployer wakes after another one's rollout, or in the middle of it."""
    folder = launched.parent / "whole"
    shutil.copytree(launched, folder)
    awake = Sleeper(kind(folder), 0)
    awake.run()
    assert awake.is_green
    steps = awake.way.count
    for step in range(1, steps + 1, max(1, steps // examples(steps, 12))):
        slept(kind, launched, step, during)
