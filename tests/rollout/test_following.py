"""The coordinator and servers that follow the store: late, dead, new, broken ones; two deployers; a store that is away."""

import json
import threading
import time
from typing import Any

import documents
import pytest
from simulated import publish

from cloud_init.host.contracts.rollout import DesiredState
from cloud_init.host.stores import Conflict
from components.errors import SlipwayError
from components.hosts import progress
from components.release import publishing
from components.release import store as stored
from components.release.store import to_json
from components.rollout import coordinator
from components.rollout.phases import pulled
from components.source.archive import collect


def test_a_release_reaches_every_server_and_its_steps_are_told(site):
    for name, role in (("web-1", "web"), ("web-2", "web"), ("db", "database")):
        site.add(name, role=role)
    verdict = site.roll("r1")
    assert verdict.ok, verdict.message
    site.settle("r1")
    assert coordinator.desired(site.store).state.live == "r1"
    assert {(one.host, one.step) for one in site.notes if one.state == "start"} >= {("web-1", "prepare"), ("db", "commit")}
    elected = [stored.desired(site.store)]
    assert elected[0].state.candidate is None


def test_the_first_fresh_web_server_is_elected(site):
    site.add("a-db", role="database")
    site.add("web-1", faults={("prepare", "r1"): "fail"})
    site.roll("r1")
    seen = []
    original = site.store.objects.replace
    site.store.objects.replace = lambda name, old, new: (seen.append(new), original(name, old, new))
    site.servers["web-1"].faults = {}
    assert site.roll("r2").ok
    assert b'"elected": "web-1"' in seen[0]


@pytest.mark.parametrize("action", ["prepare", "commit"])
def test_one_broken_server_undoes_it_for_all(site, action):
    site.add("web-1")
    site.add("web-2", faults={(action, "r2"): "fail"})
    assert site.roll("r1").ok
    verdict = site.roll("r2")
    assert not verdict.ok
    assert verdict.live == "r1"
    assert "web-2, gate: made to fail" in verdict.message
    assert "release r1 still serves" in verdict.message
    site.settle("r1")
    assert coordinator.desired(site.store).state.candidate is None


@pytest.mark.parametrize("action", ["prepare", "commit"])
def test_a_server_that_dies_in_a_phase_undoes_it_for_the_others(site, action):
    site.add("web-1")
    site.add("web-2", faults={(action, "r2"): "die"})
    assert site.roll("r1").ok
    verdict = site.roll("r2")
    assert not verdict.ok
    assert f"web-2, {action}: no sign since" in verdict.message
    site.settle("r1", "web-1")
    verdict = site.roll("r3")
    assert verdict.ok, verdict.message
    site.settle("r3", "web-1")
    assert any(text.startswith("web-2: no sign since") and text.endswith("it is left out") for text in site.said())


def test_a_server_that_lives_but_never_ends_is_given_up_at_the_deadline(site, monkeypatch):
    monkeypatch.setitem(pulled.DEADLINES, "prepare", 3.0)
    site.add("web-1", faults={("prepare", "r1"): "hang"})
    verdict = site.roll("r1")
    assert "web-1, prepare: not done after" in verdict.message


def test_a_slow_server_with_a_heartbeat_is_waited_for(site):
    site.add("web-1", faults={("prepare", "r1"): 3.0})
    assert site.roll("r1").ok


def test_a_server_that_comes_late_and_a_new_one_take_what_is_live(site):
    site.add("web-1", faults={("prepare", "r1"): 1.0})
    site.add("web-2", late=0.5)
    assert site.roll("r1").ok
    site.add("web-3")
    site.settle("r1")


def test_nobody_there_is_waited_for_and_then_named(site):
    site.expected = ("web-1", "web-2")
    with pytest.raises(SlipwayError, match=r"no web server has given a sign.*web-1: no sign yet, web-2: no sign yet"):
        site.roll("r1")
    assert any("waiting for the first web server" in text for text in site.said())
    assert site.store.get("desired.json") is None


def test_the_first_server_is_waited_for(site):
    site.add("web-1", late=2.0)
    assert site.roll("r1").ok


def test_servers_that_boot_together_all_take_part_in_the_first_release(site):
    site.expected = ("web-1", "web-2", "db")
    site.add("web-1", late=1.0)
    site.add("web-2", late=2.5)
    site.add("db", role="database", late=3.0)
    assert site.roll("r1").ok
    assert {one.host for one in site.notes if one.step == "commit"} == {"web-1", "web-2", "db"}
    assert "coordinator: waiting for db, web-2" in site.said()
    assert not [text for text in site.said() if "left out" in text]


