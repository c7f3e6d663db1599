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

from cloud_init import host_tool
from cloud_init.host.commands import objects as served
from cloud_init.host.stores import Conflict
from cloud_init.host.stores.file import FileStore
from components.errors import LockedError, Lost, SlipwayError
from components.hosts import objects
from components.hosts.objects import Folder
from components.hosts.transport import QUICK, Pipe
from components.ssh import connection
from components.ssh.connection import Connection

PROJECT = Path(__file__).parents[2]

HOLD = """
import sys, json, time
from components.hosts.objects import Folder
from components.ssh import connection
to = connection.of({"login": json.loads(sys.argv[1]), "host": json.loads(sys.argv[1])["host"]})
with Folder(to, "one", json.loads(sys.argv[2]), sys.argv[3]).lock("up r1"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def place(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def tool(tmp_path):
    path = tmp_path / "host.pyz"
    path.write_bytes(host_tool.tool())
    return [sys.executable, "-I", str(path)]


@pytest.fixture
def folder(sshd, place, tool):
    return Folder(connection.to(sshd.login), str(sshd.login), tool, str(place))


@pytest.fixture
def other(sshd, place, tool):
    """Another deployer's."""
    return Folder(Connection(sshd.login), str(sshd.login), tool, str(place))


@pytest.fixture
def impatient(monkeypatch):
    """The host tool with its patience of a second instead of half a minute."""
    words = "objects.SILENCE = 1; objects.serve(Path(sys.argv[2]))"
    script = f"import sys; from pathlib import Path; from cloud_init.host.commands import objects; {words}"
    return ["env", f"PYTHONPATH={PROJECT}", sys.executable, "-c", script]


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
    assert abs(folder.modified("new") - time.time()) < 60
    assert folder.modified("releases/b") is None
    (place / "folder").mkdir()
    (place / "folder/in-the-way").touch()
    with pytest.raises(SlipwayError, match=r"store: .*/folder can't be written"):
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
    with folder.lock("up"):
        folder.put("tool.json", b"t")
        assert list(folder.names()) == list(here.names("")) == ["desired.json", "outcomes/one/7.json", "tool.json"]
    assert place.stat().st_mode & 0o777 == 0o700


def test_what_the_server_refuses_is_told_in_a_line(folder, place):
    place.write_text("")
    for work in (lambda: folder.get("a"), lambda: folder.put("a", b""), lambda: folder.lock("up").__enter__()):
        with pytest.raises(SlipwayError, match=r"one \(.*\): .*/store.*; mend that, then run it again"):
            work()


def test_a_lock_keeps_others_out_and_says_who(folder, other, place, monkeypatch):
    said = []
    monkeypatch.setattr(pulumi.log, "info", said.append)
    monkeypatch.setattr(objects, "WAIT", 0.0)
    with folder.lock("up abc"):
        assert not free(place)
        with pytest.raises(LockedError, match=r"held by .*@.* \(up abc, since"), other.lock("up def"):
            pass
    assert "up abc" in said[0]
    assert free(place)
    with other.lock("up def"):
        pass


def test_who_waits_gets_it_when_it_is_let_go(folder, other):
    order, entered = [], threading.Event()

    def first():
        with folder.lock("up abc"):
            entered.set()
            time.sleep(1)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait(30)
    with other.lock("up def"):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_a_deployer_that_is_killed_holds_nobody_up(sshd, place, other, tool):
    given = json.dumps(vars(sshd.login))
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, given, json.dumps(tool), str(place)], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        assert not free(place)
        process.send_signal(signal.SIGKILL)
    with other.lock("up def"):
        assert not free(place)


def test_under_the_lock_a_broken_connection_is_made_again_and_the_lock_taken_again(folder, other, sshd, place, monkeypatch):
    monkeypatch.setattr(objects, "WAIT", 0.0)
    with folder.lock("up abc"):
        sshd.cut()
        folder.put("a", b"1")
        with pytest.raises(LockedError, match="up abc"), other.lock("up def"):
            pass
    assert free(place)


