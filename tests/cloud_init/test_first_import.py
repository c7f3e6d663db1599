"""The wrapped app in processes of its own: the first import on a host is alone, whoever is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cloud_init.host_files import Server, WebHost
from cloud_init.render import server_files

APP = """
import os, time
def say(word):
    with open("said", "a") as file:
        file.write(f"{word} {os.getpid()}\\n")
say("begin")
if os.path.exists("broken"):
    os.unlink("broken")
    raise SystemExit(1)
time.sleep(float(os.environ.get("SECONDS", "0.3")))
say("end")
def app(environ, start): pass
"""


class Host:
    """A release and the two colours of a host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for file in server_files(WebHost("wsgi:app", Server("uwsgi"))):
            (folder / file.path).parent.mkdir(exist_ok=True)
            (folder / file.path).write_text(file.content)
        self.source = folder / "src"
        self.source.mkdir()
        (self.source / "wsgi.py").write_text(APP)
        for colour in ("blue", "green"):
            (folder / "run" / colour / "own").mkdir(parents=True)

    def worker(self, colour="blue", **environment):
        told = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.folder / "files"),
            "SLIPWAY_OWN": str(self.folder / "run" / colour / "own"),
        }
        return subprocess.Popen(
            [sys.executable, "-c", "import slipway_wsgi"], cwd=self.source, env={**told, **environment}, stderr=subprocess.PIPE
        )

    def said(self):
        path = self.source / "said"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    def begun(self):
        deadline = time.monotonic() + 10
        while not self.said():
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def ended(*workers):
    return [one.wait(20) for one in workers]


def test_the_first_import_of_a_colour_is_alone_then_all_at_once(host):
    assert ended(*[host.worker() for _ in range(4)]) == [0] * 4
    assert host.said()[:2] == ["begin", "end"]
    assert host.said()[2:5] == ["begin"] * 3


def test_two_colours_import_one_after_the_other(host):
    assert ended(host.worker("blue"), host.worker("green")) == [0, 0]
    assert host.said() == ["begin", "end", "begin", "end"]


def test_a_worker_that_is_killed_or_fails_lets_the_next_one_begin_alone(host):
    killed = host.worker(SECONDS="60")
    host.begun()
    others = [host.worker() for _ in range(2)]
    killed.send_signal(signal.SIGKILL)
    assert ended(killed, *others) == [-signal.SIGKILL, 0, 0]
    assert host.said() == ["begin", "begin", "end", "begin", "end"]
    (host.source / "said").unlink()
    (host.source / "broken").touch()
    (host.folder / "run/blue/own/app.imported").unlink()
    assert sorted(ended(host.worker(), host.worker())) == [0, 1]
    assert host.said() == ["begin", "begin", "end"]


def test_an_app_that_ends_itself_as_it_is_imported_is_told_by_name(host):
    """A server takes SystemExit for a worker that goes, and starts the next one without a word."""
    (host.source / "broken").touch()
    _, told = host.worker().communicate(timeout=30)
    assert b"RuntimeError: the app called sys.exit(1) as it was imported" in told.splitlines()[-1]


def test_a_worker_of_what_serves_waits_for_nobody(host):
    (host.folder / "run/green/own/app.imported").touch()
    candidate = host.worker("blue", SECONDS="60")
    host.begun()
    assert ended(host.worker("green")) == [0]
    candidate.kill()
    candidate.wait()


def test_without_a_host_nothing_is_locked(host):
    assert ended(host.worker(SLIPWAY_OWN="")) == [0]
