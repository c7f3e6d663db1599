"""A server that was set up before: what is told where it doesn't answer, and who is not done without."""

import pytest

from components.errors import Lost
from components.hosts import progress
from components.ssh import bring_up


@pytest.fixture
def facts(sshd, monkeypatch):
    monkeypatch.setattr(bring_up, "_REBOOT", 0.0)
    return [{"host": name, "login": {**vars(sshd.login), "host": None}} for name in ("first", "other")]


def test_one_that_answers_is_no_absence(facts):
    assert not bring_up.is_away(facts[1], facts)


def test_one_that_gives_no_answer_is_left_out_and_told(sshd, facts):
    sshd.stop()
    told = []
    with progress.listen(told.append):
        assert bring_up.is_away(facts[1], facts)
    assert [(one.host, one.text.split(":")[0]) for one in told] == [("other", "left out")]


def test_nothing_goes_without_the_first_one(sshd, facts):
    sshd.stop()
    with pytest.raises(Lost, match="wanted an SSH server"):
        bring_up.is_away(facts[0], facts)


def test_one_that_lets_nobody_in_is_not_away(sshd, facts):
    (sshd.folder / "authorized_keys").write_text("")
    with pytest.raises(Lost, match="to be let in"):
        bring_up.is_away(facts[1], facts)
