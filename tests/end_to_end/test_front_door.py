"""`./slipway` drives the Pulumi CLI: what each command shows, asks and ends with. Runs where `pulumi` is on PATH.

Only the CLI itself shows what it really tells of a run; how that is read is tested without it in tests/ops/test_automation.py."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")


def test_the_stack_of_this_machine_on_demand(site, pulumi):
    """Up, an unchanged one, a broken release, a rollback and destroy, all through the one command."""
    pulumi("stack", "rm", "--yes", "--preserve-config", "dev")
    assert site.run("adopt", "--to-pulumi", "--yes").returncode == 0
    for words, code in ((["preview"], 2), (["destroy", "--yes"], 2), (["up"], 2)):
        done = site.run(*words, stdin=subprocess.DEVNULL)
        assert (done.returncode, len(done.stderr.splitlines())) == (code, 1), done.stdout + done.stderr
    assert site.processes() == []

    done = site.run("up", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.get() == "one"
    first = site.release()
    lines = done.stdout.splitlines()
    assert "shop  Local" in [line.rstrip() for line in lines]
    assert any(line.endswith(f"wsgi:app, database sqlite, served at http://127.0.0.1:{site.port}") for line in lines)
    assert "3 to create, 0 unchanged" in lines
    assert any(line.startswith("  done local: gate  ") for line in lines)
    assert any(line.startswith("done creating shop-rollout (Rollout)  ") for line in lines)
    assert lines[-1] == f"Done: http://127.0.0.1:{site.port} serves release {first}"

    assert site.run("up").stdout.startswith(f"Nothing to do: http://127.0.0.1:{site.port} serves release {first}")
    site.edit('"one"', '"two"')
    told = json.loads(site.run("preview", "--json").stdout)
    assert (told["ok"], told["counts"]) == (True, {"create": 0, "update": 1, "replace": 0, "delete": 0, "same": 2})
    changed = {step["name"]: step["changes"] for step in told["steps"] if step["op"] == "update"}
    assert changed["shop-rollout"]["release"]["old"] == first

    site.edit("VERSION = ", "raise RuntimeError('broken')\nVERSION = ")
    done = site.run("up", "--yes")
    assert done.returncode == 1
    assert done.stderr.startswith("slipway: release ")
    assert f"release {first} still serves\nlocal, gate: the server ended as it started: RuntimeError: broken" in done.stderr
    assert "unhandled" not in done.stdout + done.stderr
    assert site.release() == first

    done = site.run("destroy", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Destroyed stack dev." in done.stdout
    assert f"Stays: {site.tree / 'srv/slipway/shop/shared'}" in done.stdout
    assert site.processes() == []


def test_a_locked_stack_and_an_interrupted_run(site, pulumi):
    """Ctrl-C is passed on: the CLI ends by itself, lets its lock go, and nothing of it is left."""
    assert site.run("adopt", "--to-pulumi", "--yes").returncode == 0
    site.write_app(**{"migrate.py": "import time\ntime.sleep(20)\n"})
    running = subprocess.Popen(
        [sys.executable, "-m", "ops", "up", "--yes"], cwd=site.folder, env=site.environment, stdout=subprocess.PIPE, text=True
    )
    for line in running.stdout:
        if "venv" in line:
            break
    locked = site.run("up", "--yes")
    assert (locked.returncode, len(locked.stderr.splitlines())) == (4, 1), locked.stdout + locked.stderr
    assert "pulumi cancel --stack dev" in locked.stderr
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=120)
    assert running.returncode == 130
    deadline = time.monotonic() + 10
    while clis(site) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert clis(site) == []
    site.write_app()
    assert site.run("up", "--yes").returncode == 0
    assert site.get() == "one"


def clis(site):
    """The CLI's processes that work in the folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith("pulumi") and os.readlink(f"/proc/{pid}/cwd") == str(
                site.folder
            ):
                found.append(int(pid))
        except OSError:
            continue
    return found


PROGRAM = """
import pulumi
from components import settings

settings.load()
def book(name, title, size, **options):
    inputs = {"title": title, "size": size, "note": pulumi.Output.secret("hunter2")}
    return pulumi.CustomResource("shelf:index:Book", name, inputs, pulumi.ResourceOptions(**options))

first = book("first", TITLE, SIZE)
book("kept", "atlas", 4, protect=PROTECT)
pulumi.export("url", "http://127.0.0.1")
pulumi.export("release", first.id)
pulumi.export("target", "local")
"""


def test_a_stack_of_a_provider(site, pulumi, tmp_path):
    """A program asks for what no provider here makes: the CLI does it, and what is protected stays."""
    plugin = tmp_path / "pulumi-resource-shelf"
    plugin.write_text(f"#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name('shelf_provider.py')}\n")
    plugin.chmod(0o755)
    site.environment["PATH"] = f"{tmp_path}:{site.environment.get('PATH') or os.environ['PATH']}"
    program = site.folder / "__main__.py"
    program.unlink()

    def write(size, title="novel", protect=True):
        text = PROGRAM.replace("TITLE", repr(title)).replace("SIZE", str(size))
        program.write_text(text.replace("PROTECT", str(protect)))

    write(8)
    nobody = site.run("up", stdin=subprocess.DEVNULL)
    asked = "slipway: nobody can be asked here: pass --yes to go on"
    assert (nobody.returncode, nobody.stderr.splitlines()[-1]) == (2, asked)  # a provider makes it, who knows where
    done = site.run("up", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+ first  Book" in done.stdout
    assert "2 to create, 0 unchanged" in done.stdout
    assert "hunter2" not in done.stdout
    write(9)
    done = site.run("up", stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, asked)
    lines = "\n".join(map(str.rstrip, done.stdout.splitlines())) + "\n"
    assert "± first  Book  replaced\n    size: 8 -> 9\n1 to replace, 1 unchanged\n" in lines
    told = json.loads(site.run("up", "--yes", "--json").stdout)
    assert (told["ok"], told["counts"]) == (True, {"create": 0, "update": 0, "replace": 1, "delete": 0, "same": 1})
    write(10, title="refused")
    done = site.run("up", "--yes")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("slipway: first: "), done.stderr
    assert "no such book" in done.stderr

    write(9)
    done = site.run("destroy", "--yes", "--with-data", "shop")
    assert (done.returncode, "nothing was removed" in done.stderr) == (2, True)
    write(9, protect=False)
    done = site.run("destroy", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Stays: kept  shelf:index:Book  -\nTo remove it too: set slipway:keepData: false" in done.stdout
    assert site.run("up", "--yes").returncode == 0
    done = site.run("destroy", "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Destroyed stack dev."), done.stdout + done.stderr
