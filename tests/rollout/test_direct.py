"""The phases over hosts that are driven, with answers made up here: who is waited for, and who is asked again."""

import time

import pytest

from components.errors import LockedError, Lost
from components.release import store as stored
from components.release.store import connect
from components.rollout.phases import direct
from components.rollout.phases.direct import Driven


class Host:
    """`answers`: what each command answers in turn, the last one for ever; a number of seconds is silence before the next."""

    def __init__(self, name, **answers):
        self.host, self.role, self.address = name, "web", name
        self.answers, self.asked = answers, []

    def run(self, arguments, on_event=None):
        command = arguments[0]
        self.asked.append(command)
        answers = self.answers.get(command, [True])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, float):
            time.sleep(answer)
            return self.run(arguments, on_event)
        if isinstance(answer, Exception):
            raise answer
        return {"ok": answer, "step": command, "message": "" if answer else "refused"}


@pytest.fixture
def drive(tmp_path, monkeypatch):
    monkeypatch.setattr(direct, "_AWAY", 0.3)
    monkeypatch.setattr(direct, "_PAUSE", 0.05)
    store = connect(str(tmp_path / "store"))
    stored.write_desired(store, stored.desired(store), "up", "r0")
    return lambda *hosts: Driven(store, hosts, "r1")


def wanted(phases):
    """What the coordinator wrote."""
    return stored.desired(phases.store).state


def test_a_host_that_cannot_go_back_keeps_no_other_from_it(drive):
    """The second one's answer tells that it failed; the first one serves the old release again."""
    one, two = Host("one"), Host("two", prepare=[False])
    phases = drive(one, two)
    stuck = phases.run("back", wanted(phases), "r0")
    assert [(outcome.host, outcome.step) for outcome in stuck] == [("two", "prepare")]
    assert (one.asked, two.asked) == (["prepare", "commit"], ["prepare"])


def test_one_that_is_away_is_asked_in_each_phase_and_waited_for_once(drive):
    """A host may be there again when all go back, and must not serve another release than the others then."""
    two = Host("two", commit=[Lost("away")])
    phases = drive(Host("one"), two)
    assert [outcome.message for outcome in phases.run("commit", wanted(phases), "r1")] == ["away"]
    assert two.asked.count("commit") > 2
    two.asked.clear()
    two.answers.update(commit=[True])
    assert phases.run("back", wanted(phases), "r0") == []
    assert two.asked == ["prepare", "commit"]
    two.answers.update(abort=[Lost("away")])
    assert len(phases.run("abort", wanted(phases))) == 1
    assert two.asked == ["prepare", "commit", "abort"]


def test_silence_before_a_connection_broke_is_no_absence(drive):
    """An environment takes minutes to be made, and nothing is heard meanwhile."""
    one = Host("one", prepare=[0.6, Lost("cut"), True])
    phases = drive(one)
    assert phases.run("prepare", wanted(phases), "r1") == []


def test_the_lock_of_what_a_broken_connection_began_is_waited_for(drive):
    one = Host("one", prepare=[Lost("cut"), LockedError("held"), True])
    phases = drive(one)
    assert phases.run("prepare", wanted(phases), "r1") == []
    with pytest.raises(LockedError):
        drive(Host("one", prepare=[LockedError("held")])).run("prepare", wanted(phases), "r1")
