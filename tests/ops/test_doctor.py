"""doctor: each check says what it found and the one command that mends it."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from components.errors import SlipwayError
from ops.commands import doctor


@pytest.fixture
def healthy(world, monkeypatch):
    """A stack with an app."""
    monkeypatch.setattr(doctor, "find_app", lambda folder, module, requirements: SimpleNamespace(module=module, folder=folder))


def need(present: bool, required: bool) -> SimpleNamespace:
    return SimpleNamespace(program="nginx", why="front", packages=("nginx",), present=present, required=required)


@pytest.mark.parametrize(
    ("present", "required", "state", "code"),
    [(True, True, "ok", 0), (False, False, "warning", 0), (False, True, "missing", 3)],
)
def test_needs_decide_the_exit_code(world, slipway, healthy, present, required, state, code):
    world.needs = [need(present, required)]
    done = slipway("doctor", "--json")
    found = {check["name"]: check for check in json.loads(done.stdout)}
    assert (done.exit_code, found["nginx"]["state"]) == (code, state)
    assert ("apt-get install -y nginx" in found["nginx"]["mend"]) == (state != "ok")


def test_the_table_has_a_line_for_each_check(world, slipway, healthy):
    world.needs = [need(True, True)]
    lines = slipway("doctor").stdout.splitlines()
    assert lines[0].split() == ["check", "state", "found", "to", "mend", "it"]
    assert {"settings", "nginx", "app"} <= {line.split()[0] for line in lines}


def test_bad_settings_and_a_lost_app_are_findings(world, slipway, healthy, monkeypatch):
    def lost(folder: Path, module: str, requirements: str | None = None) -> None:
        raise SlipwayError("no app there")

    monkeypatch.setattr(doctor, "find_app", lost)
    done = slipway("doctor", "--json")
    assert {"name": "app", "state": "missing", "detail": "no app there", "mend": ""} in json.loads(done.stdout)
    assert done.exit_code == 3
    world.deployment = lost
    monkeypatch.setattr("ops.stack.workplace.enter", lambda call: lost(Path(), ""))
    assert json.loads(slipway("doctor", "--json").stdout)[-1]["name"] == "settings"
