"""A bundle runs as App Engine runs it: its requirements installed, its entry point run with PORT and the memory of its class; and by
Google's own development server."""

import http.client
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ports
import pytest
import yaml
from app_engine import MEMORY, PROJECT, REGION, app_engine
from project import ROOT

from components.settings import parse
from components.source.archive import unpack
from components.targets import gcp_appengine

SDK = Path("/usr/lib/google-cloud-sdk")
PYTHON = next(
    (path for version in ("3.13", "3.12", "3.11") for path in sorted(Path("/root/.pyenv/versions").glob(f"{version}*/bin/python3"))), None
)
RELEASE = "0123456789ab"
PUBLISHED = {
    "httpbin": ("httpbin==0.10.2\n", "from httpbin import app\n", "/uuid"),
    "pypiserver": (
        "pypiserver==2.3.2\n",
        "import pypiserver\napp = pypiserver.app(roots=['.'], password_file='.', authenticate=[])\n",
        "/",
    ),
    "radicale": ("radicale==3.5.4\n", "from radicale import application as app\n", "/.web/"),
}
"""Requirements, what to serve, where to ask, of apps that others have published."""
pytestmark = [pytest.mark.cost, pytest.mark.launch]


@pytest.fixture
def there(tmp_path, monkeypatch):
    (tmp_path / "google").mkdir()
    with app_engine(tmp_path / "google", monkeypatch) as made:
        for name in ("SECRET_KEY", "KEY"):
            made.secrets[f"projects/{PROJECT}/secrets/shop-dev-{name}/versions/latest"] = "hunter2"
        yield made


def bundled(folder: Path, place: Path, **app) -> dict:
    """Lays the bundle down as `./slipway bundle` does; its app.yaml."""
    raw = {
        "slipway:target": "gcp-appengine", "slipway:app": {"name": "shop", "python": "3.13", **app},
        "slipway:gcp-appengine": {"project": PROJECT, "region": REGION},
    }  # fmt: skip
    made = gcp_appengine.bundle(parse(raw, ["slipway:secretEnv"], "dev"), folder)
    made.manifest.pack(RELEASE, made.source, place.with_suffix(".tar"))
    unpack(place.with_suffix(".tar"), place)
    return yaml.safe_load((place / "app.yaml").read_text())


def installed(place: Path, document: dict, command: str) -> Path:
    """The environment of the bundle, in which the release command ran as a build of Google's runs it."""
    environment = place.with_name("venv")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    known = {
        **document["env_variables"],
        "PATH": f"{environment}/bin:/usr/bin:/bin",
        "SLIPWAY_COMMAND": command,
        "SLIPWAY_DATABASE": "",
        "HOME": "/tmp",
    }
    subprocess.run(["sh", "files/release.sh"], cwd=place, env=known, check=True)
    return environment


@contextmanager
def running(place: Path, environment: Path, document: dict, there, memory: int):
    """The port of it, and its main process."""
    port, most = ports.free(), memory * 3_000_000
    known = {
        **document["env_variables"], "PORT": str(port), "GAE_MEMORY_MB": str(memory), "PATH": f"{environment}/bin:/usr/bin:/bin",
        "GCE_METADATA_HOST": urlsplit(there.address).netloc, "HOME": "/tmp", "GAE_ENV": "standard",
    }  # fmt: skip
    command = ["/bin/sh", "-c", f"exec {document['entrypoint']}"]
    web = subprocess.Popen(
        command, cwd=place, env=known, start_new_session=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    )
    try:
        yield port, web
    finally:
        with suppress(ProcessLookupError):
            os.killpg(web.pid, signal.SIGTERM)
        web.wait()


def ask(port: int, path: str, within: float = 60):
    """(status, headers, body), as soon as somebody answers."""
    until = time.monotonic() + within
    while True:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with suppress(OSError):
            line.request("GET", path, headers={"X-Appengine-User-Ip": "198.51.100.7", "X-Forwarded-Proto": "https"})
            answer = line.getresponse()
            return answer.status, answer.headers, answer.read()
        assert time.monotonic() < until
        time.sleep(0.2)


def family(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def held(pid: int) -> int:
    """Megabytes that it has for itself, with its share of what it has with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) // 1000


@pytest.mark.parametrize("name", ["example", *PUBLISHED])
def test_an_app_in_the_smallest_class(name, tmp_path, there, capsys):
    path, command = "/healthz", "flask db upgrade | cat"
    extra: dict[str, Any] = {"env": {"DATABASE_URL": f"sqlite:///{tmp_path}/shop.db"}}
    folder = ROOT / "app"
    if name != "example":
        folder = tmp_path / "app"
        folder.mkdir()
        (folder / "requirements.txt").write_text(PUBLISHED[name][0])
        (folder / "wsgi.py").write_text(PUBLISHED[name][1])
        path, extra, command = PUBLISHED[name][2], {"module": "wsgi:app"}, "true"
    document = bundled(folder, tmp_path / "bundle", **extra)
    environment = installed(tmp_path / "bundle", document, command)
    with running(tmp_path / "bundle", environment, document, there, MEMORY["F1"]) as (port, web):
        status, headers, _ = ask(port, path)
        assert (status // 100, headers["X-Release-Id"]) == (2, RELEASE)
        until = time.monotonic() + 10  # the first one may answer before the second is there
        while len(workers := family(web.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        assert len(workers) == 2
        for _ in range(50):
            ask(port, path)
        most = sum(map(held, [web.pid, *workers]))
        assert most < MEMORY["F1"]
        assert ask(port, "/_ah/warmup")[0] in (200, 301, 302, 401, 404)
    with capsys.disabled():
        print(f"\n{name}: {len(workers)} workers, {most} MB of {MEMORY['F1']}")


@pytest.mark.skipif(
    not (SDK / "platform/google_appengine").is_dir() or not PYTHON, reason="Google's SDK or a Python that it knows isn't here"
)
def test_googles_own_development_server(tmp_path, there):
    """It reads app.yaml, installs, asks /_ah/warmup, starts the entry point, serves static files itself."""
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/shop.db"}
    document = bundled(ROOT / "app", tmp_path / "bundle", static={"/static": "showcase/static"}, env=env)
    installed(tmp_path / "bundle", document, "flask db upgrade")
    port = ports.free()
    words = [SDK / "platform/bundledpythonunix/bin/python3", SDK / "platform/google_appengine/dev_appserver.py"]
    hosts = [f"--{name}=127.0.0.1" for name in ("host", "admin_host", "api_host")]
    numbers = [f"--port={port}", f"--admin_port={ports.free()}", f"--api_port={ports.free()}"]
    more = [f"--runtime_python_path={PYTHON}", "--skip_sdk_update_check=yes", f"--storage_path={tmp_path / 'storage'}"]
    told = [f"--env_var=GCE_METADATA_HOST={urlsplit(there.address).netloc}", "--application=shop-123456"]
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen([*words, *hosts, *numbers, *more, *told, "app.yaml"], cwd=tmp_path / "bundle", stdout=log, stderr=log,
                                  start_new_session=True)  # fmt: skip
    try:
        status, headers, _ = ask(port, "/healthz", within=400)
        assert (status, headers["X-Release-Id"]) == (200, RELEASE), (tmp_path / "log").read_text()[-3000:]
        (file, *_) = sorted(path for path in (ROOT / "app/showcase/static").iterdir() if path.is_file())
        status, _, body = ask(port, f"/static/{file.name}")
        assert (status, body) == (200, file.read_bytes())
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
