"""A server's folder, asked over a real connection, which breaks at any moment."""

import dataclasses
import fcntl
import json
import random
import threading
import time
from types import SimpleNamespace

import pytest

from cloud_init.host.stores import Conflict
from components.errors import LockedError, SlipwayError
from components.ssh import agent, agent_process
from components.ssh.agent import SshStore
from components.ssh.connection import Connection, Lost


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def store(sshd, folder):
    return SshStore(sshd.login, folder.as_uri())


def test_all_that_a_store_does(store, folder):
    data = bytes(range(256)) * 10_000
    assert store.get("releases/a") is None
    store.put("releases/a", data)
    assert store.get("releases/a") == data
    assert (folder / "releases/a").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    store.create("new", b"1")
    with pytest.raises(Conflict):
        store.create("new", b"2")
    store.replace("new", b"1", b"3")
    with pytest.raises(Conflict):
        store.replace("new", b"1", b"4")
    assert store.get("new") == b"3"
    assert {"new", "releases/a"} <= set(store.names(""))
    assert abs(store.modified("new") - time.time()) < 60
    assert store.modified("nothing") is None
    store.delete("new", "nothing")
    assert store.get("new") is None


def test_times_are_of_the_clock_here(store, sshd):
    """What clock the server has doesn't matter, and what didn't change has the same time for ever."""
    store.put("a", b"")
    store._clock += 3600  # the server's is an hour behind
    before = store.modified("a")
    assert abs(before - time.time() - 3600) < 60
    sshd.cut()
    assert store.modified("a") == store.names("")["a"] == before


def test_a_question_is_asked_again_where_the_connection_broke(store, sshd):
    store.put("a", b"1")
    sshd.cut()
    assert store.get("a") == b"1"
    sshd.cut()
    store.replace("a", b"1", b"2")
    assert store.get("a") == b"2"


def test_an_answer_that_was_lost_is_no_conflict(store):
    """Asked twice, the second time it already is as it should be: nobody else did that."""
    store.create("a", b"1")
    store.create("a", b"1")
    store.replace("a", b"1", b"2")
    store.replace("a", b"1", b"2")
    assert store.get("a") == b"2"


def test_the_connection_cut_again_and_again_while_writing(store, sshd):
    """At any moment of a question, after one that went well: whatever is told, what is there is what was asked last and done."""
    written, chance = threading.Event(), random.Random(1)

    def cutting():
        for _ in range(8):
            written.wait(60)
            written.clear()
            time.sleep(chance.uniform(0, 0.05))
            sshd.cut()

    cutter = threading.Thread(target=cutting)
    cutter.start()
    done, last = 0, None
    while cutter.is_alive():
        new = str(done).encode()
        try:
            store.replace("a", last, new)
        except Lost:
            if store_now(store) != new:
                continue  # told, and not done
        done, last = done + 1, new
        written.set()
    cutter.join()
    assert store_now(store) == last
    assert done >= 8


def store_now(store):
    """What is there, whatever it takes to learn it."""
    while True:
        try:
            return store.get("a")
        except Lost:
            store._away = None


def test_a_lock_keeps_others_out_and_says_who(sshd, folder, store):
    other = SshStore(sshd.login, folder.as_uri())
    store.lock("up abc")
    with pytest.raises(LockedError, match=r"held by .*@.* \(up abc, since"):
        other.lock("up def")
    store.unlock()
    until = time.monotonic() + 25  # after 30 s of silence it would end by itself
    while True:
        try:
            other.lock("up def")
            break
        except LockedError:
            assert time.monotonic() < until
    other.unlock()


def test_a_lock_goes_with_its_connection(sshd, folder, store):
    """Whoever was cut off has lost it, even where nobody took it but in between."""
    store.lock("up abc")
    other = SshStore(sshd.login, folder.as_uri())
    other._connection = Connection(sshd.login)
    sshd.cut()
    until = time.monotonic() + 25  # after 30 s of silence it would end by itself
    while True:
        try:
            other.lock("up def")
            break
        except LockedError:
            assert time.monotonic() < until
    with pytest.raises(Conflict, match="went with the connection"):
        store.put("a", b"1")
    other.unlock()


def test_a_lock_is_taken_again_from_ones_own_agent_that_was_not_told(sshd, folder, store):
    """The cable was out: the server has not noticed, and the agent there holds the lock for half a minute more."""
    store.lock("up abc")
    other, cut_off = SshStore(sshd.login, folder.as_uri()), store._agent
    store._agent, store._connection = None, Connection(sshd.login)
    store.put("a", b"1")
    with pytest.raises(LockedError, match="up abc"):
        other.lock("up def")
    cut_off.end()
    store.unlock()


def test_a_lock_that_nobody_took_meanwhile_is_taken_again(sshd, folder, store):
    store.lock("up abc")
    sshd.cut()
    store.put("a", b"1")
    with open(folder / "rollout.lock", "a+") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    store.unlock()


def test_a_server_that_is_gone_is_told_and_not_asked_all_the_time(sshd, store, monkeypatch):
    store.put("a", b"1")
    sshd.stop()
    with pytest.raises(Lost, match=r"none that answers|connection was lost"):
        store.get("a")
    asked = []
    monkeypatch.setattr(store, "_again", asked.append)
    with pytest.raises(Lost):
        store.get("a")
    assert asked == []


def test_a_server_that_stays_away_is_asked_ever_more_rarely_and_at_once_when_it_is_back(sshd, store, monkeypatch):
    store.put("a", b"1")
    sshd.stop()
    store._connection.close()
    clock, asked = [0.0], []

    def no_answer(_ask):
        asked.append(clock[0])
        raise Lost("no answer")

    monkeypatch.setattr(agent, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(store, "_again", no_answer)
    while clock[0] < 100:
        with pytest.raises(Lost):
            store.get("a")
        clock[0] += 1
    assert asked == [0, 5, 15, 35, 75]
    monkeypatch.undo()
    monkeypatch.setattr(store, "_away", dataclasses.replace(store._away, until=time.monotonic() + 100))
    sshd.start()
    store._connection.open()
    assert store.get("a") == b"1"


def test_what_the_server_refuses_is_told(sshd, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SlipwayError, match="file"):
        SshStore(sshd.login, (tmp_path / "file").as_uri()).put("a", b"1")


def test_the_agent_ends_in_silence(sshd, folder, monkeypatch):
    """A deployer that is cut off without a word keeps nobody waiting for hours."""
    from cloud_init.host.stores import agent as store_agent

    assert store_agent._SILENCE > 3 * agent_process._PING
    import subprocess
    import sys

    program = "import sys; from cloud_init.host.stores import agent; agent._SILENCE = 1; agent.run(sys.argv[1])"
    process = subprocess.Popen([sys.executable, "-c", program, folder.as_uri()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert json.loads(process.stdout.readline())["ready"]
    assert process.wait(20) == 0
    process.stdin.close()
    process.stdout.close()
