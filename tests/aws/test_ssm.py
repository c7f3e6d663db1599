"""Day two by Systems Manager: a real tree, whose host tool only its run command reaches."""

import base64
import json
import os
import re
import shutil
import subprocess
import threading
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from buckets import REGION
from systems_manager import Problem, systems_manager
from typer.testing import CliRunner

from cloud_init.host.commands import command_output as carried
from components.aws.control import account
from components.aws.control.fleet_hosts import Instance
from components.blocks import command_transport
from components.deployment.on_hosts import HostsDeployment
from components.errors import LockedError, SlipwayError
from components.hosts import progress
from components.hosts.site import Site
from components.release.store import ReleaseStore
from ops.cli import app
from ops.stack import workplace

ODD = ["", " ", "'", '"', "$(id)", "`id`", "{{ssm:x}}", "a\nb", "\\", "-n", "é\U0001f600", os.fsdecode(b"\xff\xfe"), "*", "%s", "!"]
DATABASE = {"database": {"engine": "sqlite", "placement": "same-host"}, "release_command": "python migrate.py"}
MIGRATE = """
import os, sqlite3
sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")).execute("CREATE TABLE IF NOT EXISTS items (id)")
"""


@pytest.fixture(scope="module")
def launched(bench):
    """Two releases; the second one serves."""
    bench.boot()
    bench.releases = []
    for number in (1, 2):
        bench.releases.append(bench.publish(number, sources={"migrate.py": MIGRATE}, manifest=DATABASE))
        assert bench.roll(bench.releases[-1]).ok
    return bench


@pytest.fixture
def host(launched, service, facts, monkeypatch):
    monkeypatch.setattr(command_transport, "_FIRST", 0.02)
    return command_transport.CommandTransport(facts, Instance(facts["region"], facts["instance"]))


@pytest.fixture
def slipway(launched, host, monkeypatch):
    """The command line over that host alone."""
    settings = SimpleNamespace(target="aws-ec2", app=SimpleNamespace(name="demo"))
    work = SimpleNamespace(settings=settings, deployment=lambda acts=True: HostsDeployment(Site(launched.store, [host], launched.day.url)))
    monkeypatch.setattr(workplace, "enter", lambda call: work)
    runner = CliRunner()
    return lambda *words: runner.invoke(app, ["-s", "t", *words])


def test_status_and_releases(slipway, launched):
    done = slipway("status", "--json")
    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.stdout)["hosts"]
    assert told["live"]["release"] == launched.releases[1]
    assert launched.releases[0] in slipway("releases").stdout


def test_exec_passes_words_output_and_status_through(slipway):
    script = "import sys; print(ascii(sys.argv[1:])); print('err', file=sys.stderr); sys.exit(7)"
    done = slipway("exec", "--", "python", "-c", script, *ODD)
    assert (done.exit_code, done.stdout) == (7, ascii(ODD) + "\n")
    assert done.stderr == "err\n"


def test_output_that_the_service_would_cut_comes_whole_through_the_store(host, service, launched, capfdbinary):
    script = "import random, sys; sys.stdout.buffer.write(random.Random(1).randbytes(60000)); sys.stderr.write('e' * 30000)"
    assert host.attach(["exec", "--", "python", "-c", script]) == 0
    out, err = capfdbinary.readouterr()
    import random

    assert out == random.Random(1).randbytes(60000)
    assert err == b"e" * 30000
    assert len(service.sent) == 1
    assert not [name for name in launched.store.names("outcomes/") if "output-" in name]  # read, and removed


def test_an_output_that_was_read_is_not_lost_because_it_stays(host, launched, monkeypatch, capfd):
    def refuse(*_):
        raise SlipwayError("store: AccessDenied")

    script = "import random, sys; sys.stdout.write(random.Random(1).randbytes(30000).hex())"
    noted = []
    with monkeypatch.context() as patch, progress.listen(noted.append):
        patch.setattr(ReleaseStore, "delete", refuse)
        assert host.attach(["exec", "--", "python", "-c", script]) == 0
    assert len(capfd.readouterr().out) == 60_000
    assert [(one.host, one.text.partition(" stays")[2]) for one in noted] == [("local", " until a rollout cleans up (store: AccessDenied)")]
    launched.store.delete(*[name for name in launched.store.names("outcomes/") if "output-" in name])


