"""What a command that was killed, or failed, leaves of the release that serves, made whole again. The manager is kept in memory here:
which program is started in which order, and what is tried after something failed, no real one shows by itself."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar

import documents
import pytest

from cloud_init.host.base.files import link, target
from cloud_init.host.base.outcome import Refused, Steps
from cloud_init.host.contracts.facts import ContainerFacts
from cloud_init.host.contracts.rollout import DesiredState
from cloud_init.host.follow import watch as watching
from cloud_init.host.follow.decide import Action
from cloud_init.host.front import configuration
from cloud_init.host.processes import app, managers
from cloud_init.host.processes.managers import ProgramStatus
from cloud_init.host.rollout import boot, gate, state, web
from cloud_init.host.server import volume


class Manager(managers.Manager):
    """`up`: whether each program runs. `broken`: those that don't start."""

    kind, running, pid = "supervisor", True, 1

    def __init__(self, places):
        self.places = places
        self.up = {"blue": False, "green": False, "front": False}
        self.broken = set()

    def start(self, program):
        if program in self.broken:
            raise Refused(f"{program} does not start")
        self.up[program] = True

    def status(self, program):
        return ProgramStatus(program, "running" if self.up.get(program) else "stopped", None, None, "")

    def stop(self, program):
        self.up[program] = False

    def add(self, program):
        self.up[program.name] = True

    def remove(self, name):
        self.up.pop(name, None)

    def programs(self):
        return sorted(self.up)

    def signal(self, program, name):
        pass

    def configure(self):
        return False

    def answers(self):
        return True

    def memory(self):
        return 0

    launch = shut_down = answers


@pytest.fixture
def host(tmp_path, monkeypatch):
    """`old` serves as blue, with a worker and a database of this host; `new` is prepared as green."""
    places = documents.places(tmp_path, {"run": str(tmp_path / "run")})
    volume.make_folders(places)
    manager = Manager(places)
    for release in ("old", "new"):
        (places.release(release) / "etc").mkdir(parents=True)
        manifest = {**documents.MANIFEST, "id": release, "processes": {"worker": "w"}, "socket": "app.sock"}
        (places.release(release) / "manifest.json").write_text(json.dumps(manifest))
    blue, green = places.colour("blue"), places.colour("green")
    link(blue.link, str(places.release("old")))
    link(green.link, str(places.release("new")))
    link(places.live, "blue")
    link(places.front, str(places.release("old") / "etc"))
    state.remember(places, blue, 4)
    manager.up.update(blue=True, front=True, green=True, **{"blue-worker": True, "postgres": True})
    database = SimpleNamespace(program="postgres", ensure=lambda given: given.up.update(postgres=True))
    monkeypatch.setattr(managers, "of", lambda where: manager)
    monkeypatch.setattr("cloud_init.host.data.databases.of_release", lambda *_: database)
    monkeypatch.setattr(app, "_CALM", 0.0)
    monkeypatch.setattr(gate, "wait", lambda *_: None)
    return SimpleNamespace(places=places, manager=manager, blue=blue, green=green)


def half_committed(host):
    """Leaves the host as a kill does just before the flip."""
    state.remember(host.places, host.green, 5)
    link(host.places.front, str(host.places.release("new") / "etc"))
    app.switch_processes(host.manager, host.green)


def is_whole(host):
    up = {name for name, runs in host.manager.up.items() if runs}
    noted, front = state.remembered(host.places)["release"], target(host.places.front)
    return up >= {"blue", "front", "blue-worker", "postgres"} and (noted, front) == ("old", str(host.places.release("old") / "etc"))


@pytest.mark.parametrize("way", ["abort", "boot"])
def test_a_commit_that_was_killed_takes_nothing_from_what_serves(host, way):
    assert is_whole(host)
    half_committed(host)
    host.manager.remove("postgres")
    assert not is_whole(host)
    if way == "abort":
        web.abort(host.places, Steps())
        assert "green-worker" not in host.manager.up
        assert not host.manager.up["green"]
    else:
        boot.make_whole(host.places, host.manager)
    assert is_whole(host)
    assert state.remembered(host.places)["generation"] == 5


