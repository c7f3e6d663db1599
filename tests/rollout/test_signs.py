"""Who lives: by the store's clock at the first look, by changes from then on."""

from typing import Any

import pytest

from components.errors import SlipwayError
from components.rollout.phases import pulled
from components.rollout.phases.pulled import Signs


class Told:
    """A store in which `beats` were written at these times of its own clock."""

    def __init__(self, now, **beats):
        self.now, self.beats, self.away = now, beats, False

    def names(self, _folder):
        if self.away:
            raise SlipwayError("away")
        return {f"outcomes/{host}/heartbeat.json": at for host, at in self.beats.items()} | {"outcomes/web/3.json": 1.0}

    def put(self, _name, _data):
        pass

    def modified(self, _name):
        return self.now


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def watch(told: Any, clock: Clock) -> Signs:
    return Signs(told, clock)


def look(told, clock, signs, seconds=1, **beats):
    clock.now += seconds
    told.beats |= beats
    signs.look()
    return signs.fresh()


def test_at_the_first_look_the_stores_clock_says_how_old_a_heartbeat_is(clock):
    told = Told(500.0, old=100.0, just=481.0, young=500.0)
    assert look(told, clock, watch(told, clock)) == ["just", "young"]


def test_a_server_whose_stamps_are_an_hour_old_or_early_lives_while_they_change(clock):
    """Servers with a store each."""
    told = Told(5000.0, behind=1400.0, ahead=8600.0)
    seen = watch(told, clock)
    assert look(told, clock, seen) == ["ahead"]
    assert look(told, clock, seen, 5, behind=1405.0, ahead=8605.0) == ["ahead", "behind"]
    for _ in range(4):
        look(told, clock, seen, 5, ahead=told.beats["ahead"] + 5)
    assert look(told, clock, seen, 5) == ["ahead"]
    assert seen.silence("behind") == 25
    assert seen.silence("ahead") == 5


def test_who_is_silent_is_no_longer_fresh(clock):
    told = Told(0.5, web=0.5)
    seen = watch(told, clock)
    look(told, clock, seen)
    for _ in range(5):
        found = look(told, clock, seen, 4.5)
    assert found == []
    assert seen.words("web").startswith("no sign since 1970-01-01")


def test_a_deployer_who_slept_holds_nobodys_silence_against_it(clock):
    told = Told(0.5, web=0.5)
    seen = watch(told, clock)
    look(told, clock, seen)
    assert look(told, clock, seen, 3600) == ["web"]


def test_after_a_store_that_was_away_servers_have_a_minute_to_come_back(clock):
    told = Told(0.5, web=0.5, dead=-500.0)
    seen = watch(told, clock)
    look(told, clock, seen)
    told.away = True
    for _ in range(20):
        with pytest.raises(SlipwayError):
            look(told, clock, seen, 5)
    told.away = False
    assert look(told, clock, seen, 5) == ["web"]
    for _ in range(11):
        found = look(told, clock, seen, 5)
    assert found == ["web"]
    for _ in range(6):
        found = look(told, clock, seen, 5)
    assert found == []
    assert pulled.FRESH == 20
