"""Stack files, the engine's state and the tree's mark damaged at random: told in short lines, or still something that can stand there."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from damages import OF_FILES, Damage
from faults import record

from components import owner
from components.errors import SlipwayError
from components.settings import parse
from ops.engine.state import Resource, State
from ops.stack.project import crypter, load_project, load_stack, new_salt

TIMES = 200
STACK = """# A stack, with a comment.
encryptionsalt: SALT
config:
  slipway:target: local
  slipway:app: {name: shop, path: ./app, env: {A: "1", B: 2001-01-01x}, cron: {nightly: {schedule: 0 3 * * *, command: "true"}}}
  slipway:local: {port: 8080}
  slipway:secretEnv: {KEY: {secure: SECURE}}
"""


def clear(error: SlipwayError) -> bool:
    lines = str(error).split("\n")
    assert all(len(line) < 900 and line.isprintable() for line in lines), lines
    return bool(lines[0])


def tried(path: Path, action, seed: int) -> tuple[int, int]:
    """How often a damage was told, and how often what was left could be taken; anything else fails."""
    chance = random.Random(seed)
    told = taken = 0
    for number in range(TIMES):
        damage = Damage(path, OF_FILES[number % len(OF_FILES)] if number % 2 else OF_FILES[1], chance)
        try:
            action()
            taken += 1
        except SlipwayError as error:
            told += clear(error)
        damage.undo()
        action()
    return told, taken


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "open")
    monkeypatch.setattr(
        "ops.stack.project._key", lambda phrase, salt: b"k" * 32
    )  # a million rounds for each damage are not what is tried here
    salt = new_salt()
    secure = crypter(salt, tmp_path).encrypt("hunter2")
    (tmp_path / "Pulumi.yaml").write_text("name: trial\nruntime:\n  name: python\n  options: {virtualenv: .venv}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK.replace("SALT", salt).replace("SECURE", secure))
    return tmp_path


@pytest.mark.parametrize("name", ["Pulumi.yaml", "Pulumi.dev.yaml"])
def test_stack_files(project, name):
    def read():
        opened = load_project(project)
        stack = load_stack(opened, "dev")
        config = {key.replace("trial:", "slipway:"): value for key, value in stack.config.items()}
        parse(config, [key.removeprefix("slipway:") for key in stack.secret_keys], "dev")

    told, taken = tried(project / name, read, 1)
    record("damage", f"`{name}` damaged {TIMES} times", f"{told} told in a line, {taken} still settings that can be taken")


def test_the_state_and_its_key(project):
    path = project / "state.json"

    def made():
        state = State(path, "trial", "dev")
        assert len(state.resources) == path.is_file()

    state = State(path, "trial", "dev")
    state.put(Resource("urn:x", "a:b:C", "x", "", True, "1", {"a": 1, "b": "hunter2"}, {"a": 1}, ["b"]))
    state.save()
    made()
    told, _ = tried(path, made, 2)
    told += tried(project / "state.key", lambda: State(path, "trial", "dev"), 3)[0]
    assert told > TIMES
    record("damage", f"`state.json` and `state.key` damaged {2 * TIMES} times", f"{told} told in a line, nothing changed")


def test_the_mark_of_a_tree(project):
    mine = owner.Owner("slipway", "this folder", "trial", "dev")
    owner.adopt(project, mine)
    tried(project / "owner.json", lambda: owner.refusal(project, mine), 3)
