"""What serving doesn't wait for: when it is due, and when its absence is a problem."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import documents
import pytest

from cloud_init.host.base.files import write_json
from cloud_init.host.base.outcome import Refused, Steps
from cloud_init.host.base.places import Places
from cloud_init.host.follow import watch as watching
from cloud_init.host.server import provision, roles, system_files

_PART = {"packages": {"web": ["logrotate"]}, "system": {"web": []}}
_MANIFEST = {**documents.MANIFEST, "id": "r1", "host": {"manager": "systemd", "packages": {}, "system": {}, "later": _PART}}


class Brought:
    """A run of `later` that is over at once; `failures`: how, in turn."""

    failures: ClassVar[list[str]]
    begun: ClassVar[int]

    def __init__(self, places: Places, arguments: list[str]) -> None:
        type(self).begun += arguments == ["later"]
        message = self.failures.pop(0)
        self.verdict = SimpleNamespace(ok=not message, step="packages", message=message)

    def listen(self) -> bool:
        return False

    def ended(self) -> bool:
        return True


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str | None, float], str]:
    """Has `watch` look twice at what comes later for a live release, at that second; what it tells of it then."""
    clock = {"at": 100.0}
    monkeypatch.setattr("cloud_init.host.follow.decide.time.monotonic", lambda: clock["at"])
    monkeypatch.setattr("cloud_init.host.follow.health.now", lambda: clock["at"])
    monkeypatch.setattr("cloud_init.host.follow.watch.now", lambda: clock["at"])
    monkeypatch.setattr("cloud_init.host.server.setup.present", lambda where: "tool")
    monkeypatch.setattr(watching, "Child", Brought)
    Brought.begun, Brought.failures = 0, [""]
    watch: Any = watching.Watch(documents.places(tmp_path, {"app": "shop", "role": "web", "store": f"file://{tmp_path}/store"}))
    watch.child, Brought.failures = None, []

    def turn(live: str | None, at: float) -> str:
        clock["at"], watch.role = at, SimpleNamespace(live=lambda where: live)
        watch._bring_later()
        watch._bring_later()
        return str(watch.health.later.problem())

    return turn


def test_it_is_due_once_for_each_release_that_goes_live(turns: Callable[[str | None, float], str]) -> None:
    Brought.failures = ["", "no way", ""]
    for release, at, begun in ((None, 100, 0), ("r1", 101, 1), ("r1", 10_000, 1), ("r2", 10_001, 2)):
        turns(release, at)
        assert Brought.begun == begun
    assert turns("r3", 10_002) == ""
    assert Brought.begun == 3


def test_a_failure_is_told_and_tried_again_ever_more_rarely(turns: Callable[[str | None, float], str]) -> None:
    Brought.failures, at = [*["no network"] * 9, ""], 100.0
    for tries in range(1, 10):
        told = turns("r1", at)
        assert (told, Brought.begun) == ("not all of what release r1 asks for is here yet, tried again: packages: no network", tries)
        longest = min(600, 5 * 2**tries)
        turns("r1", at + longest * 0.79)
        assert Brought.begun == tries
        at += longest * 1.21
    assert turns("r1", at) == ""
    assert turns("r1", at + 1000) == ""


def test_one_that_takes_its_time_becomes_a_problem(turns: Callable[[str | None, float], str], monkeypatch: pytest.MonkeyPatch) -> None:
    Brought.failures = [""]
    monkeypatch.setattr(Brought, "ended", lambda self: False)
    assert turns("r1", 100) == ""
    assert turns("r1", 130) == ""
    assert turns("r1", 170) == "not all of what release r1 asks for is here yet, tried again: under way"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    made = documents.places(tmp_path, {"app": "shop", "role": "web"})
    write_json(made.release("r1") / "manifest.json", _MANIFEST)
    monkeypatch.setattr("cloud_init.host.server.provision.os.nice", lambda by: None)
    return made


def test_packages_come_before_the_files_that_go_with_them(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(roles, "of", lambda where: SimpleNamespace(live=lambda where: "r1"))
    monkeypatch.setattr(provision, "install", told.append)
    monkeypatch.setattr(system_files, "run_later", lambda where, part: told.append(part.system))
    provision.later(places, Steps())
    assert told == [("logrotate",), {"web": ()}]
    told.clear()
    shutil.rmtree(places.lib)
    monkeypatch.setattr(roles, "of", lambda where: SimpleNamespace(live=lambda where: None))
    provision.later(places, Steps())
    assert told == [()]
    assert not places.lib.exists()


def test_files_wait_for_their_packages(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(names: list[str]) -> None:
        raise Refused("no network")

    monkeypatch.setattr(roles, "of", lambda where: SimpleNamespace(live=lambda where: "r1"))
    monkeypatch.setattr(provision, "install", refuse)
    monkeypatch.setattr(system_files, "run_later", lambda where, manifest: pytest.fail("too early"))
    with pytest.raises(Refused, match="no network"):
        provision.later(places, Steps())
