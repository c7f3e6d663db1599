"""The engine does what the CLI does: create, keep, update, replace, remove, destroy; nothing is lost on the way."""

import base64
import json
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from components.errors import LockedError, SlipwayError
from ops.engine.state import locked

ROOT = Path(__file__).parents[2]
RUN = """
import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]; from pathlib import Path
from ops.engine import Engine; from ops.stack.project import load_project, load_stack
project = load_project(Path(sys.argv[1]))
Engine(project, load_stack(project, 'dev')).up()
"""


def test_create_then_nothing_to_do(sandbox):
    sandbox.program("a = Thing('a', 3)\npulumi.export('made', a.made)\n")
    up = sandbox.engine().up()
    assert (up.ok, up.counts, up.outputs) == (True, {"create": 1}, {"made": "a-0"})
    again = sandbox.engine().up()
    assert (again.counts, again.outputs) == ({"same": 1}, {"made": "a-0"})
    assert sandbox.names() == ["a-0"]


def test_preview_changes_nothing_and_knows_what_it_cannot_know(sandbox):
    sandbox.program("a = Thing('a', 3)\nb = Thing('b', note=a.made)\npulumi.export('made', b.made)\n")
    plan = sandbox.engine().preview()
    assert plan.ok
    assert plan.counts == {"create": 2}
    assert plan.steps[1].changes["note"] == (None, "[unknown]")
    assert sandbox.names() == []
    assert not sandbox.state_file.exists()


def test_update_and_replace(sandbox):
    sandbox.program("Thing('a', 3)\n").engine().up()
    updated = sandbox.program("Thing('a', 4)\n").engine().up()
    assert updated.counts == {"update": 1}
    assert updated.steps[0].changes == {"size": (3, 4)}
    assert (sandbox.things / "a-0").read_text() == "4"
    replaced = sandbox.program("Thing('a', 4, 'b')\n").engine().up()
    assert replaced.counts == {"replace": 1, "delete": 1}
    assert sandbox.names() == ["b-1"]


def test_delete_before_replace(sandbox):
    sandbox.program("Thing('a', opts=O(delete_before_replace=True))\n").engine().up()
    result = sandbox.program("Thing('a', kind='b', opts=O(delete_before_replace=True))\n").engine().up()
    assert result.counts == {"replace": 1}
    assert sandbox.names() == ["b-0"]


def test_what_is_no_longer_in_the_program_goes_and_destroy_goes_backwards(sandbox):
    sandbox.program("a = Thing('a')\nb = Thing('b', note=a.made)\nThing('c', opts=O(depends_on=[b]))\nThing('d')\n").engine().up()
    sandbox.program("a = Thing('a')\nb = Thing('b', note=a.made)\nThing('c', opts=O(depends_on=[b]))\n")
    assert sandbox.engine().up().counts == {"same": 3, "delete": 1}
    (sandbox.folder / "deleted").unlink()
    result = sandbox.engine().destroy()
    assert result.counts == {"delete": 3}
    assert sandbox.names() == []
    assert [step.name for step in result.steps] == ["c", "b", "a"]
    assert sandbox.engine().state().resources == []


def test_protected_is_not_deleted(sandbox):
    sandbox.program("Thing('a', opts=O(protect=True))\n").engine().up()
    result = sandbox.engine().destroy()
    assert not result.ok
    assert result.error.startswith("a: protected, not deleted")
    assert sandbox.names() == ["a-0"]


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize(("before", "after"), [(True, True), (True, False), (False, True)])
def test_protected_is_not_replaced(sandbox, first, before, after):
    program = f"Thing('a', kind={{!r}}, opts=O(protect={{}}, delete_before_replace={first}))\n"
    sandbox.program(program.format("a", before)).engine().up()
    sandbox.program(program.format("b", after))
    for result in (sandbox.engine().preview(), sandbox.engine().up()):
        assert result.error == "a: protected, not replaced; lift `protect` by an `up` of its own first"
        assert (sandbox.names(), len(sandbox.engine().state().resources)) == (["a-0"], 2)  # the stack is one


def test_retained_stays_and_ignored_changes_are_ignored(sandbox):
    sandbox.program("Thing('a', 1, opts=O(retain_on_delete=True, ignore_changes=['size']))\n").engine().up()
    again = sandbox.program("Thing('a', 2, opts=O(retain_on_delete=True, ignore_changes=['size']))\n").engine().up()
    assert again.counts == {"same": 1}
    assert sandbox.engine().destroy().ok
    assert sandbox.names() == ["a-0"]


