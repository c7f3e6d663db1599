"""status, releases, logs, rollback, open, adopt: what hosts answer, as a person and as a machine read it."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from made_up import RELEASES, STATUS, Host

from components.deployment.answers import Verdict
from components.deployment.on_hosts import HostsDeployment
from components.errors import SlipwayError
from components.hosts.site import Site


def test_status_tells_release_processes_and_front(world, slipway):
    done = slipway("status")
    assert done.exit_code == 0
    assert "shop on local, stack dev: http://127.0.0.1:8080" in done.stdout
    assert "release aaaabbbbcccc (blue, for" in done.stdout
    assert "kind nginx, listen 127.0.0.1:8080" in done.stdout
    assert "free 5.0 GB" in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("  web"))
    assert row.split() == ["web", "RUNNING", "7", "61", "s", "52.0", "MB"]


def test_status_is_content_with_few_facts(world, slipway):
    world.hosts = [Host(answers={"status": {"ok": True}})]
    done = slipway("status")
    assert (done.exit_code, "nothing is live" in done.stdout) == (0, True)


def test_a_host_out_of_reach_does_not_hide_the_others(world, slipway):
    world.hosts = [Host("one", answers={"status": SlipwayError("one: refused")}), Host("two")]
    done = slipway("status")
    assert done.exit_code == 1
    assert "one: refused" in done.stdout
    assert "release aaaabbbbcccc" in done.stdout


def test_several_hosts_have_a_table_before_their_details(world, slipway):
    told = {"status": {**STATUS, "problems": ["the disk is full", "the clock is wrong"]}}
    world.hosts = [
        Host("one", answers=told),
        Host("two", answers={"status": SlipwayError("two: no answer")}, role="database", address="10.0.0.2"),
    ]
    lines = [line.split() for line in slipway("status").stdout.splitlines()]
    assert ["one", "web", "127.0.0.1", "aaaabbbbcccc", "2"] in lines
    assert ["two", "database", "10.0.0.2", "-", "1"] in lines
    assert ["two:", "no", "answer"] in lines
    assert ["problem", "the", "clock", "is", "wrong"] in lines


def test_hosts_that_a_cloud_identifies_are_called_by_their_own_names(world, slipway):
    world.hosts = [Host("AROAEXAMPLE:i-01", lines=["a"]), Host("AROAEXAMPLE:i-02", lines=["b"])]
    for command in ("status", "releases", "logs"):
        told = slipway(command).stdout
        assert "i-01" in told
        assert "AROA" not in told
    for number, name in enumerate(("i-02", "AROAEXAMPLE:i-02"), 1):
        assert slipway("exec", "--host", name, "--", "true").exit_code == 7
        assert world.hosts[1].asked.count(["exec", "--", "true"]) == number
    assert slipway("exec", "--host", "i-03", "--", "true").stderr.endswith("found 'i-03'; there are: i-01, i-02\n")
    assert '"host": "AROAEXAMPLE:i-01"' in slipway("status", "--json").stdout


def test_exec_passes_words_and_exit_code_through(world, slipway):
    world.hosts = [Host("db", role="database"), Host("one"), Host("two")]
    assert slipway("exec", "--", "flask", "shell", "--help").exit_code == 7
    assert slipway("exec", "--host", "two", "--", "true").exit_code == 7
    assert [host.asked for host in world.hosts] == [[], [["exec", "--", "flask", "shell", "--help"]], [["exec", "--", "true"]]]
    done = slipway("exec", "--host", "db", "--", "true")
    assert (done.exit_code, done.stderr) == (2, "slipway: --host: a web host is wanted, found 'db'; there are: one, two\n")


def test_maintenance_is_for_web_hosts_and_backups_for_the_database(world, slipway):
    page = {"maintenance": {"ok": True}}
    world.hosts = [
        Host("one", answers=page),
        Host("two", answers=page),
        Host("db", answers={"backups": {"ok": True, "backups": []}}, role="database"),
    ]
    assert slipway("maintenance", "on").exit_code == 0
    assert json.loads(slipway("backups", "--json").stdout)["host"] == "db"


def test_status_json_is_what_the_hosts_said(world, slipway):
    document = json.loads(slipway("status", "--json").stdout)
    assert (document["stack"], document["target"], document["url"]) == ("dev", "local", "http://127.0.0.1:8080")
    assert document["hosts"] == [{"host": "local", "message": "", "step": "", "log": [], **STATUS}]


def test_releases_marks_live_and_previous(world, slipway):
    lines = slipway("releases").stdout.splitlines()
    assert lines[0].split() == ["release", "code", "prepared", "size"]
    assert lines[1].split()[0] == "aaaabbbbcccc"
    assert lines[1].endswith("9.0 MB  live    ")
    assert lines[2].split() == ["ddddeeeeffff", "-", "-", "-", "previous"]


def test_releases_of_several_hosts_name_them(world, slipway):
    world.hosts = [Host("one"), Host("two", answers={"releases": {"ok": False, "message": "locked"}})]
    done = slipway("releases")
    assert done.stdout.splitlines()[1].split()[:2] == ["one", "aaaabbbbcccc"]
    assert (done.exit_code, done.stderr) == (1, "slipway: two: locked\n")


def test_an_answer_of_another_kind_is_one_line(world, slipway):
    world.hosts = [Host("AROAEXAMPLE:one", answers={"releases": {"ok": True, "releases": [{"id": "a"}, {"name": "b"}]}})]
    done = slipway("releases")
    assert (done.exit_code, done.stdout) == (1, "")
    why = "wanted releases.1.id of the host tool's releases, found another (Field required)"
    assert done.stderr == f"slipway: one: {why}; run `./slipway up`\n"


def test_releases_json(world, slipway):
    document = json.loads(slipway("--json", "releases").stdout)
    assert document["hosts"][0]["releases"] == RELEASES["releases"]


def test_logs_pass_their_options_on(world, slipway):
    done = slipway("logs", "-f", "-n", "7")
    assert (done.exit_code, done.stdout) == (0, "one\ntwo\n")
    assert world.hosts[0].asked == [["logs", "-n", "7", "-f"]]


def test_logs_of_several_hosts_carry_their_names(world, slipway):
    world.hosts = [Host("one", lines=["a"]), Host("two", lines=["b"])]
    assert sorted(slipway("logs").stdout.splitlines()) == ["one | a", "two | b"]


def test_logs_end_when_their_reader_goes_away(monkeypatch):
    from ops.cli import Call
    from ops.commands import app

    read = []

    def endless():
        for number in range(1000):
            read.append(number)
            yield str(number)

    class Gone:
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    hosts = [SimpleNamespace(host="one", stream=lambda arguments: endless())]
    reach = HostsDeployment(Site(cast(Any, None), cast(Any, hosts), ""))
    monkeypatch.setattr("ops.stack.workplace.enter", lambda call: SimpleNamespace(deployment=lambda acts: reach))
    app.logs(Call())
    assert read == [0]


def verdict(ok=True, message="", release="ddddeeeeffff", live="ddddeeeeffff"):
    return Verdict(ok, message, release, live)


@pytest.mark.parametrize(("words", "asked"), [(["rollback"], None), (["rollback", "ddddeeeeffff"], "ddddeeeeffff")])
def test_rollback_tells_what_serves_now(world, slipway, monkeypatch, words, asked):
    seen = []

    def rollback(site, release):
        seen.append(release)
        return verdict()

    monkeypatch.setattr("components.rollout.coordinator.rollback", rollback)
    done = slipway(*words)
    assert (done.exit_code, seen) == (0, [asked])
    assert done.stdout == "Done: http://127.0.0.1:8080 serves release ddddeeeeffff\n"


def test_a_refused_rollback_says_why(world, slipway, monkeypatch):
    bad = verdict(ok=False, message="gate: HTTP 500", live="aaaabbbbcccc")
    monkeypatch.setattr("components.rollout.coordinator.rollback", lambda *arguments: bad)
    done = slipway("rollback")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", "slipway: gate: HTTP 500\n")
    document = json.loads(slipway("rollback", "--json").stdout)
    assert (document["ok"], document["live"]) == (False, "aaaabbbbcccc")


def test_adopt_asks_and_rewrites_the_mark(world, slipway, monkeypatch, tmp_path):
    from components import owner
    from ops.stack import workplace

    cli, ours = owner.Owner(owner.CLI, "file", "slipway", "dev"), owner.current("slipway", "dev")
    monkeypatch.setattr(workplace, "place", lambda call: SimpleNamespace(project="slipway", stack="dev", tree=tmp_path))
    owner.adopt(tmp_path, cli)
    assert (slipway("adopt").exit_code, owner.read(tmp_path)) == (2, cli)
    done = slipway("adopt", "-y")
    assert (done.exit_code, owner.read(tmp_path)) == (0, ours)
    assert "before: the Pulumi CLI" in done.stdout
    assert slipway("adopt").stdout.startswith("Nothing to do: `./slipway`")
    assert slipway("adopt", "-y", "--to-pulumi").exit_code == 0
    assert owner.read(tmp_path) == owner.of(owner.CLI, "slipway", "dev")
    assert slipway("adopt", "--to-pulumi").exit_code == 0


def test_servers_that_are_set_up_at_once_all_mark_the_tree(tmp_path):
    from components import owner

    start, tree = threading.Barrier(16), tmp_path / "tree"
    mine = [owner.Owner(owner.CLI, "file", "slipway", f"dev-{number}") for number in range(16)]

    def mark(one):
        start.wait(10)
        owner.adopt(tree, one)

    with ThreadPoolExecutor(max_workers=len(mine)) as pool:
        list(pool.map(mark, mine))
    assert owner.read(tree) in mine
