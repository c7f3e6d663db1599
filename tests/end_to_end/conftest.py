"""A copy of the project in a folder that other users may read, launched for real by its own command line."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ports
import pytest

ROOT = Path(__file__).parents[2]

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


class Site:
    """One project folder with one small app."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.app = folder / "app"
        self.tree = folder / ".slipway/dev"
        own = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
        self.environment = {**own, "HOME": str(folder / "home"), "NO_COLOR": "1", "COLUMNS": "160"}
        (folder / "home").mkdir()

    def write_app(self, **files: str) -> None:
        shutil.rmtree(self.app, ignore_errors=True)
        self.app.mkdir()
        given = {"wsgi.py": WSGI, "requirements.txt": "flask==3.1.3\n", "migrate.py": MIGRATE}
        given["schema.sql"] = "CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, text)"
        for name, text in {**given, **files}.items():
            (self.app / name).write_text(text)

    def write_stack(self, **config: Any) -> None:
        given: dict[str, Any] = {
            "target": "local",
            "app": {"name": "shop", "path": "./app", "releaseCommand": "python migrate.py"},
            "database": {"engine": "sqlite"},
            "local": {"port": self.port},
        }
        values = {f"slipway:{name}": value for name, value in {**given, **config}.items()}
        (self.folder / "Pulumi.dev.yaml").write_text(json.dumps({"config": values}))

    def edit(self, old: str, new: str, name: str = "wsgi.py") -> None:
        text = (self.app / name).read_text()
        assert old in text
        (self.app / name).write_text(text.replace(old, new))

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ops", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300, check=False, **options
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        done = self.run("up", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        return done

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
        text = (self.tree / "run/slipway/shop/front.pid").read_text().strip()
        return int(text) if text and Path(f"/proc/{text}").exists() else None

    def processes(self) -> list[int]:
        """Every process of this machine that has something to do with the folder."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.folder).encode() in path.read_bytes():
                    found.append(int(path.parent.name))
            except OSError:
                continue
        return found


@pytest.fixture
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="slipway-"))
    folder.chmod(0o755)
    for name in ("__main__.py", "Pulumi.yaml", "components", "cloud_init", "ops", "policy", "requirements"):
        (folder / name).symlink_to(ROOT / name)
    port = ports.free()
    made = Site(folder, port)
    made.write_app()
    made.write_stack()
    yield made
    done = made.run("destroy", "--yes")
    deadline = time.monotonic() + 10
    while made.processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    left = made.processes()
    for pid in left:
        os.kill(pid, 9)
    shutil.rmtree(folder, ignore_errors=True)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))  # nobody listens there any more
    assert not left, f"processes left after destroy: {left}\n{done.stdout}{done.stderr}"


@pytest.fixture
def pulumi(site: Site) -> Iterator[Callable[..., str]]:
    """The real command line on a state of its own; gives what it printed."""
    state = site.folder / "backend"
    state.mkdir()
    site.environment |= {
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_HOME": str(site.folder / "pulumi"),
        "HOME": os.environ["HOME"],
    }
    (site.folder / ".venv").symlink_to(sys.prefix)

    def run(*arguments: str, code: int | None = 0) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"], cwd=site.folder, env=site.environment, capture_output=True, text=True, check=False
        )
        text = done.stdout + done.stderr
        assert code is None or done.returncode == code, text
        return text

    run("stack", "init", "dev")
    yield run
    run("destroy", "--yes", code=None)
