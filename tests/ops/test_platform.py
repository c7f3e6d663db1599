"""Every command on a platform that has neither hosts nor a store: it works, or is refused in the platform's own words.

The platform is one file, targets/made_up.py, found by its name: nothing else of the program knows of it. test_deploy.py launches on it.
"""

import json
import os
import sys
from pathlib import Path

import pytest
import yaml

import components.targets
from ops.stack.workplace import enter

APP = {"name": "shop", "path": ".", "healthPath": "/"}
STACK = {"slipway:target": "made-up", "slipway:app": APP}
BACKUPS = "the platform backs its database up by itself; see `platform backups`"


@pytest.fixture
def stack(world, tmp_path, monkeypatch):
    """Writes the stack file; settings, target and deployment are found as they always are. Only the engine is made up."""
    monkeypatch.setattr(components.targets, "__path__", [*components.targets.__path__, str(Path(__file__).parent / "targets")])
    monkeypatch.setattr("ops.stack.workplace.enter", enter)
    monkeypatch.delitem(sys.modules, "components.targets.made_up", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")

    def write(**sections):
        own = {"slipway:made-up": {"folder": str(tmp_path), "port": 8099, "check": 8098}}
        config = {**STACK, **own, **{f"slipway:{key}": value for key, value in sections.items()}}
        (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}))

    write()
    yield write
    sys.modules.pop("components.targets.made_up", None)


@pytest.fixture
def platform(stack, tmp_path):
    """Three releases that nobody runs: what is asked here reads folders alone; test_deploy.py launches."""
    for number in (1, 2, 3):
        (tmp_path / f"releases/v{number}/src").mkdir(parents=True)
        os.utime(tmp_path / f"releases/v{number}", (number, number))
    (tmp_path / "releases/v3/environment").write_text("{}")
    (tmp_path / "live").write_text("v3")
    (tmp_path / "log").write_text("one\ntwo\nthree\n")


def test_what_it_does_not_take_is_refused_at_once_before_it_is_asked(stack, slipway):
    stack(front="apache", manager="systemd", database={"engine": "postgres"})
    done = slipway("status")
    mend = "leave it out, or take another target"
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "slipway: Pulumi.dev.yaml: 3 settings are wrong",
        f"  slipway:database.placement: wanted managed or external, found 'same-host'; the target made-up serves no other; {mend}",
        f"  slipway:front: wanted nothing, found 'apache'; the target made-up serves none; {mend}",
        f"  slipway:manager: wanted nothing, found 'systemd'; the target made-up serves none; {mend}",
    ]


def test_status(platform, slipway):
    lines = slipway("status").stdout.splitlines()
    assert lines[0] == "shop on made-up, stack dev: http://127.0.0.1:8099"
    assert [line.split() for line in lines[1:]] == [
        [],
        ["web.1"],
        ["live", "release", "v3"],
        ["front", "kind", "router"],
        ["process", "state", "pid", "up", "for", "memory"],
        ["web.1", "up", "-", "-", "-"],
    ]
    (one,) = json.loads(slipway("status", "--json").stdout)["hosts"]
    assert (one["host"], one["live"]["release"], one["database"]) == ("web.1", "v3", {})


def test_logs(platform, slipway):
    assert slipway("logs", "-n", "2").stdout == "two\nthree\n"
    assert slipway("logs", "-n", "1", "-f").stdout == "three\nnew\n"


def test_releases(platform, slipway):
    assert [line.split() for line in slipway("releases").stdout.splitlines()[1:]] == [
        ["v3", "-", "-", "-", "live"],
        ["v2", "-", "-", "-"],
        ["v1", "-", "-", "-"],
    ]
    bad = slipway("rollback", "v9", "--json")
    assert (bad.exit_code, json.loads(bad.stdout)["live"]) == (1, "v3")
    assert bad.stderr == "slipway: rollback: wanted a kept release, found 'v9'\n"


def test_exec_gives_the_exit_code(platform, slipway):
    assert slipway("exec", "--", "sh", "-c", "exit 7").exit_code == 7


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["backup", "--reason", "x"], f"backup: {BACKUPS}"),
        (["backups", "--json"], f"backups: {BACKUPS}"),
        (["restore", "1", "-y"], "restore: run `platform restore`, which the platform does by itself"),
        (["maintenance", "off"], "maintenance: the platform has no page to put up; scale the app to nothing: `platform scale 0`"),
    ],
)
def test_what_it_can_not_do(platform, slipway, words, sentence):
    done = slipway(*words)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"slipway: {sentence}\n")


def test_destroy_has_nothing_to_keep_or_save(platform, world, slipway):
    assert slipway("destroy", "-y").stdout == "Destroyed stack dev.\n"
    assert slipway("destroy", "-y", "--with-data", "shop").stdout == "Destroyed stack dev.\n"
    assert world.calls == ["destroy", "destroy"]


def test_doctor_and_up(platform, slipway):
    assert "stack dev, target made-up" in " ".join(slipway("doctor").stdout.split())
    assert slipway("up").stdout == "Nothing to do: http://127.0.0.1:8080 serves release aaaabbbbcccc\n"