def test_servers_without_names_are_counted(site):
    site.fewest = 3
    site.add("i-1", late=1.0)
    site.add("i-2", late=2.0)
    site.add("db", role="database")
    site.add("i-3", late=3.0)
    assert site.roll("r1").ok
    assert {one.host for one in site.notes if one.step == "commit"} == {"i-1", "i-2", "i-3", "db"}
    assert "coordinator: waiting for 3 web servers" in site.said()


def test_servers_that_never_come_are_not_waited_for_without_end(site):
    site.fewest = 2
    site.add("i-1")
    assert site.roll("r1").ok


def test_a_server_that_is_expected_and_silent_is_named_and_left_out(site):
    site.expected = ("web-1", "web-2")
    site.add("web-1")
    assert site.roll("r1").ok
    assert "web-2: no sign yet; it is left out" in site.said()


@pytest.mark.parametrize("skew", [-3600.0, 3600.0])
def test_a_server_with_a_wrong_clock_takes_part(site, skew):
    site.add("web-1", skew=skew)
    assert site.roll("r1").ok


def test_a_server_that_is_left_out_is_not_asked_for_the_release(site):
    site.expected, site.addresses = ("web-1", "web-2"), ("127.0.0.1", "127.0.0.2")  # nothing listens at the second
    site.add("web-1")
    assert site.roll("r1").ok
    assert "web-2: no sign yet; it is left out" in site.said()
    site.add("web-2")
    assert "127.0.0.2" in site.roll("r2").message


def test_what_a_dead_server_left_in_the_store_is_no_sign_of_life(site):
    dead = site.add("web-0")
    site.add("web-1")
    assert site.roll("r1").ok
    dead.stop()
    time.sleep(1.5)
    assert site.roll("r2").ok
    assert any(text.startswith("web-0: no sign since") for text in site.said())


def test_a_server_that_boots_takes_the_tool_of_a_release_that_went_live(site):
    site.add("web-1", faults={("prepare", "r2"): "fail"})
    tools = []
    for release in ("r1", "r2", "r3"):
        site.roll(release)
        tools.append(json.loads(site.store.get("tool.json"))["sha256"])
    assert tools == ["tool of r1", "tool of r1", "tool of r3"]


