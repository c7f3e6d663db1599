"""A real host that follows its store finds a release live before anybody rolled it out; then the rollout of that very release."""

import threading
from dataclasses import replace
from pathlib import Path

import documents
import pytest
from test_databases import get

from cloud_init.host.follow.watch import Watch
from components.release import store as stored
from components.rollout.phases import pulled


@pytest.fixture
def following(make_bench):
    """A host that watches the store once `watch` starts; told as a web host that nobody drives."""
    bench, over = make_bench(), threading.Event()
    assert bench.boot()["ok"]
    bench.day = replace(bench.day, hosts=[], follow=True, expected=("local",))

    def run():
        watch = Watch(documents.places(Path(bench.facts["root"]), {**bench.facts, "role": "web", "transport": ""}))
        while not over.wait(0.1):
            watch.turn()
        while watch.child and not watch.child.ended():
            over.wait(0.1)

    bench.watch = threading.Thread(target=run)
    yield bench
    over.set()
    bench.watch.join(60)


def pid(bench):
    status = bench.host.run(["status"])
    return {one["name"]: one["pid"] for one in status["processes"]}


def test_it_is_proven_without_a_second_start_and_the_elected_host_takes_what_is_its_own(following, monkeypatch):
    release = following.publish(
        1, manifest={"processes": {"worker": "sleep 1000", "cron": "sleep 2000"}, "release_command": "touch $HOME/ran"}
    )
    stored.write_desired(following.store, stored.desired(following.store), "up", candidate=None, live=release, elected=None)
    following.watch.start()
    monkeypatch.setattr(pulled, "PATIENCE", 60.0)
    pulled.wait_to_serve(following.store, ["local"])
    assert get(following) == "1"
    shared = following.folder / ".slipway/t/srv/slipway/demo/shared"
    before = pid(following)
    assert not [name for name in before if name.endswith("cron")]
    assert not (shared / "ran").exists()
    verdict = following.roll(release)
    assert verdict.ok, verdict.message
    after = pid(following)
    assert {name: after[name] for name in before} == before
    assert [name for name in after if name.endswith("cron")]
    assert (shared / "ran").exists()
    assert following.roll(release).ok
    assert pid(following) == after


@pytest.mark.family("a host that follows its store")
def test_one_that_does_not_start_is_refused_and_the_next_one_serves(following):
    broken = following.publish(1, sources={"wsgi.py": "raise SystemExit('no such thing')"})
    stored.write_desired(following.store, stored.desired(following.store), "up", candidate=None, live=broken, elected=None)
    following.watch.start()
    verdict = following.roll(broken)
    assert (verdict.ok, verdict.live) == (False, None)
    assert "nothing serves yet" in verdict.message
    assert "no such thing" in verdict.message
    good = following.roll(following.publish(2))
    assert good.ok, good.message
    assert get(following) == "2"