@pytest.mark.parametrize("error", [Refused("no"), OSError(28, "full"), KeyError("unforeseen")])
def test_whatever_a_commit_fails_of_the_old_one_is_whole_again(host, monkeypatch, error):
    def fail(*_):
        host.manager.stop("blue")
        raise error

    monkeypatch.setattr(boot, "await_front", fail)
    with pytest.raises(KeyError if isinstance(error, KeyError) else Refused):
        web.commit(host.places, 5, "new", Steps())
    assert is_whole(host)
    assert target(host.places.live) == "blue"


def test_what_cannot_be_started_keeps_nothing_else_down(host):
    host.manager.broken = {"front"}
    for name in ("blue", "front", "postgres", "blue-worker"):
        host.manager.up[name] = False
    with pytest.raises(Refused, match="front does not start"):
        boot.make_whole(host.places, host.manager)
    assert {name for name, runs in host.manager.up.items() if runs} >= {"blue", "postgres", "blue-worker"}


class Child:
    """Commands of `watch` that end at once; `codes`: how, in turn."""

    codes: ClassVar[list[int]]
    begun: ClassVar[list[str]]

    def __init__(self, places, arguments):
        self.begun.append(arguments[0])
        self.code = self.codes.pop(0) if self.codes else 0
        self.events, self.locked_out, self.was_killed = [], False, self.code < 0
        self.verdict = SimpleNamespace(ok=not self.code, message="failed", step="boot", kept=True, phase=None)

    def listen(self):
        return False

    def ended(self):
        return True


@pytest.mark.parametrize("transport", ["", "ssh"])
def test_watch_boots_again_after_a_boot_that_failed_and_after_a_kill(host, tmp_path, monkeypatch, transport):
    monkeypatch.setattr(watching, "Child", Child)
    monkeypatch.setattr(watching, "_BOOT", 0.0)
    monkeypatch.setattr("cloud_init.host.follow.watch.sha256_of", lambda path: "tool")
    facts = {"run": str(host.places.run), "role": "web", "transport": transport, "store": f"file://{tmp_path}/store"}
    Child.codes, Child.begun = [-9, 1, 0], []
    watch: Any = watching.Watch(documents.places(tmp_path, facts))

    def turns():
        for _ in range(6):
            watch.turn()
        return [name for name in Child.begun if name == "boot"]

    assert len(turns()) == 3
    assert not watch.health.failure
    action, Child.codes = Action("commit", 5, "new"), [-9]
    watch.attempts.begin(action, DesiredState(5))
    watch.action, watch.child = action, Child(host.places, ["commit"])
    assert len(turns()) == 4


@pytest.mark.parametrize(
    ("noted", "runs", "done"),
    [
        ("relay", True, ["restart"]),
        ("apache", True, ["WINCH"]),
        ("apache", False, ["restart"]),
        ("nginx", True, ["HUP"]),
        ("", True, ["HUP"]),
    ],
)
def test_a_front_of_another_kind_is_started_anew_and_of_the_same_reads_anew(host, monkeypatch, noted, runs, done):
    """On an engine the settings may name another one; trees of before may be served by a relay, which a signal to reload would end."""
    told = []
    monkeypatch.setattr(host.manager, "restart", lambda _: told.append("restart"))
    state = ProgramStatus("front", managers.RUNNING if runs else managers.STOPPED)
    monkeypatch.setattr(host.manager, "status", lambda _: state)
    monkeypatch.setattr(host.places, "facts", replace(host.places.facts, containers=ContainerFacts("site", "site", 512, 1024)))
    monkeypatch.setattr(host.manager, "signal", lambda _, signal: told.append(signal) or host.places.serving.write_text("nginx"))
    monkeypatch.setattr(configuration, "find", lambda *_: "nginx")
    host.places.serving.parent.mkdir(parents=True, exist_ok=True)
    host.places.serving.write_text(noted)
    folder = host.places.release("new") / "etc"
    (folder / "nginx.conf").write_text("another")
    configuration.install(host.places, host.manager, folder)
    assert told == done
