"""kill -9 of the host tool before, in and after every step, and of everything it started: a release serves, the next run ends clean."""

import ast
import time
import urllib.request
from pathlib import Path

import pytest
import steps
from accidents import Doomed
from faults import record
from load import Load

import cloud_init.host
from components.hosts.site import Site
from components.rollout import coordinator

HOST = Path(str(cloud_init.host.__file__)).parent
MIGRATION = "import sqlite3,os; base = sqlite3.connect(os.environ['DATABASE_URL'][10:]); base.execute('CREATE TABLE IF NOT EXISTS a (x)')"


class Killed(BaseException):
    """The coordinator dies with the host tool: a machine that lost its power."""


class Powerless(Doomed):
    def run(self, arguments, on_event=None):
        outcome = super().run(arguments, on_event)
        if not outcome.get("ok") and "the host tool ended early" in outcome["message"]:
            raise Killed
        return outcome


def publish(bench, number, worker=True):
    """Every step has something to do: new code, new environment, a release command, an extra process (2 s to count as started)."""
    manifest = {
        "requirements": [f"# {number}\nflask==3.1.3\n", (Path(__file__).parents[2] / "requirements/gunicorn.txt").read_text()],
        "database": {"engine": "sqlite", "placement": "same-host"},
        "release_command": "python migrate.py", "processes": {"worker": "sleep 1000"} if worker else {},
    }  # fmt: skip
    return bench.publish(number, sources={"migrate.py": MIGRATION}, manifest=manifest)


def answer(bench):
    with urllib.request.urlopen(f"http://127.0.0.1:{bench.port}/", timeout=10) as found:
        return found.read().decode()


def test_the_lists_of_steps_are_complete():
    """Every step there is in the source stands in some list of steps.py."""
    made = set()
    for node in (node for path in HOST.rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "step":
            made |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    assert made == {step for name, listed in vars(steps).items() if name.isupper() for step in listed}


MOMENTS = [(step, when) for step in (*steps.PREPARE, *steps.COMMIT) for when in ("before", "inside", "after")]


def running(status):
    return {one["name"] for one in status["processes"] if one["state"] == "running"}


def settled(bench):
    """The status once the idle colour's launcher, which has nothing to serve, has ended: on a busy machine that takes it over a second."""
    deadline = time.monotonic() + 60
    status = bench.host.run(["status"])
    while {"blue", "green"} <= running(status) and time.monotonic() < deadline:
        time.sleep(0.1)
        status = bench.host.run(["status"])
    return status


def clean(bench, worker=True):
    """Nothing half-made, nothing more than is wanted."""
    tree = bench.folder / ".slipway/t"
    status = settled(bench)
    assert status["candidate"] is None
    assert running(status) == {
        status["live"]["colour"], "front", *([status["live"]["colour"] + "-worker"] if worker else []),
    }  # fmt: skip
    assert not [path for path in tree.rglob("*") if path.name.endswith((".part", ".gone"))]
    assert len(bench.host.run(["releases"])["releases"]) <= 5
    assert not (tree / "store/rollout.lock").read_text()
    live = coordinator.desired(bench.store)
    assert live.live == status["live"]["release"]
    assert live.state.candidate is None


@pytest.mark.parametrize("power", ["the coordinator lives on", "the coordinator dies too"])
def test_kill_at_every_step_of_a_rollout(make_bench, power):
    bench = make_bench()
    bench.boot()
    assert bench.roll(publish(bench, 0)).ok
    lives_on = power == "the coordinator lives on"
    for number, (step, when) in enumerate(MOMENTS, 1):
        if not lives_on or when != "inside":
            kill_in_rollout(bench, number, step, when, power)


@pytest.mark.quick("the power fails as a release starts and as it goes live: one serves throughout, the next run ends clean")
def test_kill_in_the_middle_of_a_rollout(make_bench):
    """The two moments that matter most, of the test above."""
    bench = make_bench()
    bench.boot()
    assert bench.roll(publish(bench, 0)).ok
    for number, step in enumerate(("start", "flip"), 1):
        kill_in_rollout(bench, number, step, "inside", "the coordinator dies too")


def kill_in_rollout(bench, number, step, when, power):
    lives_on = power == "the coordinator lives on"
    bodies, worker = (answer(bench), str(number)), step in (*steps.PREPARE[-2:], *steps.COMMIT)
    doomed = (Doomed if lives_on else Powerless)(bench.facts, "kill", when, step)
    with Load(bench.port, bodies=bodies, post="/take", clients=4, interval=0.02) as load:
        release = publish(bench, number, worker)
        try:
            verdict = coordinator.roll(Site(bench.store, [doomed], bench.day.url), release)
            assert when == "inside" or not verdict.ok, (step, when)
            assert answer(bench) == bodies[0] or verdict.ok  # undone
        except Killed:
            assert not lives_on
        assert answer(bench) in bodies, (step, when)
        began = time.monotonic()
        verdict = bench.roll(publish(bench, number, worker))
        seconds = time.monotonic() - began
        assert verdict.ok, (step, when, verdict.message)
    assert answer(bench) == str(number)
    assert load.failures == [], (step, when)
    clean(bench, worker)
    came = "a release served throughout; the next run ended clean"
    record("kills", f"host tool, {when} `{step}`; {power}", came, load.sent, len(load.failures), seconds)


def test_kill_at_every_step_of_a_boot(make_bench):
    bench = make_bench()
    bench.boot()
    assert bench.roll(publish(bench, 1)).ok
    for step in steps.BOOT:
        for when in ("before", "inside", "after"):
            kill_in_boot(bench, step, when)


def kill_in_boot(bench, step, when):
    with Load(bench.port, bodies=("1",), clients=4, interval=0.02) as load:
        Doomed(bench.facts, "kill", when, step).run(["boot"])
        time.sleep(0.3)
        assert bench.host.run(["boot"])["ok"]
    assert load.failures == []
    clean(bench)
    bench.host.run(["halt"])
    Doomed(bench.facts, "kill", when, step).run(["boot"])
    began = time.monotonic()
    assert bench.host.run(["boot"])["ok"]
    seconds = time.monotonic() - began
    assert answer(bench) == "1"
    clean(bench)
    record("kills", f"host tool, {when} `{step}` of a boot", "the next boot serves", load.sent, 0, seconds)


@pytest.mark.family("kills of the host tool")
def test_kill_at_every_step_of_a_halt(make_bench):
    bench = make_bench()
    bench.boot()
    assert bench.roll(publish(bench, 1)).ok
    for step, when in ((step, when) for step in steps.HALT for when in ("before", "after")):
        Doomed(bench.facts, "kill", when, step).run(["halt"])
        assert bench.host.run(["boot"])["ok"]
        assert answer(bench) == "1"
        clean(bench)
        record("kills", f"host tool, {when} `{step}` of a halt", "the next boot serves")
