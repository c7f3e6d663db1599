"""The scheduler of app.cron on a host: a process of the release, switched with it, on one host alone."""

import json
import os
import time

import pytest

from cloud_init import render
from cloud_init.templating import pinned

# In the place of the library that knows when a job is due: every second. The next whole minute is too long to wait for.
EACH_SECOND = """
from datetime import timedelta

class CronSim:
    def __init__(self, schedule, start):
        assert schedule == "* * * * *"
        self.start = start.replace(microsecond=0)

    def __next__(self):
        return self.start + timedelta(seconds=1)
"""
JOBS = {
    "tick": 'echo "$SLIPWAY_RELEASE in $PWD, $(python -c "import flask; print(1)")"',
    "bad": "exit 7",
    "long": 'touch "$SLIPWAY_SHARED/long" && sleep 4 && echo "whole $SLIPWAY_RELEASE"',
}


def publish(bench, number, jobs, quick=True):
    files = render.cron_files({name: {"schedule": "* * * * *", "command": command} for name, command in jobs.items()})
    given = [{"path": file.path, "content": file.content, "mode": file.mode} for file in files]
    given += [{"path": "files/cronsim.py", "content": EACH_SECOND, "mode": "0644"}] if quick else []
    requirements = ["flask==3.1.3\n", pinned("gunicorn.txt"), pinned("cron.txt")]
    return bench.publish(number, files=given, manifest={"processes": {"cron": render.CRON_COMMAND}, "requirements": requirements})


def log(bench, colour):
    path = bench.folder / f".slipway/t/var/log/slipway/demo/{colour}-cron.log"
    return path.read_text() if path.exists() else ""


def wait(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def states(bench):
    return {one["name"]: one["state"] for one in bench.host.run(["status"])["processes"] if "cron" in one["name"]}


def test_jobs_by_the_clock(make_bench):
    bench = make_bench()
    bench.boot()
    releases = bench.folder / ".slipway/t/srv/slipway/demo/releases"
    first = publish(bench, 1, JOBS)
    assert bench.roll(first).ok
    assert states(bench) == {"blue-cron": "running"}
    wait(lambda: log(bench, "blue").count("tick | done") > 1 and "bad | failed with exit code 7" in log(bench, "blue"))
    assert f"tick | {first} in {releases / first / 'src'}, 1" in log(bench, "blue")
    assert "long | is still running, not started again" in log(bench, "blue")
    # The release changes while `long` runs: that run ends in peace, and the next scheduler, with the real library, is the only one.
    shared = bench.folder / ".slipway/t/srv/slipway/demo/shared"
    missed_a_minute(shared / ".cron/minutely")
    (shared / "long").unlink()
    wait((shared / "long").exists)
    verdict = bench.roll(publish(bench, 2, {"minutely": JOBS["tick"]}, quick=False))
    assert verdict.ok, verdict.message
    assert states(bench) == {"green-cron": "running"}
    told = log(bench, "blue").splitlines()
    (waits,) = (line for line in told if "waits" in line)
    assert "long" in waits.removeprefix("cron | waits for ").split(", ")  # a run of `tick` may be under way too
    assert any(line.startswith("long | whole") for line in told[told.index(waits) :])
    assert log(bench, "green").count(f"minutely | {verdict.release}") >= 1
    refused = bench.roll(bench.publish(3, manifest={"processes": {"cron": render.CRON_COMMAND}}))  # without the scheduler's files
    assert "slipway:app.cron ended as it started" in refused.message
    assert states(bench) == {"green-cron": "running"}


def missed_a_minute(file):
    """As if a scheduler had looked at that job two minutes ago, and none since."""
    file.touch()
    os.chown(file, file.parent.stat().st_uid, -1)
    os.utime(file, (time.time() - 120,) * 2)


@pytest.mark.family("jobs by the clock")
def test_on_the_elected_host_alone(make_bench):
    bench = make_bench()
    bench.boot()
    release = publish(bench, 1, JOBS)
    manifest = bench.folder / f".slipway/t/srv/slipway/demo/releases/{release}/manifest.json"
    for elected, processes in (([], {}), (["--elected"], {"cron": render.CRON_COMMAND})):
        assert bench.host.run(["prepare", "1", release, *elected])["ok"]
        assert json.loads(manifest.read_text())["processes"] == processes