def test_whoever_took_the_lock_meanwhile_comes_first(folder, other, sshd, monkeypatch):
    monkeypatch.setattr(objects, "_AGAIN", 1.0)
    with folder.lock("up abc"):
        sshd.cut()
        with other.lock("up def"), pytest.raises(Conflict, match=r"went with the connection: .*up def"):
            folder.put("a", b"1")
        with pytest.raises(Conflict, match="went with the connection"):
            folder.put("a", b"2")
        assert folder.get("a") is None


def test_whoever_had_the_lock_meanwhile_and_is_done_comes_first_too(folder, other, sshd):
    with folder.lock("up abc"):
        folder.put("a", b"1")
        sshd.cut()
        with other.lock("up def"):
            other.put("a", b"2")
        with pytest.raises(Conflict, match=r"another run had it meanwhile"):
            folder.put("a", b"3")
        assert folder.get("a") == b"2"
    with other.lock("up def"):
        pass


def test_the_server_compares_before_it_replaces(folder, place):
    folder.replace("desired.json", None, b"1")
    folder.replace("desired.json", b"1", b"2")
    folder.replace("desired.json", b"1", b"2")  # as after an answer that was lost
    for old in (None, b"1"):
        with pytest.raises(Conflict):
            folder.replace("desired.json", old, b"3")
    assert (folder.get("desired.json"), [path.name for path in place.iterdir() if path.name[0] != "."]) == (b"2", ["desired.json"])


@pytest.mark.parametrize("name", ["releases/code/../../../cron", "/etc/cron"])
def test_a_name_that_leads_out_is_refused(folder, name):
    with pytest.raises(SlipwayError, match="wanted the name of an object"):
        folder.put(name, b"")


def test_a_shell_that_prints_is_told_before_its_words_are_taken_for_an_answer(sshd, folder):
    sshd.program("id", 'echo Welcome; exec /usr/bin/id "$@"')
    with pytest.raises(SlipwayError, match=r"wanted a number from `id -u`, found 'Welcome.*bashrc"), folder.lock("up abc"):
        pass


@pytest.mark.parametrize("words", ["hello", "[1]", '{"size": "many"}', "[" * 100_000, '{"ok": 7}', '{"ok": {"a": "b"}}'])
def test_other_words_are_no_answer(sshd, place, words):
    """Whoever broke into a server answers what they like."""
    (sshd.folder / "words").write_text(words + "\n")
    sshd.program("tool", f"cat {sshd.folder}/words; exec cat >&2")
    with pytest.raises(SlipwayError, match="one: store: wanted an answer, found"):
        Folder(connection.to(sshd.login), "one", ["tool"], str(place)).names()


def test_a_server_without_such_a_tool_says_what_to_do(sshd, place, tool):
    """In the words of the programs themselves: an earlier tool, none, no Python."""
    for words, why in (
        ([*tool, "--root", "/", "no-such-command"], "the host tool there is of an earlier version"),
        (["python3", "-I", "/nowhere/host.pyz"], "nothing is launched there yet"),
        (["no-python3", "-I", "/nowhere/host.pyz"], "nothing is launched there yet"),
        (["sudo", "-n", "no-python3", "-I", "/nowhere/host.pyz"], "nothing is launched there yet"),
    ):
        folder = Folder(connection.to(sshd.login), "one", words, str(place))
        with pytest.raises(SlipwayError, match=f"^one: {why}; run `./slipway up`$"):
            folder.get("desired.json")


def test_a_question_that_was_interrupted_is_answered_to_nobody_else(folder, monkeypatch):
    folder.put("a", b"1")
    with folder.lock("up"):
        told = Folder._told

        def interrupted(*_):
            monkeypatch.setattr(Folder, "_told", told)
            raise KeyboardInterrupt

        monkeypatch.setattr(Folder, "_told", interrupted)
        with pytest.raises(KeyboardInterrupt):
            folder.get("a")
        assert folder.names().keys() == {"a"}
        folder.put("a", b"2")
    assert folder.get("a") == b"2"


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

    with folder.lock("up"):
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
    opened = folder.way.open
    monkeypatch.setattr(folder.way, "open", lambda patience=0.0, *more: (asked.append(patience), opened(0.0, *more))[1])
    folder.put("a", b"1")
    sshd.stop()
    with pytest.raises(Lost, match=r"none that answers|connection was lost"):
        folder.get("a")
    assert max(asked) <= QUICK
    sshd.start()
    with folder.lock("up"):
        sshd.stop()
        with pytest.raises(Lost):
            folder.get("a")
        assert max(asked) == objects._AWAY
        asked.clear()
        with pytest.raises(Lost):
            folder.get("a")
        assert max(asked) == QUICK
        sshd.start()


