"""A server's folder, reached over a real connection, which breaks at any moment."""

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pulumi
import pytest

from cloud_init.host.stores import Conflict
from cloud_init.host.stores.file import FileStore
from components.errors import LockedError, Lost, SlipwayError
from components.ssh import folder as folders
from components.ssh.connection import QUICK, Connection
from components.ssh.folder import Folder

PROJECT = Path(__file__).parents[2]
HOLD = """
import sys, json, time
from components.ssh.folder import Folder
from components.ssh.login import Login
given = json.loads(sys.argv[1])
with Folder(Login(**{**given, "host_keys": tuple(given["host_keys"])}), sys.argv[2]).locked("up r1"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def place(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def folder(sshd, place):
    return Folder(sshd.login, str(place))


@pytest.fixture
def other(sshd, place):
    """Another deployer's."""
    made = Folder(sshd.login, str(place))
    made.to = Connection(sshd.login)
    return made


def free(place):
    with open(place / "rollout.lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_all_that_a_store_does(folder, place):
    data = bytes(range(256)) * 10_000
    assert (folder.get("releases/a"), folder.names()) == (None, {})
    folder.put("releases/a", data)
    assert folder.get("releases/a") == data
    assert (place / "releases/a").stat().st_mode & 0o777 == 0o600
    folder.put("new", b"")
    assert folder.get("new") == b""
    folder.put("new", b"2")
    assert folder.get("new") == b"2"
    assert list(folder.names()) == ["new", "releases/a"]
    assert list(folder.names("releases/")) == ["releases/a"]
    assert abs(folder.names("new")["new"] - time.time()) < 60
    (place / "folder").mkdir()
    (place / "folder/in-the-way").touch()
    with pytest.raises(SlipwayError, match="store: `sh` failed"):
        folder.put("folder", b"")
    assert not list(place.glob(".folder*"))
    folder.delete("releases/a", "nothing")
    assert not (place / "releases").exists()


def test_it_is_the_same_store_as_the_servers_own(folder, place):
    """What the host tool writes there is read here, and the other way round; its parts and locks are no objects."""
    here = FileStore(place)
    here.put("outcomes/one/7.json", b"{}")
    here.replace("desired.json", None, b"1")
    (place / ".a.part").write_bytes(b"half")
    with folder.locked("up"):
        folder.put("tool.json", b"t")
        assert list(folder.names()) == list(here.names("")) == ["desired.json", "outcomes/one/7.json", "tool.json"]
    assert place.stat().st_mode & 0o777 == 0o700


def test_what_the_server_refuses_is_told_in_a_line(sshd, place):
    place.write_text("")
    folder = Folder(sshd.login, str(place))
    for work in (lambda: folder.get("a"), lambda: folder.put("a", b""), lambda: folder.locked("up").__enter__()):
        with pytest.raises(SlipwayError, match=r"one \(.*\): store: `\w+` failed \(.*\); mend that, then run it again"):
            work()


def test_a_lock_keeps_others_out_and_says_who(folder, other, place, monkeypatch):
    said = []
    monkeypatch.setattr(pulumi.log, "info", said.append)
    monkeypatch.setattr(folders, "_WAIT", 0.0)
    with folder.locked("up abc"):
        assert not free(place)
        with pytest.raises(LockedError, match=r"held by .*@.* \(up abc, since"), other.locked("up def"):
            pass
    assert "up abc" in said[0]
    assert free(place)
    with other.locked("up def"):
        pass


def test_who_waits_gets_it_when_it_is_let_go(folder, other):
    order, entered = [], threading.Event()

    def first():
        with folder.locked("up abc"):
            entered.set()
            time.sleep(1)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait(30)
    with other.locked("up def"):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_a_deployer_that_is_killed_holds_nobody_up(sshd, place, other):
    given = json.dumps(vars(sshd.login))
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen([sys.executable, "-c", HOLD, given, str(place)], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        assert not free(place)
        process.send_signal(signal.SIGKILL)
    with other.locked("up def"):
        assert not free(place)


def test_under_the_lock_a_broken_connection_is_made_again_and_the_lock_taken_again(folder, other, sshd, place, monkeypatch):
    monkeypatch.setattr(folders, "_WAIT", 0.0)
    with folder.locked("up abc"):
        sshd.cut()
        folder.put("a", b"1")
        with pytest.raises(LockedError, match="up abc"), other.locked("up def"):
            pass
    assert free(place)


def test_whoever_took_the_lock_meanwhile_comes_first(folder, other, sshd, monkeypatch):
    monkeypatch.setattr(folders, "_AGAIN", 1.0)
    with folder.locked("up abc"):
        sshd.cut()
        with other.locked("up def"), pytest.raises(Conflict, match=r"went with the connection: .*up def"):
            folder.put("a", b"1")
        with pytest.raises(Conflict, match="somebody else took it"):
            folder.put("a", b"2")
        assert folder.get("a") is None


def test_whoever_had_the_lock_meanwhile_and_is_done_comes_first_too(folder, other, sshd):
    with folder.locked("up abc"):
        folder.put("a", b"1")
        sshd.cut()
        with other.locked("up def"):
            other.put("a", b"2")
        with pytest.raises(Conflict, match=r"up def, since .* had it meanwhile"):
            folder.put("a", b"3")
        assert folder.get("a") == b"2"
    with other.locked("up def"):
        pass


def test_the_server_compares_before_it_replaces(folder, place):
    folder.replace("desired.json", None, b"1")
    folder.replace("desired.json", b"1", b"2")
    folder.replace("desired.json", b"1", b"2")  # as after an answer that was lost
    for old in (None, b"1"):
        with pytest.raises(Conflict):
            folder.replace("desired.json", old, b"3")
    assert (folder.get("desired.json"), [path.name for path in place.iterdir()]) == (b"2", ["desired.json"])


def test_a_name_that_leads_out_is_refused(folder):
    with pytest.raises(SlipwayError, match="wanted the name of an object"):
        folder.put("releases/code/../../../cron", b"")


def test_a_shell_that_prints_is_told_before_its_words_are_taken_for_an_answer(sshd, folder):
    sshd.program("id", 'echo Welcome; exec /usr/bin/id "$@"')
    with pytest.raises(SlipwayError, match=r"wanted a number from `id -u`, found 'Welcome.*bashrc"), folder.locked("up abc"):
        pass


def test_other_words_are_no_lock(sshd, folder):
    sshd.program("flock", "echo hello; exec cat >&2")
    with pytest.raises(SlipwayError, match="can't be locked"), folder.locked("up abc"):
        pass


def test_the_connection_cut_again_and_again_while_writing(folder, sshd):
    """At any moment of a question, after one that went well: what is there is what was written last."""
    chance, written, over = random.Random(1), threading.Event(), threading.Event()

    def cutting():
        for _ in range(8):
            written.wait(60)
            written.clear()
            time.sleep(chance.uniform(0, 0.1))
            sshd.cut()
        over.set()

    with folder.locked("up"):
        cutter = threading.Thread(target=cutting)
        cutter.start()
        number = 0
        while not over.is_set():
            number += 1
            folder.put("a", str(number).encode())
            assert folder.get("a") == str(number).encode()
            written.set()
        cutter.join()
    assert number >= 8


def test_a_server_that_is_away_is_waited_for_under_the_lock_alone(folder, sshd, monkeypatch):
    asked = []
    opened = folder.to.open
    monkeypatch.setattr(folder.to, "open", lambda patience=0.0, *more: (asked.append(patience), opened(0.0, *more))[1])
    folder.put("a", b"1")
    sshd.stop()
    with pytest.raises(Lost, match=r"none that answers|connection was lost"):
        folder.get("a")
    assert max(asked) <= QUICK
    sshd.start()
    with folder.locked("up"):
        sshd.stop()
        with pytest.raises(Lost):
            folder.get("a")
        assert max(asked) == folders._AWAY
        asked.clear()
        with pytest.raises(Lost):
            folder.get("a")
        assert max(asked) == QUICK
        sshd.start()


def test_who_holds_the_lock_is_heard_of_more_often_than_the_server_waits(sshd, place):
    """A deployer that is cut off without a word keeps nobody waiting for hours."""
    assert "-t 30 " in folders._HOLD
    assert folders._BEAT * 5 <= 30
    place.mkdir()
    script = folders._HOLD.replace("-t 30", "-t 1")
    with subprocess.Popen(["flock", str(place / "rollout.lock"), "bash", "-c", script], stdin=-1, stdout=-1) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"\n"
        assert not free(place)
        assert process.wait(20) == 0
    assert free(place)


def test_input_that_ends_early_is_no_object(tmp_path):
    """As a connection does that breaks in the middle: only the script itself shows it."""
    place = tmp_path / "store/releases/a"
    put = ["sh", PROJECT / "components/ssh/put.sh", f"{place}.part", place]
    cut = subprocess.run([*put, "9"], input=b"half", capture_output=True, check=False)
    assert (cut.returncode, b"before all 9 bytes" in cut.stderr) == (1, True)
    assert not list(place.parent.iterdir())
    assert subprocess.run([*put, "4"], input=b"half", check=False).returncode == 0
    assert (place.read_bytes(), place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (b"half", 0o600, 0o700)
    subprocess.run([*put, "9"], input=b"less", capture_output=True, check=False)
    assert place.read_bytes() == b"half"