def test_a_long_output_that_the_store_does_not_take_is_told(host, launched, capfd):
    place = launched.host.root / "etc/slipway/host.json"
    before = place.read_text()
    place.write_text(json.dumps({**json.loads(before), "store": "file:///proc/nowhere"}))
    try:
        assert host.attach(["exec", "--", "head", "-c", "60000", "/dev/urandom"]) == 1
    finally:
        place.write_text(before)
    message = json.loads(capfd.readouterr().out)["message"]
    assert message.startswith("exec has ended, but what it wrote can't be fetched: ")


def packed(head, out=b""):
    return base64.b64encode(zlib.compress(json.dumps(head).encode() + b"\n" + out)).decode()


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("0123456789abcdef", "store: wanted outcomes/local/output-0123456789abcdef, what the command wrote, found none"),
        ("/../../desired.json", "status: wanted the token of an output, 16 hex digits, found /../../desired.json; look at that server"),
        ({"a": "\n" * 99}, r"16 hex digits, found {'a': '\n\n"),
    ],
)
def test_nothing_but_an_output_is_read_or_removed(host, launched, monkeypatch, token, told):
    said = json.dumps({"event": "carried", "page": "", "token": token})
    monkeypatch.setattr(Instance, "look", lambda *_: command_transport.Shown(0, said, ""))
    before = launched.store.names("")
    with pytest.raises(SlipwayError) as caught:
        host.run(["status"])
    assert told in str(caught.value)
    assert len(str(caught.value)) < 300
    assert launched.store.names("").keys() == before.keys()


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (None, "incorrect header check"),
        ("AAAAA", "more than a multiple of 4"),
        ("é", "contain only ASCII"),
        (packed({"status": 0, "out": 1, "left_out": 0})[:-12], "cut off, or of more than 9 MB"),
        (packed({"status": 0, "out": 1, "left_out": 0}, bytes(10_000_000)), "cut off, or of more than 9 MB"),
        (packed([]), "list indices must be integers"),
        (packed({"out": 1, "left_out": 0}), "'status'"),
        (packed({"status": "0", "out": 1, "left_out": 0}), "'str' object cannot be interpreted as an integer"),
        (base64.b64encode(zlib.compress(b"[" * 100_000)).decode(), "recursion"),
    ],
)  # fmt: skip
def test_an_answer_that_no_host_tool_gives_is_one_line(host, monkeypatch, page, why):
    said = json.dumps({"event": "carried", "page": page, "token": ""})
    monkeypatch.setattr(Instance, "look", lambda *_: command_transport.Shown(0, said, ""))
    with pytest.raises(SlipwayError, match=rf"^{host.instance.id}: what the command wrote came back damaged \(.*{why}.*\); run it again$"):
        host.run(["status"])


def test_what_is_no_answer_at_all_is_passed_on(host, monkeypatch, capfd):
    monkeypatch.setattr(Instance, "look", lambda *_: command_transport.Shown(0, "[" * 24_000, ""))
    assert host.attach(["status"]) == 1
    assert capfd.readouterr().out == "[" * 24_000


def test_of_far_too_much_output_the_middle_is_left_out_and_told(host, capfdbinary):
    script = "import sys; sys.stdout.write('a' * 4_000_000 + 'b' * 4_000_000)"
    assert host.attach(["exec", "--", "python", "-c", script]) == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(b"a" * (2 << 20))
    assert out.endswith(b"b" * (2 << 20))
    assert b"3805696 bytes were left out" in err


def test_what_a_command_leaves_running_is_not_waited_for(host, capfdbinary):
    assert host.attach(["exec", "--", "sh", "-c", "sleep 30 & echo started $!"]) == 0
    word, pid = capfdbinary.readouterr().out.split()
    assert word == b"started"
    assert b"sleep" in Path(f"/proc/{int(pid)}/cmdline").read_bytes()
    os.kill(int(pid), 9)