def test_who_holds_the_lock_is_heard_of_more_often_than_the_server_waits(folder, monkeypatch):
    """A beat has no answer, which the next question would get for its own."""
    assert objects._BEAT * 5 < served.SILENCE == 30
    monkeypatch.setattr(objects, "_BEAT", 0.01)
    sent, send = [], Pipe.send
    monkeypatch.setattr(Pipe, "send", lambda pipe, data: (sent.append(data), send(pipe, data))[1])
    with folder.lock("up"):
        until = time.monotonic() + 60
        while sent.count(b'{"do": "beat"}\n') < 3:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert folder.names() == {}


def test_a_deployer_that_slept_goes_on_if_nobody_came(sshd, place, other, impatient, monkeypatch):
    """It is silent for longer than the server waits; the other one doesn't wait for it."""
    monkeypatch.setattr(objects, "_BEAT", 60.0)
    folder = Folder(connection.to(sshd.login), "one", impatient, str(place))
    with folder.lock("up abc"):
        time.sleep(2)
        assert free(place)
        folder.put("a", b"1")
        with other.lock("up def"):
            other.put("a", b"2")
        with pytest.raises(Conflict, match="the lock went with the connection"):
            folder.put("a", b"3")
        with pytest.raises(Conflict):
            folder.check()
    assert other.get("a") == b"2"


def asked(tool, place, *questions):
    """The tool's process, asked without a client: what no client of ours would say."""
    process = subprocess.Popen([*tool, "objects", str(place)], stdin=-1, stdout=-1)
    for question, data in questions:
        process.stdin.write(json.dumps({"locked": False, "size": len(data), **question}).encode() + b"\n" + data)
    process.stdin.flush()
    return process


def test_who_does_not_read_the_answer_holds_nobody_up(place, impatient):
    place.mkdir()
    (place / "large").write_bytes(bytes(1 << 22))
    lock = {"do": "lock", "note": "mine", "again": False}
    with asked(impatient, place, (lock, b""), ({"do": "get", "names": ["large"]}, b"")) as process:
        assert json.loads(process.stdout.readline()) == {"ok": None}
        assert process.wait(30) == -signal.SIGALRM
    assert free(place)


def test_a_write_under_a_lock_that_was_lost_is_refused(place, tool):
    put = {"do": "put", "names": ["a"], "locked": True}
    with asked(tool, place, (put, b"1")) as process:
        assert "conflict" in json.loads(process.stdout.readline())
        process.stdin.close()
    lock = {"do": "lock", "note": "mine", "again": False}
    with asked(tool, place, (lock, b"")) as process:
        process.stdout.readline()
        (place / "rollout.lock").unlink()
        process.stdin.write(json.dumps({**put, "size": 0}).encode() + b"\n")
        process.stdin.flush()
        assert "conflict" in json.loads(process.stdout.readline())
        process.stdin.close()
    assert not (place / "a").exists()


def test_input_that_ends_early_is_no_object(place, tool):
    """As a connection does that breaks in the middle."""
    put = {"do": "put", "names": ["releases/a"]}
    for size in (9, 4):
        with asked(tool, place, ({**put, "size": size}, b"half")) as process:
            process.stdin.close()
            assert process.stdout.read() == (b"" if size == 9 else b'{"ok": null}\n')
        assert (place / "releases/a").exists() == (size == 4)
    modes = [path.stat().st_mode & 0o777 for path in (place, place / "releases", place / "releases/a")]
    assert modes == [0o700, 0o700, 0o600]