def test_a_failure_keeps_what_was_done_and_the_next_run_completes_it(sandbox):
    sandbox.program("a = Thing('a')\nb = Thing('b', 13, note=a.made)\nThing('c', note=b.made)\n")
    result = sandbox.engine().up()
    assert not result.ok
    assert result.error == "b: thirteen is refused"
    assert sandbox.names() == ["a-0"]
    repaired = sandbox.program("a = Thing('a')\nb = Thing('b', 12, note=a.made)\nThing('c', note=b.made)\n").engine().up()
    assert repaired.counts == {"same": 1, "create": 2}


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("Thing('a', 100)\n", "a: size: wanted under 100"),
        ("raise pulumi.RunError('in one line')\n", "in one line"),
        ("Thing('a')\nThing('a')\n", "a: two resources have the URN"),
        ("pulumi.CustomResource('aws:ec2/instance:Instance', 'vm', {})\n", "vm: aws:ec2/instance:Instance needs the Pulumi CLI"),
        ("Thing('a', opts=O(import_='x'))\n", "a: the option import_ needs the Pulumi CLI"),
        ("Thing('a', opts=O(aliases=[pulumi.Alias(name='b')]))\n", "a: the option aliases needs the Pulumi CLI"),
    ],
)
def test_what_is_refused_is_said_in_one_line(sandbox, program, said):
    for result in (sandbox.program(program).engine().preview(), sandbox.engine().up()):
        assert not result.ok
        assert result.error.startswith(said)
        assert "\n" not in result.error
        assert result.beyond == (said.removesuffix(" needs the Pulumi CLI") if said.endswith("CLI") else None)


def test_an_error_in_the_program_names_its_line(sandbox):
    result = sandbox.program("x = 1\ny = x / 0\n").engine().preview()
    assert result.error.startswith("ZeroDivisionError: division by zero")
    assert "__main__.py:5" in result.error


def test_secrets_stay_secret(sandbox):
    secret = "correct horse battery"
    sandbox.program(f"a = Thing('a', note=pulumi.Output.secret({secret!r}))\npulumi.export('note', a.note)\n")
    plan, up = sandbox.engine().preview(), sandbox.engine().up()
    assert up.outputs == {"note": secret}
    assert up.secret_outputs == {"note"}
    told = repr((plan.steps, up.steps, sandbox.events)) + sandbox.state_file.read_text()
    for form in (secret, base64.b64encode(secret.encode()).decode(), secret.replace(" ", "%20"), secret.replace(" ", "+")):
        assert form not in told
    assert sandbox.state_file.stat().st_mode & 0o777 == 0o600
    assert sandbox.engine().state().outputs == {"note": secret}
    assert sandbox.engine().up().counts == {"same": 1}


def test_killed_in_the_middle(sandbox):
    program = "a = Thing('a')\nThing('b', {}, note=a.made)\n"
    sandbox.program(program.format(66))
    done = subprocess.run([sys.executable, "-c", RUN, str(sandbox.folder), str(ROOT)], check=False)
    assert done.returncode == -9
    result = sandbox.program(program.format(5)).engine().up()
    assert result.counts == {"same": 1, "create": 1}
    assert any("cut off in: create b" in event.text for event in sandbox.events)


def test_who_interrupts_twice_has_the_lock_as_long_as_a_provider_may_write_the_state(sandbox):
    slow = "own.ThingProvider.create = lambda *_: print('works', flush=True) or time.sleep(60)"
    sandbox.program(f"import {sandbox.module} as own, time\n{slow}\nThing('a')\n")
    code = RUN.replace("Engine(project", "try: Engine(project") + "except KeyboardInterrupt: print('interrupted', flush=True); input()\n"
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    with subprocess.Popen([sys.executable, "-c", code, str(sandbox.folder), str(ROOT)], **pipes) as running:
        said = [running.stdout.readline()]
        while not said[1:]:
            running.send_signal(signal.SIGINT)
            said += [running.stdout.readline()] if select.select([running.stdout.fileno()], [], [], 0.5)[0] else []
        with pytest.raises(LockedError), locked(sandbox.state_file.with_name("state.lock"), "up", lambda text: None, wait=0):
            running.kill()
        running.kill()
    assert said == [b"works\n", b"interrupted\n"]
    assert sandbox.program("Thing('a')\n").engine().up().counts == {"create": 1}


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 99, "resources": []}', '{"version": 1, "resources": null}'])
def test_a_damaged_state_is_told_and_kept(sandbox, damage):
    sandbox.program("Thing('a')\n").engine().up()
    sandbox.state_file.write_text(damage)
    with pytest.raises(SlipwayError, match=r"state\.json: .*nothing was changed") as error:
        sandbox.engine().up()
    assert "\n" not in str(error.value)
    assert sandbox.state_file.read_text() == damage


def test_the_state_of_another_stack_is_refused(sandbox):
    sandbox.program("Thing('a')\n").engine().up()
    state = json.loads(sandbox.state_file.read_text())
    sandbox.state_file.write_text(json.dumps({**state, "stack": "prod"}))
    with pytest.raises(SlipwayError, match="wanted the state of trial/dev, found project trial, stack prod"):
        sandbox.engine().up()


def _hold(path: Path, ready, seconds: float) -> None:
    with locked(path, "up", lambda text: None):
        ready.set()
        time.sleep(seconds)


def test_two_at_once_one_waits(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "lock", ready, 1.5))
    other.start()
    assert ready.wait(20)
    said: list[str] = []
    with pytest.raises(LockedError, match=r"held by .* wait, or end that process"), locked(tmp_path / "lock", "up", said.append, wait=0.3):
        raise AssertionError("two hold the lock")
    with locked(tmp_path / "lock", "up", said.append):
        assert not other.is_alive() or os.getpid()
    other.join()
    assert said[0].startswith("waiting for ")
    assert "(up, since" in said[0]
