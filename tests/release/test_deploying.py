"""The steps of a release on a platform that is an object: two at once, half a promotion, a platform that goes away."""

from pathlib import Path

import pytest

from cloud_init.host.contracts.manifest import Code, Health
from cloud_init.host.contracts.rollout import Outcome
from components import platforms
from components.errors import SlipwayError
from components.platforms import Overtaken, Sendable
from components.release.bundle import Bundle
from components.rollout import public

URL, PRIVATE = "https://shop.example", "https://r2-dot-shop.example"
HEALTH = Health("/healthz", "shop.example", 1, "https")


class Memory:
    """`promoting` does the first promotion; later ones happen as they should."""

    name = "memory"

    def __init__(self, promoting=None, serves="r1", private=None):
        self.serves, self.promoting, self.private = serves, promoting, private
        self.away = False

    def live(self):
        if self.away:
            raise SlipwayError("memory: can't be reached")
        return self.serves

    def send(self, release):
        pass

    def private_url(self, release):
        return self.private

    def promote(self, release, before):
        promoting, self.promoting = self.promoting, None
        if promoting:
            promoting(self)
        elif self.live() != before:
            raise SlipwayError(f"memory: wanted {before}, found {self.serves}")
        else:
            self.serves = release

    def withdraw(self, release):
        self.serves = None


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """Addresses with the name they were asked by; all answer well."""
    told = []
    monkeypatch.setattr(public, "check", lambda url, addresses, health, release: told.append((url, health.host)) or [])
    return told


def run(platform, proven=None):
    return platforms._Steps(platform, URL, HEALTH).run("r2", proven, lambda: None)


@pytest.mark.parametrize("half", ["r2", None, "r1"])
def test_half_a_promotion_is_taken_back(half):
    def promoting(platform):
        platform.serves = half
        raise SlipwayError("memory: it took too long")

    platform = Memory(promoting)
    verdict = run(platform)
    assert (verdict.ok, verdict.live, platform.serves) == (False, "r1", "r1")
    assert verdict.message == "release r2 was refused; release r1 still serves\nmemory, promote: memory: it took too long"


def test_half_of_the_first_promotion():
    def promoting(platform):
        platform.serves = "r2"
        raise SlipwayError("memory: it took too long")

    platform = Memory(promoting, serves=None)
    assert run(platform).live is None
    assert platform.serves is None


def test_what_another_promoted_stays():
    platform = Memory()
    platform.promoting = lambda it: (setattr(it, "serves", "theirs"), it.promote("r2", "r1"))
    verdict = run(platform)
    assert (verdict.ok, verdict.live, platform.serves) == (False, "theirs", "theirs")
    assert "release theirs still serves\nmemory, promote: memory: wanted r1, found theirs" in verdict.message


def test_away_after_half_a_promotion():
    def promoting(platform):
        platform.away = True
        raise SlipwayError("memory: it took too long")

    message = run(Memory(promoting)).message.splitlines()
    assert message[0] == "release r2 was refused; going back to release r1 failed too, see `slipway status`"
    assert message[1:] == ["memory, promote: memory: it took too long", "memory, going back to r1: memory: can't be reached"]


def test_the_first_one_that_can_not_be_withdrawn(monkeypatch):
    def away(*asked):
        raise SlipwayError("memory: out of quota")

    platform = Memory(serves="r2")
    platform.withdraw = away  # type: ignore[method-assign]
    bad = Outcome(False, "memory", "public", "found 500")
    monkeypatch.setattr(public, "check", lambda url, addresses, health, release: [bad])
    head = run(platform).message.splitlines()[0]
    assert head == "release r2 was refused; going back to nothing failed too, see `slipway status`"


@pytest.mark.parametrize(("serves", "left"), [("r1", "r1"), ("r2", "r1")])
def test_an_address_that_the_platform_does_not_tell_is_a_verdict_too(serves, left):
    def away(*asked):
        raise SlipwayError("memory: no such version")

    platform = Memory(serves=serves)
    platform.private_url = away  # type: ignore[method-assign]
    verdict = run(platform, "r1")
    assert (verdict.ok, verdict.live, platform.serves) == (False, left, left)
    assert verdict.message.endswith("memory, send: memory: no such version")


def test_asked_in_private_by_its_own_name(asked):
    assert run(Memory(private=PRIVATE)).ok
    assert asked == [(PRIVATE, "r2-dot-shop.example"), (URL, "shop.example")]


@pytest.mark.parametrize(("proven", "serves"), [("r1", "r1"), ("r2", "r2"), (None, None)])
def test_cut_off_after_its_promotion(monkeypatch, proven, serves):
    platform = Memory(serves="r2")
    bad = Outcome(False, "memory", "public", "found 500")
    monkeypatch.setattr(public, "check", lambda url, addresses, health, release: [bad] if release == "r2" else [])
    verdict = run(platform, proven)
    assert (verdict.ok, verdict.live, platform.serves) == (False, serves, serves)


@pytest.mark.parametrize("winner", ["r2", "r3"])
def test_who_is_overtaken_leaves_what_serves(winner):
    """Also where the other one had the very same release promoted."""

    def promoting(platform):
        platform.serves = winner
        raise Overtaken(f"memory: {winner} serves by now")

    platform = Memory(promoting)
    verdict = run(platform)
    assert (verdict.ok, verdict.live, platform.serves) == (False, winner, winner)


def test_words_of_a_database_are_for_hosts_alone():
    """Nothing is sent; the value isn't told."""
    bundle = Bundle(Code("c", "0"), (), {"A": "${x}"}, HEALTH)
    release = Sendable("r2", bundle, Path(), {"KEY": "hunter2${database.password}"})
    with pytest.raises(SlipwayError, match=r"^KEY: wanted no \$\{database\.…\}, which hosts alone fill in, found one"):
        platforms.deploy(Memory(), URL, release, None)
