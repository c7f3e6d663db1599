"""One rollout at a time, in a folder and in a bucket: who waits hears for whom; who is gone holds nobody up; who slept hears of it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pulumi
import pytest
from buckets import KEYS

from cloud_init.host.stores import Conflict
from components.errors import LockedError
from components.hosts import progress
from components.release.store import connect
from components.rollout import lock

PROJECT = Path(__file__).parents[2]
HOLD = """
import sys, time
from components.rollout import lock as rollout_lock
rollout_lock.RENEWED = 0.3
from components.release.store import connect
with connect(sys.argv[1]).lock("up r1"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def quick(monkeypatch):
    for name, value in {"RENEWED": 0.3, "STALE": 3.0, "_PAUSE": 0.1}.items():
        monkeypatch.setattr(lock, name, value)


@pytest.fixture
def said(monkeypatch):
    texts = []
    monkeypatch.setattr(pulumi.log, "info", texts.append)
    with progress.listen(lambda step: texts.append(step.text)):
        yield texts


@pytest.fixture
def holder(bucket):
    """Another process that holds the lock."""
    environment = {**os.environ, **KEYS, "PYTHONPATH": str(PROJECT)}
    process = subprocess.Popen([sys.executable, "-c", HOLD, bucket], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_who_waits_hears_for_whom_and_nothing_is_left(bucket, quick, said):
    store, order = connect(bucket), []

    def first():
        with store.lock("up r1"):
            order.append("first")
            time.sleep(1)
            order.append("first ends")

    thread = threading.Thread(target=first)
    thread.start()
    while not order:
        time.sleep(0.02)
    with store.lock("rollback r0"):
        order.append("second")
    thread.join()
    assert order == ["first", "first ends", "second"]
    assert [text for text in said if "(up r1, since" in text and text.startswith("waiting for")]
    assert store.names("") == {}


def test_a_lock_that_is_renewed_is_kept(bucket, holder, quick, said, monkeypatch):
    monkeypatch.setattr(lock, "WAIT", 5.0)
    with (
        pytest.raises(LockedError, match=r"found it held by .* \(up r1, since .*\); wait, or end that process"),
        connect(bucket).lock("up r2"),
    ):
        pass


def test_the_lock_of_one_who_died_is_taken_over(bucket, holder, quick, said):
    os.kill(holder.pid, signal.SIGKILL)
    with connect(bucket).lock("up r2"):
        assert json.loads(connect(bucket).get("lock.json") or "")["reason"] == "up r2"
    assert any(text.startswith("taken over: the lock of") for text in said)
    assert connect(bucket).names("") == {}


def test_of_many_who_wait_one_takes_over(bucket, holder, quick, said):
    os.kill(holder.pid, signal.SIGKILL)
    inside, most = [], []

    def take():
        with connect(bucket).lock("up"):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.3)
            inside.pop()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1, 1, 1, 1]


def test_one_who_slept_hears_that_the_lock_is_another_ones(bucket, quick, said):
    store = connect(bucket)
    with store.lock("up r1"):
        store.put("lock.json", json.dumps({"holder": "a@b", "reason": "up r2", "since": 0, "pid": 1, "token": "x"}).encode())
        time.sleep(1.5)
    assert any("lock was taken over by a@b (up r2" in text for text in said)
    assert list(store.names("")) == ["lock.json"]


def test_one_who_slept_writes_and_removes_nothing_more(bucket, quick):
    store, other = connect(bucket), connect(bucket)
    other.put("a", b"1")
    taken = json.dumps({"holder": "a@b", "reason": "up r2", "since": 0, "pid": 1, "token": "x"}).encode()
    with store.lock("up r1"):
        store.put("a", b"2")
        other.put("lock.json", taken)
        refuses_all(store, "taken over by a@b")
        other.delete("lock.json")
        refuses_all(store, "taken over by another run")  # who had it is done by now
    assert other.get("a") == b"2"
    other.delete("a")
    assert other.names("") == {}


def test_a_lock_file_that_was_removed_is_held_no_more(tmp_path):
    """As somebody does who takes it for left over: the next one locks another file."""
    store = connect(str(tmp_path))
    with store.lock("up r1"):
        store.put("a", b"2")
        (tmp_path / "rollout.lock").unlink()
        refuses_all(store, "was removed")
        with connect(str(tmp_path)).lock("up r2"):
            refuses_all(store, "was removed")


def refuses_all(store, why):
    for write in (lambda: store.put("a", b"3"), lambda: store.replace("a", b"2", b"3"), lambda: store.delete("a")):
        with pytest.raises(Conflict, match=why):
            write()
    assert store.get("a") == b"2"
