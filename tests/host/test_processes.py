"""Extra processes: beside the web server, switched with it, one set at a time; one that fails refuses the release."""

import os
import signal
import time

import pytest

from cloud_init.host.processes import programs

BEAT = """
import os, signal, sys, time
from pathlib import Path

name = sys.argv[1]
shared = Path(os.environ["SLIPWAY_SHARED"])

print("here is", name, flush=True)

def tell(what):
    with (shared / f"{name}.txt").open("a") as file:
        print(what, os.environ["SLIPWAY_RELEASE"], os.getpid(), file=file)

def end(*_):
    time.sleep(0.5)  # what it has in hand
    tell("end")
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
tell("start")
while True:
    time.sleep(0.05)
"""


def told(bench, name):
    path = bench.folder / f".slipway/t/srv/slipway/demo/shared/{name}.txt"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def publish(bench, number, **processes):
    return bench.publish(number, sources={"beat.py": BEAT}, manifest={"processes": processes})


def running(bench):
    status = bench.host.run(["status"])
    return {one["name"]: one for one in status["processes"] if one["state"] in ("running", "starting")}


@pytest.mark.family("extra processes")
def test_processes_follow_the_release(make_bench):
    bench = make_bench()
    bench.boot()
    first = publish(bench, 1, worker="python beat.py worker", beat="WHY=1 python beat.py beat")
    assert bench.roll(first).ok
    assert {"blue", "front", "blue-worker", "blue-beat"} == set(running(bench))
    second = publish(bench, 2, worker="python beat.py worker")
    assert bench.roll(second).ok
    assert {"green", "front", "green-worker"} == set(running(bench))
    # never two at once: each has ended before the next one starts
    assert [(what, release) for what, release, _ in told(bench, "worker")] == [("start", first), ("end", first), ("start", second)]
    assert [what for what, _, _ in told(bench, "beat")] == ["start", "end"]
    assert {"worker  | here is worker", "beat    | here is beat"} <= {line.strip() for line in bench.host.stream(["logs", "-n", "50"])}
    assert bench.roll(publish(bench, 3)).ok
    assert {"blue", "front"} == set(running(bench))


def test_a_process_that_dies_is_started_again_and_a_reboot_brings_it_back(make_bench):
    bench = make_bench()
    bench.boot()
    assert bench.roll(publish(bench, 1, worker="python beat.py worker")).ok
    pid = running(bench)["blue-worker"]["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while len(told(bench, "worker")) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [what for what, _, _ in told(bench, "worker")] == ["start", "start"]
    assert bench.host.run(["halt"])["ok"]
    assert bench.host.run(["boot"])["ok"]
    assert {"blue", "front", "blue-worker"} == set(running(bench))


def test_a_process_that_ends_as_it_starts_refuses_the_release(make_bench):
    bench = make_bench()
    bench.boot()
    first = publish(bench, 1, worker="python beat.py worker")
    assert bench.roll(first).ok
    verdict = bench.roll(publish(bench, 2, worker="echo no broker >&2; exit 1"))
    assert not verdict.ok
    assert "slipway:app.processes.worker ended as it started" in verdict.message
    assert "no broker" in verdict.message
    assert {"blue", "front", "blue-worker"} == set(running(bench))
    assert told(bench, "worker")[-1][:2] == ["start", first]


@pytest.mark.parametrize(
    ("command", "single"),
    [
        ("celery -A app worker", True), ("A=1 python x.py --y='a;b'", True), ("cd x && y", False), ("a | b", False), ("a; b", False),
        ("if a; then b; fi", False), ("(a)", False), ("'", False), ("a >b 2>&1", False), ("python -c 'a(b)'", True),
    ],
)  # fmt: skip
def test_a_single_command(command, single):
    assert programs.is_single(command) is single


def test_a_compound_command_ends_with_all_its_processes(make_bench):
    bench = make_bench()
    bench.boot()
    assert bench.roll(publish(bench, 1, worker="cd . && python beat.py worker; true")).ok
    assert bench.roll(publish(bench, 2)).ok
    assert [what for what, _, _ in told(bench, "worker")] == ["start", "end"]
