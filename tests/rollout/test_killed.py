"""kill -9 of the deployer after each of its writes: the next run finishes or undoes, and all servers agree."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from simulated import publish

from components.rollout import coordinator

HERE = Path(__file__).parent
WRITES = 8  # of a rollout that is undone after its commit: to replace an object counts twice, for a folder puts it within
FAULTS = {
    "all is well": {},
    "prepare fails": {("prepare", "r2"): "fail"},
    "commit fails": {("commit", "r2"): "fail", ("converge", "r2"): "fail"},
}


def deploy(site, release, number):
    """True if it was killed."""
    publish(site.store, release)
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parents[1]}:{HERE.parent}:{HERE}"}
    command = [sys.executable, str(HERE / "killed.py"), site.address, site.url, release, str(number)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


@pytest.mark.parametrize("fault", FAULTS)
def test_a_deployer_that_is_killed_at_each_of_its_writes(site, fault):
    killed = 0
    for name in ("web-1", "web-2"):
        site.add(name)
    assert site.roll("r1").ok
    for number in range(1, WRITES + 1):
        site.servers["web-2"].faults = FAULTS[fault]
        killed += deploy(site, "r2", number)
        assert coordinator.desired(site.store).live in ("r1", "r2")
        verdict = site.roll("r2")
        assert verdict.ok == (fault == "all is well"), (number, verdict.message)
        site.settle("r2" if verdict.ok else "r1")
        now = coordinator.desired(site.store).state
        assert (now.candidate, now.live) == (None, "r2" if verdict.ok else "r1"), number
        site.servers["web-2"].faults = {}
        assert site.roll("r1").ok
        site.settle("r1")
    assert killed >= 5, killed


def test_after_a_death_at_the_commit_a_release_that_nobody_can_reach_makes_way_for_the_one_before(site):
    """What is live then was never seen from outside: it is no release to go back to."""
    site.add("web-1")
    assert site.roll("r1").ok
    site.public = lambda: "r1"
    assert deploy(site, "r2", 4)
    assert coordinator.desired(site.store).live == "r2"
    verdict = site.roll("r2")
    assert not verdict.ok
    assert verdict.live == "r1"
    site.settle("r1")


def test_in_a_bucket_too(in_bucket):
    in_bucket.add("web-1")
    in_bucket.add("web-2", faults={("commit", "r2"): "fail", ("prepare", "r3"): "die"})
    assert in_bucket.roll("r1").ok
    verdict = in_bucket.roll("r2")
    assert not verdict.ok
    assert verdict.live == "r1"
    in_bucket.settle("r1")
    verdict = in_bucket.roll("r3")
    assert "web-2, prepare: no sign since" in verdict.message
    in_bucket.servers.pop("web-2").stop()
    verdict = in_bucket.roll("r3")
    assert verdict.ok, verdict.message
    in_bucket.settle("r3")
    assert not [name for name in in_bucket.store.names("") if name.startswith("lock")]
