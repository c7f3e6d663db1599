"""What serving doesn't wait for: when it is due, and when its absence is a problem."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import documents
import pytest

from cloud_init.host.base.files import write_json
from cloud_init.host.base.outcome import Refused, Steps
from cloud_init.host.base.places import Places
from cloud_init.host.follow.decide import pause
from cloud_init.host.rollout import later
from cloud_init.host.rollout.later import Later
from cloud_init.host.server import packages, roles, system_files

_PART = {"packages": {"web": ["logrotate"]}, "system": {"web": []}}
_MANIFEST = {**documents.MANIFEST, "id": "r1", "host": {"manager": "systemd", "packages": {}, "system": {}, "later": _PART}}


def test_it_is_due_once_for_each_release_that_goes_live() -> None:
    due = Later("web")
    assert not due.is_due(None, 100)
    assert due.is_due("r1", 101)
    due.ended("", 110)
    assert not due.is_due("r1", 10_000)
    assert due.is_due("r2", 10_001)
    due.ended("no way", 10_002)
    assert due.is_due("r3", 10_003)
    assert due.problem(10_003) == ""


def test_a_failure_is_told_and_tried_again_ever_more_rarely() -> None:
    due, now = Later("web"), 100.0
    due.is_due("r1", now)
    for tries in range(1, 5):
        due.ended("packages: no network", now)
        assert due.problem(now) == "not all of what release r1 asks for is here yet, tried again: packages: no network"
        assert not due.is_due("r1", now + pause(tries, "web") - 0.1)
        now += pause(tries, "web")
        assert due.is_due("r1", now)
    due.ended("", now)
    assert due.problem(now + 1000) == ""


def test_one_that_takes_its_time_becomes_a_problem() -> None:
    due = Later("web")
    due.is_due("r1", 100)
    assert due.problem(130) == ""
    assert due.problem(170) == "not all of what release r1 asks for is here yet, tried again: under way"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    made = documents.places(tmp_path, {"app": "shop", "role": "web"})
    write_json(made.release("r1") / "manifest.json", _MANIFEST)
    monkeypatch.setattr("cloud_init.host.rollout.later.os.nice", lambda by: None)
    return made


def test_packages_come_before_the_files_that_go_with_them(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(roles, "of", lambda where: SimpleNamespace(live=lambda where: "r1"))
    monkeypatch.setattr(packages, "ensure", told.append)
    monkeypatch.setattr(system_files, "run_later", lambda where, part: told.append(part.system))
    later.run(places, Steps())
    assert told == [("logrotate",), {"web": ()}]
    told.clear()
    shutil.rmtree(places.lib)
    monkeypatch.setattr(roles, "of", lambda where: SimpleNamespace(live=lambda where: None))
    later.run(places, Steps())
    assert told == [()]
    assert not places.lib.exists()


def test_files_wait_for_their_packages(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(names: list[str]) -> None:
        raise Refused("no network")

    monkeypatch.setattr(roles, "of", lambda where: SimpleNamespace(live=lambda where: "r1"))
    monkeypatch.setattr(packages, "ensure", refuse)
    monkeypatch.setattr(system_files, "run_later", lambda where, manifest: pytest.fail("too early"))
    with pytest.raises(Refused, match="no network"):
        later.run(places, Steps())
