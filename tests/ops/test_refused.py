"""What a target can't be asked is refused in its own words, by the command alone; what needs no verb goes on."""

import json
from collections.abc import Mapping
from typing import get_args

import pytest

from components.deployment import Deployment, Verb

COMMANDS = {
    "status": ["status"],
    "logs": ["logs", "-f"],
    "releases": ["releases"],
    "rollback": ["rollback", "aaaabbbbcccc"],
    "run": ["exec", "--", "true"],
    "backup": ["backup"],
    "backups": ["backups"],
    "restore": ["restore", "20260101-000000", "-y"],
    "maintenance": ["maintenance", "on"],
}


class Bare(Deployment):
    """A platform that can't be asked anything."""

    url = "https://shop.example"
    refused: Mapping[Verb, str] = {verb: f"this platform has no {verb}; see its console" for verb in get_args(Verb)}


def test_every_verb_has_its_command():
    assert set(COMMANDS) == set(get_args(Verb))


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_refusal_is_one_line_in_the_targets_words(world, slipway, verb):
    world.asked = Bare()
    done = slipway(*COMMANDS[verb])
    name = COMMANDS[verb][0]
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"slipway: {name}: this platform has no {verb}; see its console\n"


def test_what_needs_no_verb_goes_on(world, slipway):
    world.asked = Bare()
    assert slipway("up").stdout == "Nothing to do: http://127.0.0.1:8080 serves release aaaabbbbcccc\n"
    document = json.loads(slipway("destroy", "-y", "--json", "--with-data", "shop").stdout)
    assert (document["kept"], document["last_backup"]) == ([], None)
    assert slipway("destroy", "-y").stdout == "Destroyed stack dev.\n"
