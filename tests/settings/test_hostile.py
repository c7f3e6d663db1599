"""Odd values in every setting there is: taken exactly as they are, or refused in one clear line; a secret is never told."""

import ipaddress
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))
import hostile
from speeds import examples

from components import target
from components.errors import UsageError
from components.settings import Settings, parse, target_options

SLOTS = hostile.slots()
SERVERS = ("aws-ec2", "alicloud-ecs", "gcp-vm")
CLOUDS = (*SERVERS, "aws-beanstalk")
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
LONGEST = 700  # characters of one line, whatever was found

# Where a setting isn't held as it was written: how it is.
HELD: dict[str, Callable[[Any], Any]] = {
    "app.env[value]": str,
    "server.workers": lambda value: value if value == "auto" else int(value),
    "server.threads": int,
    "server.timeout": int,
    "app.startTimeout": int,
    **dict.fromkeys(  # `config set` writes text
        (name for name, good in hostile.GOOD.items() if good is True),
        lambda value: {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value,
    ),
    **dict.fromkeys(("local.port", "docker.port", "docker.memory"), int),
    **{f"{cloud}.database.backupDays": int for cloud in ("aws-ec2", "aws-beanstalk")},
    **{f"{cloud}.{name}": int for cloud in CLOUDS for name in ("disk", "database.disk")},
    **{f"{cloud}.dataDisk": lambda value: None if value is None else int(value) for cloud in SERVERS},
    **{f"{cloud}.instances.{name}": int for cloud in CLOUDS for name in ("min", "max", "requests")},
    **{f"{cloud}.account": str for cloud in CLOUDS},
    **dict.fromkeys(
        (*(f"{cloud}.ssh[item]" for cloud in SERVERS), "ssh.sshFrom[item]", "http.allow[item]", "http.trustedProxies[item]"),
        lambda value: str(ipaddress.ip_network(value, strict=False)),
    ),
    "ssh.port": int,
    **{f"gcp-appengine.{name}": int for name in ("minInstances", "maxInstances", "databaseDisk")},
    "http.staticAge": lambda value: value and int(value),
    "ssh.hosts.web[item].port": lambda value: value and int(value),
    "ssh.hosts.database.port": lambda value: value and int(value),
    "http.maxBody": lambda value: int(str(value).rstrip(" BKMGbkmg")) * UNITS[str(value).lstrip("0123456789 ").upper()],
    "http.cors[item]": lambda value: value.lower(),
    **dict.fromkeys(("app.data[item]", "app.static[value]", "app.built[item]"), os.path.normpath),
    "http.errorPages": lambda value: value and os.path.normpath(value),
}


def read(raw: dict[str, Any]) -> tuple[Settings, Any]:
    """The settings with those of their target, as a program reads them."""
    secret = [key for key in raw if key.startswith("slipway:secret")]
    taken = parse(raw, secret, "dev")
    name = taken.target
    return taken, target_options(taken, target.find(name).Options, name)


def held(slot: hostile.Slot, taken: Settings, options: Any) -> Any:
    """What the models hold in this place."""
    names = [_snake(name) for name in slot.path]
    place: Any = options if names[0] in target.names() else taken
    for name in names[1:] if place is options else names:
        place = getattr(place, name)
    if slot.part == "item":
        place = place[0]
    elif slot.part:
        place = next(iter(place.keys() if slot.part == "name" else place.values()))
    for name in slot.inner:
        place = getattr(place, _snake(name))
    return place


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def clear(said: str, root: str) -> None:
    """One head, one short line for each problem, nothing that a terminal would obey."""
    if root == "target" and said.startswith("slipway:target: no target is called "):  # said by who looks for it
        said = f"Pulumi.dev.yaml: 1 setting is wrong\n  {said}"
    head, *lines = said.split("\n")
    assert head == f"Pulumi.dev.yaml: {len(lines)} setting{' is' if len(lines) == 1 else 's are'} wrong"
    assert all(line.startswith("  slipway:") and ": " in line for line in lines), said
    assert any(line.startswith(f"  slipway:{root}") for line in lines), said
    assert all(len(line) < LONGEST for line in lines), max(len(line) for line in lines)
    assert not [letter for line in lines for letter in line if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


def check(slot: hostile.Slot, value: Any) -> None:
    try:
        found = read(slot.put(value))
    except UsageError as error:
        clear(str(error), slot.path[0])
        return
    if slot.path[0] == "target" or slot.secret or held(slot, *found) == HELD.get(str(slot), lambda same: same)(value):
        return
    empty = isinstance(value, str) and value.strip() == "null" and len(slot.path) == 1  # as Pulumi hands over a key without a value
    assert empty or value is None or value == "" or value in ({}, []), (held(slot, *found), value)  # left out: the default


def test_every_setting_is_covered() -> None:
    assert {str(slot) for slot in SLOTS} == set(hostile.GOOD)


@pytest.mark.parametrize("slot", SLOTS, ids=str)
def test_what_is_right_is_taken(slot: hostile.Slot) -> None:
    taken, options = read(slot.put(hostile.GOOD[str(slot)]))
    assert slot.secret or held(slot, taken, options) == HELD.get(str(slot), lambda same: same)(hostile.GOOD[str(slot)])


@pytest.mark.parametrize("slot", SLOTS, ids=str)
def test_each_odd_value(slot: hostile.Slot) -> None:
    for value in (*hostile.ODD, *hostile.OTHERS):
        if slot.part != "name" or not isinstance(value, dict | list):
            check(slot, value)


@pytest.mark.parametrize("slot", SLOTS, ids=str)
@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_values_made_odd(slot: hostile.Slot, data: Any) -> None:
    value = data.draw(hostile.values(hostile.GOOD[str(slot)]))
    if slot.part != "name" or not isinstance(value, dict | list):
        check(slot, value)


@given(
    name=st.sampled_from(("OK", "1A", "a b", "SLIPWAY_X")),
    value=hostile.PIECES,
    wrapped=st.sampled_from((str, lambda one: [one], lambda one: {"a": one})),
)
def test_an_odd_secret_is_never_told(name: str, value: str, wrapped: Callable[[str], Any]) -> None:
    secret = f"hunter2{value}hunter3"
    try:
        taken = parse(
            {"slipway:target": "local", "slipway:app": {"name": "shop"}, "slipway:secretEnv": {name: wrapped(secret)}},
            ["slipway:secretEnv"],
            "dev",
        )
        said = repr(taken) + str(vars(taken))
    except UsageError as error:
        said = str(error)
        clear(said, "secretEnv")
    assert "hunter2" not in said
    assert "hunter3" not in said