def test_nor_is_what_it_leaves_running_and_writing(monkeypatch):
    monkeypatch.setattr(carried, "_LEFT", 0.3)
    writes = "(for one in $(seq 80); do echo $one; sleep 0.1; done) & echo first; exit 3"
    head, first, *more = zlib.decompress(carried._run(["sh", "-c", writes])).decode().splitlines()
    assert (json.loads(head)["status"], first, "80" in more) == (3, "first", False)


def test_a_terminal_is_told_that_there_is_no_input(host, capfd, monkeypatch):
    main, terminal = os.openpty()
    with open(terminal) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert host.attach(["exec", "--", "cat"]) == 0
    os.close(main)
    assert "no input and no terminal" in capfd.readouterr().err


def test_one_that_a_signal_ended_has_a_shells_status(host):
    assert host.attach(["exec", "--", "sh", "-c", "kill -TERM $$"]) == 143


def test_an_interrupted_exec_is_cancelled_and_an_interrupted_backup_is_not(host, service, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        host.attach(["exec", "--", "sleep", "1"])
    assert len(service.cancelled) == 1
    with pytest.raises(KeyboardInterrupt):
        host.run(["status"])
    assert len(service.cancelled) == 1


def test_logs_once(slipway, launched):
    (launched.host.root / "var/log/slipway/demo/blue.log").open("a").write("a line é\n")
    done = slipway("logs", "-n", "1")
    assert "web     | a line é" in done.stdout.splitlines()


def test_logs_go_on_with_new_lines_alone(host, launched, monkeypatch):
    monkeypatch.setattr("components.blocks.command_transport._AGAIN", 0.05)
    with (launched.host.root / "var/log/slipway/demo/probe.log").open("a") as file:
        file.write("old\n")
        file.flush()
        lines = host.stream(["logs", "-n", "1", "-f"])
        until_old = [next(lines)]
        while "old" not in until_old[-1]:
            until_old.append(next(lines))
        threading.Timer(0.5, lambda: (file.write("half"), file.flush())).start()
        threading.Timer(1.0, lambda: (file.write(" and half\nnext\n"), file.flush())).start()
        seen = []
        while not seen or "next" not in seen[-1]:
            seen.append(next(lines))
        assert [line for line in seen if line.startswith("probe")] == ["probe   | half and half", "probe   | next"]


def test_a_rotated_log_is_read_from_its_start(host, launched, monkeypatch):
    log = launched.host.root / "var/log/slipway/demo/release.log"
    log.write_text("before\n" * 3)
    *_, marks = host._lines(["logs", "-n", "0", "--marks="])
    log.write_text("after\n")
    lines = host._lines(["logs", f"--marks={marks}"])
    assert "release | after" in lines


def test_rollback_backup_and_restore(slipway, launched):
    done = slipway("rollback", "--json")
    assert json.loads(done.stdout)["live"] == launched.releases[0]
    assert slipway("rollback", launched.releases[1]).exit_code == 0
    done = slipway("backup", "--reason", 'it\'s "mine" $HOME', "--json")
    made = json.loads(done.stdout)["backup"]
    assert made["reason"] == 'it\'s "mine" $HOME'
    assert made["id"] in slipway("backups").stdout
    done = slipway("restore", made["id"], "--yes")
    assert done.exit_code == 0, done.output
    assert f"backup {made['id']} is loaded" in done.stdout


def test_steps_are_told(host):
    told = []
    assert host.run(["backup"], told.append)["ok"]
    assert [one["state"] for one in told if one["event"] == "step"][-2:] == ["start", "done"]


def test_a_server_restores_what_the_one_before_it_saved(launched, host, slipway, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")  # a worker of pytest's may say 80
    place = launched.host.root / "etc/slipway/host.json"
    before = place.read_text()

    def called(name):
        place.write_text(json.dumps({**json.loads(before), "role": "web", "host": name}))

    try:
        called("AROAEXAMPLE:i-0a")
        made = host.run(["backup", "--reason", "before the change"])["backup"]["id"]
        shutil.rmtree(launched.host.root / "srv/slipway/demo/backups" / made)
        called("AROAEXAMPLE:i-0b")
        assert re.search(rf"{made} .* before the change, of i-0a *$", slipway("backups").stdout, re.MULTILINE)
        done = slipway("restore", made, "--yes")
        assert f"backup {made} is loaded" in done.stdout, done.output
    finally:
        place.write_text(before)


def test_a_locked_host_says_by_whom(host, monkeypatch):
    told = json.dumps({"event": "outcome", "ok": False, "message": "locked by a test"}).encode()
    monkeypatch.setattr(host, "answer", lambda *_: command_transport.Answer(3, told, b""))
    with pytest.raises(LockedError, match="local: locked by a test"):
        host.run(["let-go"])


def test_a_refusal_before_the_command_is_an_outcome(host, launched):
    place = launched.host.root / "etc/slipway/host.json"
    before = place.read_text()
    place.write_text("{}")
    try:
        outcome = host.run(["status"])
    finally:
        place.write_text(before)
    assert (outcome["ok"], "wanted the facts of this host" in outcome["message"]) == (False, True)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("SendCommand", Problem("InvalidInstanceId"), "doesn't know it .yet.: a new server's agent needs a minute or two"),
        ("SendCommand", Problem("AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized to perform: ssm:SendCommand on y"),
         "User: arn:aws:iam::1:user/x is not authorized to perform: ssm:SendCommand on y; add that"),
        ("GetCommandInvocation", Problem("ExpiredTokenException"), "log in again"),
    ],
)  # fmt: skip
def test_what_the_service_has_against_it_is_one_line(host, service, name, error, words):
    service.fails[name] = [error]
    with pytest.raises(SlipwayError, match=words) as caught:
        host.run(["status"])
    assert "\n" not in str(caught.value)


