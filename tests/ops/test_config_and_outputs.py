"""config set, stack output, version: the in-process counterparts of Pulumi's commands."""

import dataclasses
import json
from types import SimpleNamespace

import pytest

from ops.stack import project, workplace


@pytest.fixture
def stacks(world, monkeypatch):
    """Records what would be written."""
    written = []
    monkeypatch.setattr(project, "load_project", lambda folder: "project")
    monkeypatch.setattr(project, "load_stack", lambda project, name: name)
    monkeypatch.setattr(project, "set_config", lambda *words, secret, path: written.append((*words, secret, path)))
    place = SimpleNamespace(folder=world.folder, tree=world.folder / ".slipway")
    monkeypatch.setattr(workplace, "place", lambda call: place)
    return written


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (["slipway:front", "nginx"], ("project", "dev", "slipway:front", "nginx", False, False)),
        (["--path", "slipway:app.name", "x"], ("project", "dev", "slipway:app.name", "x", False, True)),
        (["--secret", "-s", "prod", "a", "b"], ("project", "prod", "a", "b", True, False)),
        (["a", "--", "-b"], ("project", "dev", "a", "-b", False, False)),
    ],
)
def test_config_set(stacks, slipway, words, written):
    assert slipway("config", "set", *words).exit_code == 0
    assert stacks == [written]


def test_a_value_left_out_comes_from_standard_input(stacks, slipway):
    done = slipway("config", "set", "--secret", "key", input="hush\n")
    assert stacks == [("project", "dev", "key", "hush", True, False)]
    assert "hush" not in done.stdout + done.stderr


def test_outputs_hide_secrets_unless_asked(stacks, slipway):
    assert "hush" not in slipway("stack", "output").stdout
    assert json.loads(slipway("stack", "output", "--json").stdout)["token"] == "[secret]"
    assert slipway("stack", "output", "token", "--show-secrets").stdout == "hush\n"


def test_one_output_is_printed_as_it_is(stacks, slipway):
    assert slipway("stack", "output", "url").stdout == "http://127.0.0.1:8080\n"
    assert slipway("stack", "output", "url", "--json").stdout == '"http://127.0.0.1:8080"\n'
    done = slipway("stack", "output", "nope")
    assert (done.exit_code, "outputs: url, release, token" in done.stderr) == (2, True)


def test_nothing_put_out_here_may_be_elsewhere(stacks, world, slipway):
    world.outcome = dataclasses.replace(world.outcome, outputs={})
    where = "run ./slipway up, or where the Pulumi CLI launched it `pulumi stack output --stack dev`"
    assert slipway("stack", "output").stderr == f"slipway: stack dev put nothing out here; {where}\n"
    assert json.loads(slipway("stack", "output", "--json").stdout) == {}
    assert slipway("stack", "output", "url").stderr.endswith(f"outputs: none yet: {where}\n")


def test_version_tells_what_slipway_stands_on(world, slipway):
    (world.folder / "pyproject.toml").write_text('[project]\nversion = "9.8"\n')
    assert slipway("version").stdout.startswith("slipway 9.8, pulumi 3.")
    assert json.loads(slipway("version", "--json").stdout)["slipway"] == "9.8"
