"""A release that is live before there are hosts; and hosts that an address waits for."""

import json

import pytest
from simulated import publish

from cloud_init.host.stores import Conflict
from components.errors import SlipwayError
from components.hosts import progress
from components.providers import FirstReleaseProvider, ServingProvider
from components.release import publishing
from components.release import store as stored
from components.rollout.phases import pulled

BROKEN = {("converge", "r1"): "fail", ("prepare", "r1"): "fail"}


@pytest.fixture
def first(site, monkeypatch):
    """Wants a release as the resource does."""
    monkeypatch.setattr(publishing, "publish", lambda store, props: publish(store, props["release"]))

    def create(release):
        return FirstReleaseProvider().create({"store": site.address, "release": release, "manifest": "secret"}).outs

    return create


def test_it_is_wanted_once_and_never_again(site, first):
    assert first("r1") == {"store": site.address, "release": "r1"}
    now = stored.desired(site.store)
    assert (now.live, now.state.candidate, now.state.generation, now.served) == ("r1", None, 1, ["r1"])
    first("r2")
    assert stored.desired(site.store).data == now.data
    assert not site.store.get("releases/r2/manifest.json")
    assert not FirstReleaseProvider().diff("", {"store": "a", "release": "r1"}, {"store": "a", "release": "r2"}).changes
    assert FirstReleaseProvider().diff("", {"store": "a"}, {"store": "b"}).replaces == ["store"]


def test_whoever_took_the_lock_meanwhile_wants_what_counts(site, first, monkeypatch):
    """This deployer slept as it published."""

    def overtaken(_store, _props):
        raise Conflict("the lock was taken over")

    monkeypatch.setattr(publishing, "publish", overtaken)
    first("r1")
    assert stored.desired(site.store).data is None


def test_where_somebody_else_is_first_that_one_counts(site, first, monkeypatch):
    original = publishing.publish

    def meanwhile(store, props):
        original(store, props)
        stored.write_desired(store, stored.desired(store), "up", candidate=None, live="r0")

    monkeypatch.setattr(publishing, "publish", meanwhile)
    first("r1")
    assert stored.desired(site.store).live == "r0"


def test_hosts_serve_it_and_the_rollout_proves_it_without_a_second_start(site, first):
    first("r1")
    site.add("web-1")
    site.add("web-2")
    site.settle("r1")
    verdict = site.roll("r1")
    assert (verdict.ok, verdict.live) == (True, "r1"), verdict.message
    assert [server.served for server in site.servers.values()] == [["r1"], ["r1"]]
    assert json.loads(site.store.get("proven.json"))["release"] == "r1"
    site.servers["web-2"].faults = {("prepare", "r2"): "fail"}
    assert "release r1 still serves" in site.roll("r2").message


@pytest.mark.parametrize("broken", ["hosts", "public"])
def test_one_that_is_refused_counts_for_nothing(site, first, broken):
    first("r1")
    site.add("web-1", faults=BROKEN if broken == "hosts" else {})
    if broken == "public":
        site.public = lambda: "another"
    verdict = site.roll("r1")
    assert (verdict.ok, verdict.live) == (False, None)
    assert verdict.message.startswith("release r1 was refused; nothing serves yet\n")
    now = stored.desired(site.store)
    assert (now.live, now.state.candidate) == (None, None)
    site.public = site.shown
    verdict = site.roll("r2")
    assert verdict.ok, verdict.message
    site.settle("r2")


def test_the_elected_one_is_told_with_everything_that_is_wanted(site):
    site.expected = ("web-1", "web-2")
    site.add("web-1")
    site.add("web-2", faults={("commit", "r2"): "fail"})
    assert site.roll("r1").ok
    assert stored.desired(site.store).state.elected == "web-1"
    assert not site.roll("r2").ok
    assert stored.desired(site.store).state.elected == "web-1"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(pulled, "PATIENCE", 2.0)
    monkeypatch.setattr(pulled, "_PAUSE", 0.05)


def serving(site, *hosts):
    heard = []
    with progress.listen(lambda event: heard.append(event.text)):
        assert ServingProvider().create({"store": site.address, "hosts": list(hosts)}).outs == {"store": site.address, "hosts": list(hosts)}
    return heard


def test_hosts_are_waited_for_until_they_serve_what_is_live(site, first, impatient):
    assert serving(site, "ROLE:web-1") == []
    first("r1")
    site.add("ROLE:web-1", late=0.5)
    assert serving(site, "ROLE:web-1") == ["waiting for web-1 to serve, up to 0 minutes"]
    assert site.servers["ROLE:web-1"].live == "r1"
    assert serving(site, "ROLE:web-1") == []


def test_one_that_does_not_come_is_told_in_a_line(site, first, impatient):
    first("r1")
    with pytest.raises(
        SlipwayError, match=r"^web-1: wanted it to serve release r1, found no sign yet for 0 minutes; see `\./slipway status`"
    ):
        serving(site, "ROLE:web-1")
    site.add("ROLE:web-1", faults=BROKEN)
    with pytest.raises(SlipwayError, match=r"^web-1: wanted it to serve release r1, found none for") as refused:
        serving(site, "ROLE:web-1")
    assert "\n" not in str(refused.value)


def test_other_hosts_replace_what_waited():
    differs = ServingProvider().diff
    assert differs("", {"hosts": ["a"], "store": "s"}, {"hosts": ["b"], "store": "s"}).replaces == ["hosts"]
    assert not differs("", {"hosts": ["a"], "store": "s"}, {"hosts": ["a"], "store": "s"}).changes