def test_a_command_is_never_sent_twice_but_for_being_asked_too_often(host, service, monkeypatch):
    monkeypatch.setattr("components.aws.control.account._PAUSES", (0.01,))
    service.fails["SendCommand"] = [Problem("ThrottlingException")]
    assert host.run(["status"])["ok"]
    service.fails["SendCommand"] = [Problem("InternalServerError"), Problem("InternalServerError")]
    with pytest.raises(SlipwayError, match="InternalServerError"):
        host.run(["status"])
    assert len(service.fails["SendCommand"]) == 1


def test_an_agent_that_is_silent_is_given_up(host, service):
    service.silent.add(host.instance.id)
    service.delivery = 0.1
    with pytest.raises(SlipwayError, match=rf"{host.instance.id}: the command ended as DeliveryTimedOut .*get-console-output"):
        host.run(["status"])


def test_an_instance_that_ends_amid_a_command_is_not_waited_for(host, service, monkeypatch):
    monkeypatch.setattr(command_transport, "_HEARD", 0.2)

    def end(script):
        service.instances.clear()
        time.sleep(60)
        return subprocess.CompletedProcess(script, 0, "", "")

    service.instances[host.instance.id] = end
    with pytest.raises(SlipwayError, match="its agent is silent; whether the command was done isn't known"):
        host.run(["status"])


def test_long_commands_are_not_cut_and_the_delivery_is_bounded(host, service):
    host.run(["status"])
    assert service.sent[0]["Parameters"]["executionTimeout"] == ["172800"]
    assert service.sent[0]["TimeoutSeconds"] == 60


@pytest.mark.parametrize("script", [lambda script: None, lambda script: 1 // 0])
def test_an_emulated_instance_that_fails_itself_is_seen(user, script):
    answers = []

    def ask():
        with systems_manager({"i-1": script}) as service:
            user.setenv("AWS_ENDPOINT_URL_SSM", service.url)
            account.forget()
            facts = {"host": "i-1", "role": "web", "address": "192.0.2.1", "app": "shop", "stack": "prod"}
            answers.append(command_transport.CommandTransport(facts, Instance(REGION, "i-1")).answer(["status"]))

    with pytest.raises(AssertionError, match=r"i-1: its function failed: \w+Error"):
        ask()
    assert answers[0].status == 1
    assert b"its function failed" in answers[0].err
