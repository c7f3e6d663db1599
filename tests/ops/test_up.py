"""up, preview and destroy: the plan, the question, the work, the last line."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_up import Host, result, step

from components import owner
from components.deployment.answers import Kept
from components.errors import SlipwayError
from ops.automation import HOW
from ops.engine import Event

HOST = step("update", "host", tool=("abc", "def"))
ROLLOUT = step("create", "rollout", parent=HOST.urn, release=(None, "aaaabbbbcccc"))
CREATING = result([ROLLOUT, step("same", "secret")])
CHANGING = result([HOST, ROLLOUT, step("same", "secret")])


def test_nothing_to_do_names_the_release(world, slipway):
    done = slipway("up")
    assert done.exit_code == 0
    assert done.stdout == "Nothing to do: http://127.0.0.1:8080 serves release aaaabbbbcccc\n"
    assert world.calls == ["preview"]


def test_up_without_a_terminal_refuses_in_one_line_and_changes_nothing(world, slipway):
    world.plan = CHANGING
    done = slipway("up")
    assert (done.exit_code, world.calls) == (2, ["preview"])
    assert done.stderr.splitlines() == ["slipway: nobody can be asked here: pass --yes to go on"]


@pytest.mark.parametrize("words", [["up", "--yes"], ["--yes", "up"], ["up", "-y", "-s", "prod"]])
def test_up_shows_the_plan_then_works_then_tells_the_address(world, slipway, words):
    world.plan, world.outcome = CHANGING, result([HOST, ROLLOUT])
    done = slipway(*words)
    assert (done.exit_code, world.calls) == (0, ["preview", "up"])
    plan, _, rest = done.stdout.partition("1 to create, 1 to update, 1 unchanged")
    assert "~ host  Host" in plan
    assert "tool: abc -> def" in plan
    assert "+ rollout  Rollout" in plan
    assert "── + rollout  Rollout" in plan  # below its parent
    assert "secret" not in plan
    assert rest.strip() == "Done: http://127.0.0.1:8080 serves release aaaabbbbcccc"


@pytest.mark.parametrize("at_terminal", [False, True])
def test_what_only_creates_here_needs_nobody(world, slipway, answering, at_terminal):
    world.here, world.plan, world.outcome = True, CREATING, CREATING
    if at_terminal:
        answering()  # a question would find no answer
    done = slipway("up")
    assert (done.exit_code, world.calls) == (0, ["preview", "up"])
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[:3] == ["host  Host", "└── + rollout  Rollout", "1 to create, 1 unchanged"]
    assert lines[-1] == "Done: http://127.0.0.1:8080 serves release aaaabbbbcccc"
    world.calls.clear()
    world.there = [ROLLOUT]  # a first run that was cut off
    assert (slipway("up").exit_code, world.calls) == (0, ["preview", "up"])


def test_a_warning_is_told_once(world, slipway):
    def during(observer: Any) -> None:
        observer(Event("diagnostic", None, "warning", "odd"))
        observer(Event("diagnostic", None, "warning", "even"))

    world.plan, world.during, world.previewing = CHANGING, during, lambda observer: observer(Event("diagnostic", None, "warning", "odd"))
    done = slipway("up", "--yes")
    assert done.stderr == "warning: odd\n"
    assert "odd" not in done.stdout
    assert "warning: even" in done.stdout


def test_what_a_provider_creates_is_asked_for_here_too(world, slipway):
    made = replace(step("create", "zone"), type="aws:route53/zone:Zone")
    world.here, world.there, world.plan = True, [HOST], result([ROLLOUT, made])
    done = slipway("up")
    assert (done.exit_code, world.calls) == (2, ["preview"])


def test_up_json_goes_on_by_itself_too_where_it_only_creates_here(world, slipway):
    world.here, world.plan, world.outcome = True, CREATING, CREATING
    done = slipway("up", "--json")
    assert (done.exit_code, json.loads(done.stdout)["counts"]["create"]) == (0, 1)


@pytest.mark.parametrize("op", ["update", "replace", "delete"])
def test_what_is_there_here_is_touched_after_a_yes_alone(world, slipway, op):
    world.here, world.there, world.plan = True, [HOST], result([ROLLOUT, step(op, "host")])
    world.needs = [SimpleNamespace(present=False)]  # not one name of a package: installing it would fail
    done = slipway("up")
    assert (done.exit_code, world.calls) == (2, ["preview"])
    assert "--yes" in done.stderr


def test_creation_elsewhere_is_asked_for(world, slipway):
    world.plan = CREATING
    assert (slipway("up").exit_code, world.calls) == (2, ["preview"])


def test_packages_are_installed_once_it_is_known_that_the_launch_goes_on(world, slipway, answering, monkeypatch):
    did = world.calls
    monkeypatch.setattr("ops.stack.workplace.ensure", lambda needs: did.append("install"))
    world.plan = CHANGING
    assert slipway("up").exit_code == 2
    answering(False, True)
    assert slipway("up").exit_code == 1
    assert did == ["preview", "preview"]
    assert slipway("up").exit_code == 0
    assert did[2:] == ["preview", "install", "up"]
    assert slipway("up", "-y").exit_code == 0
    assert did[5:] == ["preview", "install", "up"]


def test_what_is_new_is_said_in_words(world, slipway):
    new = replace(step("create", "host", facts=(None, '{"app": "shop"}')), words="shop in /srv/shop")
    world.plan = result([new])
    lines = slipway("preview").stdout.splitlines()
    assert [line.rstrip() for line in lines] == ["+ host  Host  shop in /srv/shop", "1 to create, 0 unchanged"]
    document = json.loads(slipway("preview", "--json").stdout)
    assert document["steps"][0]["changes"]["facts"]["new"] == '{"app": "shop"}'
    assert "words" not in document["steps"][0]


def test_a_declined_question_changes_nothing(world, slipway, answering):
    world.plan = CHANGING
    answering(False)
    done = slipway("up")
    assert (done.exit_code, world.calls) == (1, ["preview"])
    assert "Nothing was changed." in done.stderr


def test_an_accepted_question_goes_on(world, slipway, answering):
    world.plan = CHANGING
    answering(True)
    assert slipway("up").exit_code == 0
    assert world.calls == ["preview", "up"]


def test_progress_has_a_line_for_each_step_with_seconds(world, slipway):
    from components.hosts import progress

    def during(observer: Any) -> None:
        observer(Event("started", HOST))
        progress.report("local", "venv", "start")
        progress.report("local", "venv", "done", 3.25)
        progress.report("local", "gate", "failed", 1.0, "HTTP 500")
        observer(Event("diagnostic", None, "warning", "old nginx"))
        observer(Event("diagnostic", None, "debug", "deep"))
        progress.report("local", "", "note", text="reused")
        observer(Event("done", HOST))

    world.plan, world.during = CHANGING, during
    lines = slipway("up", "-y").stdout.splitlines()
    assert lines[-6:-1] == [
        "  done local: venv  3.2 s",
        "  failed local: gate  1.0 s  HTTP 500",
        "  warning: old nginx",
        "  local: reused",
        "done updating host (Host)  0.1 s",
    ]


def test_a_failed_rollout_prints_its_block_and_exits_1(world, slipway):
    world.plan, world.outcome = CHANGING, result(ok=False, error="gate: HTTP 500\n  last line of the log")
    done = slipway("up", "-y")
    assert done.exit_code == 1
    assert done.stderr == "slipway: gate: HTTP 500\n  last line of the log\n"
    assert "Done" not in done.stdout


def test_a_failed_plan_stops_before_the_work(world, slipway):
    world.plan = result(ok=False, error="slipway:domain: no")
    done = slipway("up", "-y")
    assert (done.exit_code, done.stderr, world.calls) == (1, "slipway: slipway:domain: no\n", ["preview"])


@pytest.mark.parametrize("words", [["preview", "--json"], ["up", "-y", "--json"], ["--json", "preview"]])
def test_json_is_one_document_and_keeps_secrets(world, slipway, words):
    world.plan = world.outcome = CHANGING
    done = slipway(*words)
    document = json.loads(done.stdout)
    assert document["counts"]["update"] == 1
    assert document["outputs"]["token"] == "[secret]"
    assert document["steps"][0]["changes"] == {"tool": {"old": "abc", "new": "def"}}


def test_up_json_asks_for_yes_before_anything_changes(world, slipway):
    world.plan = CHANGING
    done = slipway("up", "--json")
    assert (done.exit_code, done.stdout, world.calls) == (2, "", ["preview"])
    assert done.stderr.splitlines() == ["slipway: nobody can be asked here: pass --yes to go on"]


def test_preview_never_changes_anything(world, slipway):
    world.plan = CHANGING
    assert "1 to create" in slipway("preview").stdout
    assert world.calls == ["preview"]


def test_a_component_shows_above_what_it_holds(world, slipway):
    target = "urn:pulumi:dev::slipway::slipway:target:Local::showcase"
    world.plan = result([step("create", "host", parent=target)])
    lines = slipway("preview").stdout.splitlines()
    assert (lines[0].rstrip(), lines[1].rstrip()) == ("showcase  Local", "└── + host  Host")


def test_a_resource_of_the_stack_itself_has_nothing_above(world, slipway):
    world.plan = result([step("create", "host", parent="urn:pulumi:dev::slipway::pulumi:pulumi:Stack::slipway-dev")])
    assert slipway("preview").stdout.splitlines()[0].rstrip() == "+ host  Host"


def test_unknown_outputs_are_named_so_in_json(world, slipway):
    from pulumi.runtime.rpc import UNKNOWN

    world.plan = replace(result(), outputs={"release": UNKNOWN})
    assert json.loads(slipway("preview", "--json").stdout)["outputs"] == {"release": "[unknown]"}


def test_warnings_of_a_plan_are_told(world, slipway, monkeypatch):
    def engine(project, stack, observer):
        observer(Event("diagnostic", None, "warning", "odd"))
        observer(Event("diagnostic", None, "info", "even"))
        return world.engine(project, stack, observer)

    monkeypatch.setattr("ops.engine.Engine", engine)
    assert slipway("preview").stderr == "warning: odd\n"


def test_the_counts_stand_on_one_line_however_narrow_the_terminal(world, slipway, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    world.plan = CHANGING
    assert "1 to create, 1 to update, 1 unchanged" in slipway("preview").stdout.splitlines()
    assert "1 to create, 1 to update, 1 unchanged" in slipway("up", "-y").stdout.splitlines()


def test_a_long_value_is_cut_in_the_plan(world, slipway):
    world.plan = result([step("update", "host", text=("x", "y" * 500))])
    assert "y" * 69 + "…" in slipway("preview").stdout


def test_what_the_cli_alone_can_do_wants_one(world, slipway, monkeypatch):
    world.plan = replace(result(ok=False, error="vm: aws:x needs the Pulumi CLI; use `pulumi up`"), beyond="vm: aws:x")
    monkeypatch.setattr("shutil.which", lambda name: None)
    for words in (["preview"], ["up", "--yes"]):
        done = slipway("-s", "prod", *words)
        assert (done.exit_code, done.stdout) == (3, "")
        needed = "slipway: stack prod on local needs the Pulumi CLI (vm: aws:x), and there is no `pulumi` on PATH"
        assert done.stderr == f"{needed}; install it ({HOW}), then run this again\n"
    assert set(world.calls) == {"preview"}


def test_destroy_leaves_a_tree_alone_that_the_cli_manages(world, slipway):
    owner.adopt(world.folder / ".slipway", owner.Owner(owner.CLI, "file:///state", "slipway", "dev"))
    for words in (["destroy", "-y"], ["destroy", "-y", "--with-data", "shop"]):
        done = slipway(*words)
        assert (done.exit_code, done.stdout, world.calls, world.hosts[0].removed) == (2, "", [], [])
        assert "is managed by the Pulumi CLI (backend file:///state)" in done.stderr


def test_destroy_keeps_data_and_says_how_to_remove_it(world, slipway):
    world.hosts = [Host(data=[Kept("/srv/shared", 4096)]), Host("two", data=[Kept("two:/srv/data", 2_000_000)])]
    done = slipway("destroy", "-y")
    assert (done.exit_code, world.calls, world.hosts[0].removed) == (0, ["destroy"], [])
    assert "Stays: /srv/shared  4.1 kB\nStays: two:/srv/data  2.0 MB\n" in done.stdout
    assert "./slipway -s dev destroy --with-data shop" in done.stdout


def test_a_host_that_can_not_tell_what_stays_is_no_reason_to_stop(world, slipway):
    class Lost(Host):
        def kept(self):
            raise SlipwayError("one: refused")

    world.hosts = [Lost("AROAEXAMPLE:one"), Host("two", data=[Kept("two:/srv/data", 4096)])]
    done = slipway("destroy", "-y", "--json")
    assert (done.exit_code, world.calls) == (0, ["destroy"])
    assert done.stderr == "slipway: what stays on one isn't known: one: refused\n"
    assert [one["path"] for one in json.loads(done.stdout)["kept"]] == ["two:/srv/data"]


def test_destroy_with_data_removes_it_from_every_host(world, slipway):
    world.hosts = [Host("web-1"), Host("db-1", role="database")]
    done = slipway("destroy", "-y", "--with-data", "shop")
    assert done.exit_code == 0, done.stderr
    assert [one.removed for one in world.hosts] == [[False], [False]]
    assert [one.saved for one in world.hosts] == [[("sqlite", [])]] * 2  # a last backup, before anything was removed
    assert f"Last backup: {world.folder}/shop-db-1-20260101-000000  " in done.stdout
    assert f"last backup of its folders: {world.folder}/shop-web-1-20260101-000000" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("database", "saved"), [(("none", "same-host"), "none"), (("postgres", "external"), "none"), (("mysql", "own-host"), "mysql")]
)
@pytest.mark.parametrize("data", [(), ("instance",)])
def test_destroy_with_data_saves_folders_too_and_nobody_elses_database(world, slipway, database, saved, data):
    world.database, world.data = database, data
    assert slipway("destroy", "-y", "--with-data", "shop").exit_code == 0
    assert world.hosts[0].saved == [(saved, [])] * (saved != "none" or bool(data))


def test_destroy_with_a_wrong_name_does_nothing(world, slipway):
    done = slipway("destroy", "-y", "--with-data", "other")
    assert (done.exit_code, world.calls) == (2, [])
    assert "'shop' is wanted, found 'other'" in done.stderr


def test_destroy_with_a_wrong_name_asks_where_somebody_answers(world, slipway, answering):
    answering("shop")
    assert slipway("destroy", "-y", "--with-data", "other").exit_code == 0
    assert world.hosts[0].removed == [False]


def test_a_failed_destroy_leaves_the_data_alone(world, slipway):
    world.outcome = result(ok=False, error="no")
    assert slipway("destroy", "-y", "--with-data", "shop").exit_code == 1
    assert world.hosts[0].removed == []


def test_destroy_needs_a_yes(world, slipway):
    assert slipway("destroy").exit_code == 2
    assert world.calls == []


def test_closed_and_broken_outputs_are_no_error():
    folder = Path(__file__).parents[2]
    closed = subprocess.run([sys.executable, "-m", "ops", "version"], cwd=folder, preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE)
    assert (closed.returncode, closed.stderr) == (0, b"")
    reader, writer = os.pipe()
    os.close(reader)
    broken = subprocess.run([sys.executable, "-m", "ops", "version"], cwd=folder, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (broken.returncode, broken.stderr) == (0, b"")
