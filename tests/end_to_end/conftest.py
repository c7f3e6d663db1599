"""A copy of the project in a folder that other users may read, launched for real by its own command line."""

import os
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ports
import pytest
from project import Project
from pulumi_cli import PulumiCli

WSGI = """
import os, sqlite3, time
from flask import Flask, request

app = Flask(__name__)
VERSION = "one"

@app.get("/")
def home():
    return VERSION

@app.get("/slow")
def slow():
    time.sleep(2)
    return "slow"

@app.post("/take")
def take():
    return str(len(request.get_data()))

@app.get("/env/<name>")
def env(name):
    return os.environ.get(name, "")

@app.post("/rows")
def add():
    with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"), timeout=20) as base:
        base.execute("INSERT INTO rows (text) VALUES (?)", (request.get_data(as_text=True),))
    return "added"

@app.get("/rows")
def rows():
    with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"), timeout=20) as base:
        return [row[0] for row in base.execute("SELECT text FROM rows ORDER BY id")]
"""

MIGRATE = """
import os, sqlite3
base = sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"), isolation_level=None)
for statement in open("schema.sql").read().split(";"):
    base.execute(statement)
"""


class Site(Project):
    """On this machine, behind `port`."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def write_app(self, **files: str) -> None:
        given = {"wsgi.py": WSGI, "requirements.txt": "flask==3.1.3\n", "migrate.py": MIGRATE}
        given["schema.sql"] = "CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, text)"
        self.write_files({**given, **files})

    def write_stack(self, **config: Any) -> None:
        given: dict[str, Any] = {
            "target": "local",
            "app": {"name": "shop", "path": "./app", "releaseCommand": "python migrate.py"},
            "database": {"engine": "sqlite"},
            "local": {"port": self.port},
        }
        self.write_config({**given, **config})

    def get(self, path: str = "/") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def post(self, path: str, body: str) -> None:
        urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", body.encode(), timeout=10).close()

    def release(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=10) as answer:
            return str(answer.headers["X-Release-Id"])

    def front_pid(self) -> int | None:
        """The front server's main process, as it noted itself."""
        text = (self.tree / "run/slipway/shop/front/pid").read_text().strip()
        return int(text) if text and Path(f"/proc/{text}").exists() else None

    def processes(self) -> list[int]:
        """Every process of this machine that has something to do with the folder, and its group (nginx's workers name no folder)."""
        found, groups = set(), {}
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            pid = int(path.parent.name)
            try:
                groups[pid] = os.getpgid(pid)
                if str(self.folder).encode() in path.read_bytes():
                    found.add(pid)
            except OSError:
                continue
        return [pid for pid, group in groups.items() if pid in found or group in found]


@pytest.fixture
def site() -> Iterator[Site]:
    port = ports.free()
    made = Site(port)
    made.write_app()
    made.write_stack()
    yield made
    done = made.run("destroy", "--yes")
    deadline = time.monotonic() + 60
    while made.processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    left = made.processes()
    for pid in left:
        os.kill(pid, 9)
    made.remove()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))  # nobody listens there any more
    assert not left, f"processes left after destroy: {left}\n{done.stdout}{done.stderr}"


@pytest.fixture
def pulumi(site: Site) -> Iterator[PulumiCli]:
    """The real command line on a state of its own; gives what it printed."""
    run = PulumiCli(site)
    yield run
    run("destroy", "--yes", code=None)