def test_a_release_that_may_be_refused_gives_its_tool_to_nobody_who_could_have_another(site, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/wsgi.py").write_text("app = None\n")
    code = collect(tmp_path / "app")
    manifest = {**documents.MANIFEST, "code": {"id": code.id, "sha256": code.sha256}}

    def published(tool):
        props = {"manifest": json.dumps({**manifest, "tool": tool}), "source": str(tmp_path / "app"), "secret_environment": {}}
        publishing.publish(site.store, {**props, "release": "r0"})
        return json.loads(site.store.get("tool.json"))["sha256"]

    assert [published("a"), published("b")] == ["a", "b"]  # nothing is live: the first one may not even start
    site.add("web-1")
    assert site.roll("r1").ok
    assert published("c") == "tool of r1"


def test_every_step_is_told_once_however_rarely_a_server_is_asked(site):
    following = pulled.Following(site.store)
    told = [{"event": "step", "step": name, "state": state} for name in ("fetch", "unpack") for state in ("start", "done")]
    site.store.put("outcomes/web-1/heartbeat.json", to_json({"acting": 1, "events": told}))
    steps = [{"step": name, "seconds": 1.0} for name in ("fetch", "unpack", "start", "gate")]
    site.store.put("outcomes/web-1/1.json", to_json({"ok": False, "step": "gate", "message": "no", "steps": steps}))
    following.signs.look()
    with progress.listen(site.notes.append):
        outcome = following._outcome("web-1", "prepare", DesiredState(1), 0.0)
    assert outcome.message == "no"
    ends = [(one.step, one.state) for one in site.notes if one.state != "start"]
    assert ends == [("fetch", "done"), ("unpack", "done"), ("start", "done"), ("gate", "failed")]


def test_what_a_server_told_of_the_same_number_before_is_not_believed(site):
    site.add("web-1")
    assert site.roll("r1").ok
    site.servers.pop("web-1").stop()
    site.store.delete("desired.json")
    server = site.add("web-1", faults={("prepare", "r2"): "fail"})
    server.live = "r1"
    verdict = site.roll("r2")
    assert "web-1, gate: made to fail" in verdict.message


def test_a_candidate_that_was_stopped_meanwhile_is_not_taken_for_a_prepared_one(site):
    """That went well too, and is told under the same generation."""
    following = pulled.Following(site.store)
    now = stored.write_desired(site.store, stored.desired(site.store), "up", None, "r1").state
    told = {"ok": True, "phase": "aborted", "generation": 1, "token": now.token}
    site.store.put("outcomes/web-1/1.json", to_json(told))
    following.signs.look()
    outcome = following._outcome("web-1", "prepare", now, 0.0, "r1")
    assert (outcome.ok, outcome.message) == (False, "wanted r1 prepared, found it aborted")
    assert following._outcome("web-1", "commit", now, 0.0, "r1").ok  # it served what is wanted already


def test_a_damaged_outcome_is_a_failure_at_once(site):
    following = pulled.Following(site.store)
    now = stored.write_desired(site.store, stored.desired(site.store), "up", None, "r1").state
    site.store.put("outcomes/web-1/1.json", b"{")
    following.signs.look()
    outcome = following._outcome("web-1", "prepare", now, 0.0, "r1")
    assert outcome.message == "outcomes/web-1/1.json is damaged"


def test_a_wrong_public_address_undoes_it(site):
    site.add("web-1")
    site.add("web-2")
    assert site.roll("r1").ok
    site.public = lambda: "r1"
    verdict = site.roll("r2")
    assert not verdict.ok
    assert "public" in verdict.message
    site.settle("r1")


def test_two_deployers_without_a_lock_win_each_generation_once(site, monkeypatch):
    """Their locks were lost, both write: what is wanted has one writer for each generation all the same."""
    site.add("web-1")
    site.add("web-2")
    wins, write = [], stored.write_desired

    def noted(store, before, by, *wanted):
        made = write(store, before, by, *wanted)
        wins.append((made.state.generation, by))
        return made

    monkeypatch.setattr(stored, "write_desired", noted)
    monkeypatch.setattr(type(site.store), "lock", lambda _self, _reason: threading.Lock())
    for release in ("a", "b"):
        publish(site.store, release)
    verdicts: list[Any] = []

    def deploy(release):
        for _ in range(4):
            try:
                verdicts.append(coordinator.roll(site.day, release, by=release))
            except (Conflict, SlipwayError) as error:  # the other one's clean-up took the manifest
                verdicts.append(error)
            publish(site.store, release)

    both = [threading.Thread(target=deploy, args=(release,)) for release in ("a", "b")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    generations = [generation for generation, _ in wins]
    assert len(generations) == len(set(generations)), wins
    assert sorted(generations) == list(range(1, len(wins) + 1))
    assert site.roll("c").ok
    site.settle("c")


def test_who_waits_for_a_generation_that_is_no_longer_wanted_hears_of_it(site, monkeypatch):
    monkeypatch.setitem(pulled.DEADLINES, "prepare", 5.0)
    site.add("web-1", faults={("prepare", "r1"): "hang"})
    following = pulled.Following(site.store)
    following.gather()
    first = stored.write_desired(site.store, stored.desired(site.store), "one", candidate="r1", live=None, elected="web-1")
    stored.write_desired(site.store, first, "another", candidate=None, live=None)
    with pytest.raises(Conflict, match="generation 2 by "):
        following.run("prepare", first.state, "r1")


def test_a_store_that_is_away_is_named_and_what_it_held_goes_on(site, monkeypatch):
    site.add("web-1", faults={("prepare", "r1"): 1.0})
    names, until = site.store.objects.names, time.monotonic() + 3

    def away(folder):
        if time.monotonic() < until:
            raise pulled_away()
        return names(folder)

    def pulled_away():
        from cloud_init.host.stores import Away

        return Away("store: the folder can't be read (made to fail); mend that, then run it again")

    site.store.objects.names = away
    with progress.listen(site.notes.append):
        assert site.roll("r1").ok
    assert any("can't be read (made to fail)" in text and "tried again" in text for text in site.said())


def test_five_releases_are_kept_in_the_store(site):
    site.add("web-1")
    for number in range(7):
        verdict = site.roll(f"r{number}")
        assert verdict.ok, verdict.message
    kept = {name.split("/")[1] for name in site.store.names("releases/")} - {"code", "tool"}
    assert kept == {"r2", "r3", "r4", "r5", "r6"}
    assert len(site.store.names("releases/code/")) == 5
    assert len(site.store.names("secrets/")) == 5
    assert coordinator.rollback(site.day).live == "r5"
