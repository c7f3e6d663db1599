"""A real host, driven by the coordinator: worker classes, static files of two releases, kills between the phases."""

import urllib.request

import pytest
from load import Load

from cloud_init.host_files import Server
from components.rollout import coordinator


def get(bench, path="/", **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{bench.port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode().strip(), answer.headers


@pytest.mark.quick("two releases under load: no request fails", case="gthread")
@pytest.mark.parametrize("worker_class", ["gthread", "sync", "gevent"])
def test_releases_under_load(make_bench, worker_class):
    bench = make_bench()
    server = Server(worker_class=worker_class)
    assert bench.boot()["ok"]
    assert bench.roll(bench.publish(0, server)).ok
    with Load(bench.port, bodies=("0", "1", "2"), post="/take", slow="/slow", clients=8, interval=0.02) as load:
        for number in (1, 2):
            verdict = bench.roll(bench.publish(number, server))
            assert verdict.ok, verdict.message
    assert get(bench)[0] == "2"
    assert load.failures == []
    assert load.sent > 100


def test_static_files_of_the_live_and_the_previous_release(make_bench):
    bench = make_bench()
    bench.boot()
    first = bench.publish(1)
    assert bench.roll(first).ok
    assert get(bench, "/static/number.txt")[0] == "1"
    only_old = bench.folder / f".slipway/t/srv/slipway/demo/releases/{first}/src/static/old.txt"
    only_old.write_text("old")
    assert bench.roll(bench.publish(2)).ok
    assert get(bench, "/static/number.txt")[0] == "2"
    assert get(bench, "/static/old.txt")[0] == "old"
    assert get(bench, "/-/live", Host="anything.example")[0] == "live"


def test_cors_and_a_changed_front_without_a_failed_request(make_bench):
    bench = make_bench()
    bench.boot()
    bench.roll(bench.publish(1))
    assert get(bench, Origin="https://a.example")[1]["Access-Control-Allow-Origin"] is None
    with Load(bench.port, bodies=("1",), clients=4, interval=0.02) as load:
        assert bench.roll(bench.publish(1, cors=("https://a.example",))).ok
    assert get(bench, Origin="https://a.example")[1]["Access-Control-Allow-Origin"] == "https://a.example"
    assert get(bench, Origin="https://b.example")[1]["Access-Control-Allow-Origin"] is None
    # A reload closes kept connections that are idle; new ones and those with a request in flight are served.
    assert [one for one in load.failures if "RemoteDisconnected" not in one] == []


def test_a_coordinator_killed_between_the_phases(make_bench):
    bench = make_bench()
    bench.boot()
    first = bench.publish(1)
    assert bench.roll(first).ok
    second = bench.publish(2)
    now = coordinator.desired(bench.store)
    rollout = coordinator._Rollout(bench.day, second, "up")
    wish = rollout._write(now, first, second)
    assert bench.host.run(["prepare", str(wish.state.generation), second])["ok"]
    assert get(bench)[0] == "1"
    assert bench.roll(bench.publish(3)).ok
    assert get(bench)[0] == "3"
    assert bench.publish(2) == second
    wish = rollout._write(coordinator.desired(bench.store), second)
    assert get(bench)[0] == "3"
    assert bench.roll(second).ok
    assert get(bench)[0] == "2"


def test_only_one_of_two_writers_wins(make_bench):
    bench = make_bench()
    bench.boot()
    first = bench.publish(1)
    now = coordinator.desired(bench.store)
    rollout = coordinator._Rollout(bench.day, first, "up")
    rollout._write(now, candidate=first, live=None)
    with pytest.raises(coordinator.Conflict):
        rollout._write(now, candidate=first, live=None)


def test_five_releases_are_kept_and_the_first_can_no_longer_be_reached(make_bench):
    bench = make_bench()
    bench.boot()
    releases = []
    for number in range(7):
        releases.append(bench.publish(number))
        assert bench.roll(releases[-1]).ok
    kept = {one["id"] for one in bench.host.run(["releases"])["releases"]}
    assert kept == set(releases[2:])
    with pytest.raises(coordinator.SlipwayError, match=f"wanted a kept release, found '{releases[0]}'"):
        coordinator.rollback(bench.day, releases[0])
    assert coordinator.rollback(bench.day).ok
    assert get(bench)[0] == "5"
