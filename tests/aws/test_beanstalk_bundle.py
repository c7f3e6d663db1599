"""A bundle as Elastic Beanstalk runs it: its Procfile with PORT behind a real nginx of the platform's shape, with our pieces of it.

The tree of nginx is written after what the platform's own is said to be: `conf.d/*.conf` in the http block, and in the server block
`conf.d/elasticbeanstalk/*.conf`, the platform's own locations among them. A balancer that stands in for Amazon's says who the client is.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import cases
import ports
import pytest

from cloud_init.host import contracts
from components.platforms import Sendable
from components.platforms.beanstalk import _zipped
from components.release.bundle import Bundle

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
pytestmark = pytest.mark.skipif(not os.access(NGINX, os.X_OK), reason="nginx isn't installed")
APP = """
import os

def app(environ, start):
    if environ["PATH_INFO"] == "/broken" or os.environ.get("BROKEN"):
        start("500 Broken", [])
        return [b""]
    start("200 OK", [("Content-Type", "text/plain")])
    names = ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "PATH_INFO", "HTTP_X_FORWARDED_PROTO")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return [(" ".join(str(environ.get(name)) for name in names) + f" {len(body)} {os.environ.get('TOKEN')}").encode()]
"""
TREE = """
{user}
worker_processes 1;
daemon off;
pid {root}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    include /etc/nginx/mime.types;
    access_log {root}/access.log;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    include {root}/conf.d/*.conf;
    map $http_upgrade $connection_upgrade {{ default "upgrade"; }}
    server {{
        listen 127.0.0.1:{port} default_server;
        client_header_timeout 60;
        client_body_timeout 60;
        keepalive_timeout 60;
        gzip off;
        include {root}/conf.d/elasticbeanstalk/*.conf;
    }}
}}
"""
APPLICATION = """
location / {{
    proxy_pass http://127.0.0.1:{app};
    proxy_http_version 1.1;
    proxy_set_header Connection $connection_upgrade;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
}}
"""


class Platform:
    """One instance: the app by its Procfile, and nginx before it."""

    def __init__(self, folder: Path, case: cases.Case) -> None:
        self.folder, self.current, self.processes = folder, folder / "current", list[subprocess.Popen[bytes]]()
        plan = case.recorded(answered=True).plan
        (deploy,) = (one for one in plan.resources if one.type.endswith(":Deploy"))
        (environment,) = plan.of("aws:elasticbeanstalk/environment:Environment")
        self.settings = {(one["namespace"], one["name"]): one["value"] for one in environment.inputs["settings"]}
        self.bundle = contracts.read(Bundle, json.loads(deploy.inputs["bundle"]))
        packed = _zipped(Sendable("0" * 12, self.bundle, Path(deploy.inputs["source"]), {}))
        with zipfile.ZipFile(io.BytesIO(packed)) as made:
            made.extractall(self.current)
        self.app, self.port = ports.free(), ports.free()
        self.path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        self.procfile = dict(line.split(": ", 1) for line in (self.current / "Procfile").read_text().splitlines())

    def start(self, **secrets: str) -> None:
        space = "aws:elasticbeanstalk:application:environment"
        public = {name: value for (one, name), value in self.settings.items() if one == space}
        assert public["PORT"] == "8000"  # what nginx of the platform asks; here several stand side by side
        own = {"PATH": self.path, "HOME": str(self.folder), "PORT": str(self.app)}
        self.environment = {**public, **secrets, **own}
        self._run(["/bin/sh", "-c", f"exec {self.procfile['web']}"], cwd=self.current, env=self.environment)
        shutil.copytree(self.current / ".platform/nginx/conf.d", self.folder / "conf.d")
        for path in (self.folder / "conf.d").rglob("*.conf"):
            path.write_text(path.read_text().replace("127.0.0.1:8000", f"127.0.0.1:{self.app}"))
        own_folder = self.folder / "conf.d/elasticbeanstalk"
        (own_folder / "00_application.conf").write_text(APPLICATION.format(app=self.app))
        static = [(name, value) for (space, name), value in self.settings.items() if space.endswith(":proxy:staticfiles")]
        texts = (f"location {url} {{ alias {self.current}/{path}; }}\n" for url, path in static)
        (own_folder / "01_static.conf").write_text("".join(texts))
        (self.folder / "nginx.conf").write_text(
            TREE.format(root=self.folder, port=self.port, user="user root;" if os.geteuid() == 0 else "")
        )
        subprocess.run([NGINX, "-t", "-q", "-c", str(self.folder / "nginx.conf")], check=True)
        self._run([NGINX, "-c", str(self.folder / "nginx.conf")])
        end = time.monotonic() + 30
        while self.get("/-/ready")[0] != 200 and time.monotonic() < end:
            time.sleep(0.1)

    def get(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, str, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, named)
        try:
            with urllib.request.build_opener(NoRedirect).open(asked, timeout=10) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers
        except OSError:
            return 0, "", {}

    def _run(self, command: list[str], **more: Any) -> None:
        log = (self.folder / "log").open("ab")
        self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, **more))

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
            process.wait(20)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@pytest.fixture
def made(tmp_path: Path) -> Any:
    running: list[Platform] = []

    def make(case: cases.Case) -> Platform:
        running.append(Platform(tmp_path / "instance", case))
        return running[-1]

    (tmp_path / "instance").mkdir()
    yield make
    for one in running:
        one.stop()


def own_app(folder: Path, **changes: Any) -> cases.Case:
    """A small app, on a fleet with a domain."""
    app = folder / "app"
    (app / "assets").mkdir(parents=True)
    (app / "wsgi.py").write_text(APP)
    (app / "requirements.txt").write_text("")
    (app / "assets/logo.txt").write_text("a logo")
    case = cases.read(cases.ROOT / "stacks/aws-beanstalk.yaml")
    name = {"name": "shop", "path": os.path.relpath(app, cases.ROOT), "module": "wsgi:app", "static": {"/assets": "assets"}}
    more = {"slipway:app": {**name, "healthPath": "/healthz", **changes.pop("app", {})}, "slipway:database": {"engine": "none"}}
    return case.with_({**more, **changes})


def test_answers_come_as_they_should_through_the_platforms_nginx(made: Any, tmp_path: Path) -> None:
    case = own_app(tmp_path, **{"slipway:http": {"maxBody": "100KB"}})
    platform = made(case)
    platform.start(TOKEN="t0ken")
    status, text, headers = platform.get("/hello", X_Forwarded_Proto="https", X_Forwarded_For="198.51.100.1, 203.0.113.9")
    # The last address is the balancer's word; nginx believes it for private networks alone, and this test comes from none.
    assert (status, text, headers["X-Release-Id"]) == (200, "127.0.0.1 https 127.0.0.1 /hello https 0 t0ken", "0" * 12)
    assert platform.get("/-/live")[:2] == (200, "live\n")
    assert platform.get("/-/ready")[1] == "127.0.0.1 https www.example.com /healthz https 0 t0ken"
    assert platform.get("/assets/logo.txt")[1] == "a logo"
    assert platform.get("/assets/../wsgi.py")[0] in (400, 404) or "def app" not in platform.get("/assets/../wsgi.py")[1]
    assert platform.get("/up", b"x" * 100_000, X_Forwarded_Proto="https")[1].split()[5] == "100000"
    assert platform.get("/up", b"x" * 100_001)[0] == 413
    status, _, headers = platform.get("/a?b=c", X_Forwarded_Proto="http", Host="www.example.com")
    assert (status, headers["Location"]) == (301, "https://www.example.com/a?b=c")
    assert platform.get("/broken", X_Forwarded_Proto="https")[0] == 500


def test_the_clients_address_comes_through_a_balancer_in_the_network(made: Any, tmp_path: Path) -> None:
    """Loopback stands in for the network that the balancer is in."""
    platform = made(own_app(tmp_path))
    conf = platform.current / ".platform/nginx/conf.d/slipway.conf"
    assert [line for line in conf.read_text().splitlines() if line.startswith("set_real")] == [
        "set_real_ip_from 10.0.0.0/8;", "set_real_ip_from 172.16.0.0/12;", "set_real_ip_from 192.168.0.0/16;"
    ]  # fmt: skip
    conf.write_text(conf.read_text().replace("10.0.0.0/8", "127.0.0.0/8"))
    platform.start()

    class Balancer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came = self.headers.get("X-Forwarded-For")
            said = f"{came}, 203.0.113.9" if came else "203.0.113.9"
            body = platform.get(self.path, X_Forwarded_For=said, X_Forwarded_Proto="https", X_Forwarded_Port="443")[1].encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    balancer = ThreadingHTTPServer(("127.0.0.1", 0), Balancer)
    Thread(target=balancer.serve_forever, daemon=True).start()
    asked = urllib.request.Request(f"http://127.0.0.1:{balancer.server_port}/", headers={"X-Forwarded-For": "198.51.100.1"})
    with urllib.request.urlopen(asked) as answer:
        assert answer.read().decode().split()[:2] == ["203.0.113.9", "https"]
    balancer.shutdown()


def test_a_broken_release_is_not_ready(made: Any, tmp_path: Path) -> None:
    """So the load balancer never gives its instances a request."""
    platform = made(own_app(tmp_path))
    platform.start()
    platform.processes[0].terminate()
    platform.processes[0].wait()
    assert platform.get("/-/ready")[0] == 502
    assert platform.get("/-/live")[0] == 200


def test_behind_the_door_static_files_are_the_apps(made: Any, tmp_path: Path) -> None:
    platform = made(own_app(tmp_path, **{"slipway:http": {"allow": ["192.0.2.0/24"]}}))
    assert not [key for key in platform.settings if key[0].endswith("staticfiles")]
    assert "whitenoise" in (platform.current / "requirements.txt").read_text()


def test_processes_and_the_release_command_run_in_the_apps_folder(made: Any, tmp_path: Path) -> None:
    command = 'pwd > $HOME/said; echo "$TOKEN" >> $HOME/said; python -c "print(\'a: %s\' % 1)" >> $HOME/said'
    platform = made(own_app(tmp_path, app={"processes": {"worker": command}, "releaseCommand": command}))
    assert platform.procfile["worker"] == "sh files/process-worker.sh"
    (said,) = json.loads((platform.current / ".ebextensions/slipway.config").read_text())["container_commands"].values()
    assert said == {"command": "bash -o pipefail files/release-command.sh", "leader_only": True}
    for line in (platform.procfile["worker"], said["command"]):
        environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "TOKEN": "t"}
        subprocess.run(["/bin/sh", "-c", line], cwd=platform.current, env=environment, check=True)
        assert (tmp_path / "said").read_text().splitlines() == [str(platform.current / "src"), "t", "a: 1"]
        (tmp_path / "said").unlink()


def installed(platform: Platform, folder: Path) -> Path:
    """An environment made of the bundle's own requirements, as the platform makes one; the app runs in it."""
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([str(venv / "bin/pip"), "install", "-q", "-r", "requirements.txt"], cwd=platform.current, check=True)
    platform.path = f"{venv}/bin:/usr/bin:/bin"
    return venv


@pytest.mark.cost
def test_an_app_that_others_have_published(made: Any, tmp_path: Path) -> None:
    case = own_app(tmp_path, **{"slipway:http": {"maxBody": "1MB"}})
    (tmp_path / "app/wsgi.py").write_text("from httpbin import app\n")
    (tmp_path / "app/requirements.txt").write_text("httpbin==0.10.4\n")
    platform = made(case.with_({"slipway:app.healthPath": "/status/200"}))
    installed(platform, tmp_path)
    platform.start()
    asked = {"X_Forwarded_Proto": "https", "Host": "www.example.com"}
    status, text, headers = platform.get("/get?a=b", **asked)
    assert (status, json.loads(text)["url"], headers["X-Release-Id"]) == (200, "https://www.example.com/get?a=b", "0" * 12)
    assert [platform.get(f"/status/{code}", **asked)[0] for code in (204, 404, 418, 503)] == [204, 404, 418, 503]
    assert len(json.loads(platform.get("/post", b"x" * 900_000, **asked)[1])["form"]) == 1
    assert platform.get("/stream/20", **asked)[1].count("\n") == 20


@pytest.mark.cost
@pytest.mark.parametrize(
    ("required", "app", "page", "words"),
    [
        ("pypiserver==2.4.2\n", "import pypiserver\napp = pypiserver.app(roots=['.'])\n", "/", "Welcome to pypiserver"),
        ("radicale==3.5.4\n", "from radicale import application as app\n", "/.web/", "Radicale"),
    ],
)
def test_more_apps_that_others_have_published(made: Any, tmp_path: Path, required: str, app: str, page: str, words: str) -> None:
    case = own_app(tmp_path)
    (tmp_path / "app/wsgi.py").write_text(app)
    (tmp_path / "app/requirements.txt").write_text(required)
    platform = made(case.with_({"slipway:app.healthPath": page}))
    installed(platform, tmp_path)
    platform.start()
    status, text, headers = platform.get(page, X_Forwarded_Proto="https", Host="www.example.com")
    assert (status, headers["X-Release-Id"]) == (200, "0" * 12), text
    assert words in text


@pytest.mark.cost
def test_the_example_app(made: Any, tmp_path: Path) -> None:
    """The app's database is elsewhere; its release command runs as the leader's does, without the environment on its PATH."""
    platform = made(cases.read(cases.ROOT / "stacks/aws-beanstalk.yaml").with_({"slipway:database": {"engine": "none"}}))
    venv = installed(platform, tmp_path)
    platform.start(SECRET_KEY="k" * 32, DATABASE_URL=f"sqlite:///{platform.folder}/app.db")
    command = (platform.current / "files/release-command.sh").read_text()
    (platform.current / "files/release-command.sh").write_text(command.replace("/var/app/venv/*", str(venv)))
    own = {**platform.environment, "PATH": "/usr/bin:/bin"}
    subprocess.run(["/bin/sh", "files/release-command.sh"], cwd=platform.current, env=own, check=True)
    status, text, headers = platform.get("/", X_Forwarded_Proto="https", Host="www.example.com")
    assert (status, headers["X-Release-Id"]) == (200, "0" * 12), text + (platform.folder / "log").read_text()
    file = next(path for path in (platform.current / "src/showcase/static").rglob("*") if path.is_file())
    assert platform.get(f"/static/{file.relative_to(platform.current / 'src/showcase/static')}")[0] == 200
