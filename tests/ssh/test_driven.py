"""Releases on two servers over real connections, each with a stand-in for its host tool: away, cut off, killed, two at once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from documents import MANIFEST
from sshd import Sshd

from components.deployment.on_hosts import HostsDeployment, drift
from components.errors import Lost, SlipwayError
from components.hosts import objects, progress
from components.hosts.site import Site
from components.hosts.transports import ssh
from components.providers import RolloutProvider
from components.release.store import connect, to_json
from components.rollout import coordinator
from components.rollout.phases import direct
from components.ssh.store import address

HERE = Path(__file__).parent
TOOL = "host-tool-here"
DEPLOY = """
import sys, json
sys.path.insert(0, sys.argv[1])
from test_driven import TOOL, Stack, ssh
ssh.TOOL = [TOOL]
Stack(json.loads(sys.argv[2]), sys.argv[3]).roll(sys.argv[4])
"""


class Stack:
    """What a deployer has: facts of the servers, and the public address."""

    def __init__(self, facts, url):
        self.facts, self.url, self.said = facts, url, []
        self.hosts = [ssh.SshTransport(one) for one in facts]
        self.store = connect(address(facts))

    @property
    def site(self):
        return Site(self.store, self.hosts, self.url, expected=tuple(one["host"] for one in self.facts))

    def roll(self, release):
        with progress.listen(lambda step: self.said.append(f"{step.host}: {step.text}")):
            return coordinator.roll(self.site, release, publish=lambda: self.publish(release))

    def publish(self, release):
        manifest = {**MANIFEST, "id": release, "tool": f"tool of {release}", "code": {"id": f"c{release}", "sha256": "0"}}
        self.store.put(f"releases/code/c{release}.tar.gz", release.encode())
        self.store.put(f"secrets/web/{release}.json", b"{}")
        self.store.put(f"releases/{release}/manifest.json", to_json(manifest))


class Servers:
    """Two servers, `one` and `two`: their folders here, and who deploys to them."""

    def __init__(self, folder):
        self.folder, self.sshd = folder, {}
        for name in ("one", "two"):
            place = folder / name
            place.mkdir()
            made = Sshd(folder / f"sshd-{name}")
            made.program("sudo", '[ "$1" = -n ] && shift; exec "$@"')
            made.program(TOOL, f'exec {sys.executable} {HERE / "host_tool_here.py"} {place} "$@"')
            made.start()
            self.sshd[name] = made
        servers = self

        class Front(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("X-Release-Id", servers.live("one") or "none")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.front = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        threading.Thread(target=self.front.serve_forever, daemon=True).start()

    def facts(self, *names):
        logins = {name: {**vars(self.sshd[name].login), "host": None} for name in names}
        shared = {"transport": "ssh", "app": "shop", "role": "web"}
        return [{**shared, "host": name, "store": f"file://{self.folder / name / 'store'}", "login": logins[name]} for name in names]

    def stack(self, *names):
        return Stack(self.facts(*(names or ("one", "two"))), f"http://127.0.0.1:{self.front.server_port}")

    def live(self, name):
        path = self.folder / name / "live"
        return path.read_text() if path.is_file() else None

    def lives(self):
        return [self.live("one"), self.live("two")]

    def commands(self, name):
        path = self.folder / name / "commands"
        return path.read_text().splitlines() if path.is_file() else []

    def faults(self, name, **faults):
        (self.folder / name / "faults.json").write_text(json.dumps(faults))

    def has(self, name):
        store = self.folder / name / "store"
        return sorted(path.relative_to(store).as_posix() for path in store.rglob("*") if path.is_file() and path.name[0] != ".")

    def wanted(self, name="one"):
        return json.loads((self.folder / name / "store/desired.json").read_text())

    def deployer(self, release):
        """Another process that rolls a release out."""
        stack, paths = self.stack(), f"{HERE.parents[1]}:{HERE.parent}"
        environment = {**os.environ, "PYTHONPATH": paths}
        command = [sys.executable, "-c", DEPLOY, str(HERE), json.dumps(stack.facts), stack.url, release]
        return subprocess.Popen(command, env=environment)

    def wait_for(self, what, seconds=60):
        until = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.fixture
def servers(tmp_path, monkeypatch):
    monkeypatch.setattr(ssh, "TOOL", [TOOL])
    monkeypatch.setattr(direct, "_AWAY", 3.0)
    monkeypatch.setattr(objects, "_AWAY", 3.0)
    monkeypatch.setattr(objects, "QUICK", 0.1)
    for name in ("one", "two"):
        (tmp_path / f"sshd-{name}").mkdir(mode=0o700)
    made = Servers(tmp_path)
    yield made
    for one in made.sshd.values():
        one.stop()
    made.front.shutdown()
    made.front.server_close()


def test_both_get_a_release_and_what_it_needs(servers):
    stack = servers.stack()
    assert stack.roll("r1").ok
    assert stack.roll("r2").ok
    assert servers.lives() == ["r2", "r2"]
    assert servers.commands("one") == ["prepare 1 r1 --elected", "commit 2 r1", "prepare 3 r2 --elected", "commit 4 r2"]
    assert servers.commands("two") == ["prepare 1 r1", "commit 2 r1", "prepare 3 r2", "commit 4 r2"]
    releases = [f"releases/{one}/manifest.json" for one in ("r1", "r2")] + [f"releases/code/c{one}.tar.gz" for one in ("r1", "r2")]
    assert {*releases, "secrets/web/r1.json", "secrets/web/r2.json", "desired.json", "proven.json", "tool.json"} == set(servers.has("two"))
    assert servers.wanted("one") == servers.wanted("two")
    assert coordinator.rollback(stack.site).ok
    assert servers.lives() == ["r1", "r1"]


def test_one_that_refuses_brings_both_back(servers):
    stack = servers.stack()
    assert stack.roll("r1").ok
    for command in ("prepare", "commit"):
        servers.faults("two", **{command: "fail"})
        verdict = stack.roll("r2")
        assert not verdict.ok
        assert "two, gate: made to fail" in verdict.message
        servers.faults("two")
        assert (servers.live("one"), servers.wanted()["live"], servers.wanted()["candidate"]) == ("r1", "r1", None)


def test_no_server_says_what_another_one_goes_back_to(servers):
    """Root on the first one names an older release as the live one, and refuses the next: nobody else gets the older one."""
    stack = servers.stack()
    for release in ("r1", "r2"):
        assert stack.roll(release).ok
    wanted = {**servers.wanted(), "live": "r1"}
    (servers.folder / "one/store/desired.json").write_text(json.dumps(wanted))
    servers.faults("one", commit="fail")
    before = len(servers.commands("two"))
    assert not stack.roll("r3").ok
    assert servers.live("two") == "r2"
    assert servers.commands("two")[before:] == ["prepare 5 r3", "commit 6 r3", "prepare 7 r2", "commit 7 r2"]


def test_the_second_one_away_is_left_out_told_and_brought_up_to_date_by_the_next_run(servers):
    stack = servers.stack()
    assert stack.roll("r1").ok
    servers.sshd["two"].stop()
    assert stack.roll("r2").ok
    assert any(text.startswith("two: left out: ") for text in stack.said)
    assert servers.lives() == ["r2", "r1"]
    down, first = HostsDeployment(stack.site).status()[::-1]
    assert (first.ok, first.problems, down.ok) == (True, [], False)
    assert "none that answers" in down.message
    servers.sshd["two"].start()
    words = "serves release r1, wanted r2: it was away; `./slipway up` brings it up to date"
    assert HostsDeployment(stack.site).status()[1].problems == [words]
    assert drift(stack.hosts, "r2") == f"two {words}"
    assert stack.roll("r2").ok
    assert servers.lives() == ["r2", "r2"]
    assert drift(stack.hosts, "r2") == ""


def test_nothing_goes_without_the_first_one(servers):
    stack = servers.stack()
    assert stack.roll("r1").ok
    before = servers.commands("two")
    servers.sshd["one"].stop()
    with pytest.raises(Lost, match=r"one .*(none that answers|connection was lost)"):
        stack.roll("r2")
    assert servers.commands("two") == before
    assert servers.lives() == ["r1", "r1"]


def test_where_the_first_one_is_gone_for_good_the_next_one_decides_and_goes_on_to(servers):
    assert servers.stack().roll("r1").ok
    servers.sshd["one"].stop()
    (servers.folder / "one/live").write_text("r2")  # what the public address will show
    without = servers.stack("two")
    assert without.roll("r2").ok
    assert [one["release"] for one in servers.wanted("two")["history"]] == ["r1", "r2"]
    assert coordinator.desired(without.store).state.generation == 4
    servers.sshd["one"].start()
    with pytest.raises(SlipwayError, match="one knows generation 2 of what is wanted, two 4; put two first"):
        servers.stack().roll("r3")
    assert servers.wanted("two")["generation"] == 4
    assert servers.stack("two", "one").roll("r3").ok
    assert servers.wanted("one") == servers.wanted("two")
    assert servers.lives() == ["r3", "r3"]


def test_what_a_deployer_publishes_is_what_the_other_gets_whatever_the_first_one_says(servers):
    """No server tells another one what to run."""
    stack = servers.stack()
    assert stack.roll("r1").ok

    def publish_and_change():
        stack.publish("r2")
        (servers.folder / "one/store/releases/code/cr2.tar.gz").write_bytes(b"another")

    assert coordinator.roll(stack.site, "r2", publish=publish_and_change).ok
    assert (servers.folder / "two/store/releases/code/cr2.tar.gz").read_bytes() == b"r2"


def test_a_damaged_copy_of_what_is_wanted_is_told_and_written_anew(servers):
    stack = servers.stack()
    assert stack.roll("r1").ok
    (servers.folder / "two/store/desired.json").write_text("{")
    assert stack.roll("r2").ok
    assert servers.wanted("two") == servers.wanted("one")
    assert any("two/store/desired.json: store: desired.json is damaged" in line for line in stack.said)


def test_a_plan_goes_on_where_the_first_one_has_no_host_tool_yet(servers, monkeypatch):
    """Or an earlier one, which `up` changes before the store is asked."""
    facts = servers.facts("one")
    props = {"store": address(facts), "hosts": json.dumps(facts), "release": "r1", "url": servers.stack().url}
    monkeypatch.setattr(ssh, "TOOL", ["python3", "-I", "/nowhere/host.pyz"])
    assert "nothing is launched there yet; run `./slipway up`" in RolloutProvider()._drift(props, props)


def test_a_command_whose_connection_broke_is_run_again(servers):
    stack = servers.stack()
    assert stack.roll("r1").ok
    servers.faults("two", prepare=1.5, commit=1.5)
    servers.faults("one", commit=1.5)
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(stack.roll("r2")))
    thread.start()
    for name, command in (("two", "prepare 3 r2"), ("two", "commit 4 r2"), ("one", "commit 4 r2")):
        servers.wait_for(lambda name=name, command=command: command in servers.commands(name))
        servers.sshd[name].cut()
    thread.join()
    assert verdicts[0].ok, verdicts[0].message
    assert servers.lives() == ["r2", "r2"]
    assert servers.commands("two").count("prepare 3 r2") == servers.commands("two").count("commit 4 r2") == 2


def test_one_that_goes_away_in_the_middle_has_failed_and_all_go_back(servers):
    stack = servers.stack()
    assert stack.roll("r1").ok
    servers.faults("two", prepare=1.5)
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(stack.roll("r2")))
    thread.start()
    servers.wait_for(lambda: "prepare 3 r2" in servers.commands("two"))
    servers.sshd["two"].stop()
    thread.join()
    assert "two, prepare: two " in verdicts[0].message
    assert servers.lives() == ["r1", "r1"]
    assert servers.commands("one")[-1] == "abort 4"
    servers.sshd["two"].start()
    servers.faults("two")
    assert stack.roll("r2").ok
    assert servers.lives() == ["r2", "r2"]


def test_a_deployer_that_is_killed_holds_nobody_up_and_the_next_one_ends_it(servers):
    stack = servers.stack()
    assert stack.roll("r1").ok
    servers.faults("two", prepare=2.0)
    with servers.deployer("r2") as process:
        servers.wait_for(lambda: "prepare 3 r2" in servers.commands("two"))
        process.send_signal(signal.SIGKILL)
    assert servers.wanted()["candidate"] == "r2"
    servers.faults("two")
    assert stack.roll("r3").ok
    assert servers.lives() == ["r3", "r3"]
    assert servers.wanted()["candidate"] is None


def test_two_at_once_go_one_after_the_other(servers):
    assert servers.stack().roll("r1").ok
    servers.faults("two", prepare=3.0)
    with servers.deployer("r2") as first, servers.deployer("r3") as second:
        assert (first.wait(120), second.wait(120)) == (0, 0)
    assert servers.live("one") == servers.live("two") == servers.wanted()["live"]
    assert servers.wanted()["generation"] == 6
    for name in ("one", "two"):
        told = [line.split()[:2] for line in servers.commands(name)]
        assert told == [[what, str(number)] for number, what in enumerate(["prepare", "commit"] * 3, 1)]


def test_whoever_slept_until_somebody_else_was_at_work_gives_up(servers):
    """Its lock went with its connection, and what is wanted by now counts."""
    stack = servers.stack()
    assert stack.roll("r1").ok
    servers.faults("two", commit=2.0)
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(stack.roll("r2")))
    thread.start()
    servers.wait_for(lambda: "commit 4 r2" in servers.commands("two"))
    store = servers.folder / "one/store/desired.json"
    store.write_text(json.dumps({**servers.wanted(), "generation": 9}))
    servers.sshd["two"].cut()
    thread.join()
    assert "somebody else changed what is wanted meanwhile" in verdicts[0].message
    assert servers.commands("two").count("commit 4 r2") == 1


def test_a_store_of_the_version_before_is_taken_over(servers):
    """There each server had all of it, and said of itself what the others didn't."""
    wanted = {"generation": 7, "live": "r1", "candidate": None, "history": [{"release": "r0"}, {"release": "r1"}]}
    for name in ("one", "two"):
        made = Stack(servers.facts(name), "")
        for release in ("r0", "r1"):
            made.publish(release)
        made.store.put("desired.json", to_json(wanted))
        made.store.put("tool.json", to_json({"sha256": "t"}))
        made.store.put(f"outcomes/{name}/heartbeat.json", b"{}")
        made.store.put(f"outcomes/{name}/7.json", b"{}")
        made.store.put(f"backups/{name}/20260101-000000/backup.json", b"{}")
        (servers.folder / name / "live").write_text("r1")
    stack = servers.stack()
    assert stack.roll("r2").ok
    assert servers.wanted()["generation"] == 9
    assert not [name for name in servers.has("two") if name.startswith("outcomes/")]
    assert "backups/two/20260101-000000/backup.json" in servers.has("two")
    assert coordinator.rollback(stack.site, "r0").ok
    assert servers.lives() == ["r0", "r0"]
