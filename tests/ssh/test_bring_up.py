"""A server that was set up before: what is told where it doesn't answer, and who is not done without."""

import json
import subprocess

import pytest

from cloud_init import host_tool
from cloud_init.host.base import lock
from components.errors import Lost
from components.hosts import progress
from components.ssh import bring_up, connection


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


def free(path):
    with lock.opened(path) as file:
        return lock.taken(file)


def test_a_server_without_a_host_tool_gets_one_that_holds_the_lock(facts, tmp_path):
    place, wanted = tmp_path / "slipway/store", host_tool.tool_id()
    here = {**facts[0], "store": f"file://{place}"}
    with bring_up._with_tool(connection.of(here), here):
        assert not free(place / "rollout.lock")
        assert (place / f"releases/tool/{wanted}.pyz").read_bytes() == host_tool.tool()
        assert json.loads((place / "tool.json").read_text()) == {"sha256": wanted}
    assert free(place / "rollout.lock")
    assert [path.stat().st_mode & 0o777 for path in (place, place / "releases", place / "releases/tool")] == [0o700] * 3


def test_a_tool_that_came_in_part_is_none(tmp_path):
    place = tmp_path / "store/releases/tool"
    bring = ["sh", "-c", bring_up._BRING, "bring-tool", place / "one.pyz", host_tool.tool_id()]
    done = subprocess.run(bring, input=host_tool.tool()[:-1], capture_output=True, check=False)
    assert done.returncode != 0
    assert not [*place.iterdir()]
