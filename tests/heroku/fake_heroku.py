"""A Heroku on loopback that really unpacks, checks, runs release commands and serves: the part of the Platform API
that is asked, dynos as processes, a router before them. Unless told to, nothing is installed: apps run in the environment of the tests."""

import io
import logging
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import flask
import ports
from honcho.environ import parse_procfile  # type: ignore[import-untyped]
from werkzeug.serving import make_server

PACKAGES = ("requirements.txt", "Pipfile.lock", "poetry.lock", "uv.lock")
PAID = ("standard", "performance")
KEY = "the-key"
CLIENT = "203.0.113.9"  # whoever asks, as the router sees it


class Refused(Exception):
    """An answer of the Platform API that isn't 2xx."""

    def __init__(self, status: int, id: str, message: str) -> None:
        super().__init__(message)
        self.answer = {"id": id, "message": message}, status


class Stream:
    """Lines of an output, given to who asks as they come."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ended = False
        self.changed = threading.Condition()

    def say(self, text: str) -> None:
        with self.changed:
            self.lines.append(text + "\n")
            self.changed.notify_all()

    def end(self) -> None:
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def __iter__(self) -> Iterator[str]:
        at = 0
        while at < len(self.lines) or not self.ended:
            with self.changed:
                while at == len(self.lines) and not self.ended:
                    self.changed.wait()
                new = self.lines[at:]
            yield from new
            at += len(new)


@dataclass
class App:
    """One app: what it was told, what it keeps, what runs."""

    name: str
    region: str
    stack: str
    folder: Path
    port: int = field(default_factory=ports.free)
    config: dict[str, str] = field(default_factory=dict)
    builds: dict[str, dict[str, Any]] = field(default_factory=dict)
    releases: list[dict[str, Any]] = field(default_factory=list)
    formation: dict[str, dict[str, Any]] = field(default_factory=dict)
    addons: list[dict[str, Any]] = field(default_factory=list)
    domains: list[dict[str, Any]] = field(default_factory=list)
    features: dict[str, bool] = field(default_factory=lambda: {"preboot": False})
    dynos: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    web: int | None = None
    maintenance: bool = False
    acm: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.name, "name": self.name, "web_url": f"http://127.0.0.1:{self.port}/", "acm": self.acm,
            "region": {"name": self.region}, "build_stack": {"name": self.stack}, "maintenance": self.maintenance,
            "slug_size": 1000 if self.releases else None,
        }  # fmt: skip

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def current(self) -> dict[str, Any] | None:
        return next((one for one in self.releases if one["current"]), None)


class Heroku:
    """All of it. `calls`: what the API was asked; `cut`: calls whose answer is lost, by how they begin, before or after they do
    something; `before_build`: called as a build begins; `quota`: refuses builds; `installs`: by uv, into an environment of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.apps: dict[str, App] = {}
        self.taken = {"taken"}
        self.calls: list[str] = []
        self.cut: dict[str, str] = {}
        self.quota = self.installs = False
        self.before_build: Callable[[App], None] = lambda app: None
        self.sources: dict[str, bytes] = {}
        self.streams: dict[str, Stream] = {}
        self.routers: list[ThreadingHTTPServer] = []
        self.port = ports.free()
        self.server = make_server("127.0.0.1", self.port, Api(self).flask, threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self) -> dict[str, int]:
        """What was asked since the last time, without ids."""
        seen = Counter(self.calls)
        self.calls.clear()
        return dict(seen)

    def changed(self) -> list[str]:
        """Calls since the last time that change something."""
        seen = [one for one in self.calls if not one.startswith("GET")]
        self.calls.clear()
        return seen

    def stop(self) -> None:
        for app in self.apps.values():
            self.stop_dynos(app)
        for router in self.routers:
            router.shutdown()
            router.server_close()
        self.server.shutdown()

    def make(self, name: str, region: str = "us", stack: str = "heroku-26") -> App:
        if name in self.taken or name in self.apps:
            raise Refused(422, "invalid_params", f"Name {name} is already taken")
        app = self.apps[name] = App(name, region, stack, self.folder / name)
        app.folder.mkdir(parents=True)
        router = ThreadingHTTPServer(("127.0.0.1", app.port), type("Router", (Router,), {"app": app}))
        threading.Thread(target=router.serve_forever, daemon=True).start()
        self.routers.append(router)
        return app

    def stream(self) -> tuple[Stream, str]:
        name = str(uuid.uuid4())
        self.streams[name] = Stream()
        return self.streams[name], f"{self.url}/streams/{name}"

    def build(self, app: App, blob: dict[str, Any]) -> dict[str, Any]:
        """Begun at once, done beside."""
        stream, url = self.stream()
        made: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "status": "pending",
            "output_stream_url": url,
            "release": None,
            "slug": None,
            "source_blob": blob,
        }
        app.builds[made["id"]] = made
        self.before_build(app)
        threading.Thread(target=self._build, args=(app, made, stream), daemon=True).start()
        return made

    def _build(self, app: App, made: dict[str, Any], stream: Stream) -> None:
        try:
            slug = app.folder / made["id"]
            packed = self.sources[made["source_blob"]["url"].rpartition("/")[2]]
            stream.say(f"-----> Building on the {app.stack} stack")
            if made["source_blob"]["checksum"] != f"SHA256:{sha256(packed).hexdigest()}":
                raise ValueError("The checksum is wrong.")
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                archive.extractall(slug, filter="data")
            if len(found := [one for one in PACKAGES if (slug / one).exists()]) != 1:
                raise ValueError(f"{'Multiple' if found else 'No'} Python package manager files were found.")
            if "nosuchpackage" in (slug / "requirements.txt").read_text():
                raise ValueError("Unable to install dependencies using pip.")
            stream.say("-----> Installing dependencies using 'pip install -r requirements.txt'")
            if self.installs:
                install(slug, stream)
        except (OSError, ValueError) as error:
            stream.say(f" !     Error: {error}")
            made["status"] = "failed"
            stream.end()
            return
        stream.say("-----> Launching...")
        made["slug"] = {"id": made["id"]}
        with app.lock:
            release = self.release(app, made["id"], f"Deploy {made['source_blob']['version'][:8]}")
        made["release"], made["status"] = {"id": release["id"]}, "succeeded"
        stream.end()
        self._phase(app, release)

    def release(self, app: App, slug: str | None, why: str) -> dict[str, Any]:
        """A new one with the config vars of now; `_phase` ends it."""
        made = {
            "id": str(uuid.uuid4()), "version": len(app.releases) + 1, "status": "pending", "description": why, "current": False,
            "slug": slug and {"id": slug}, "output_stream_url": None, "created_at": datetime.now(UTC).isoformat(),
            "config": dict(app.config),
        }  # fmt: skip
        if slug and "release" in procfile(app, slug):
            _, made["output_stream_url"] = self.stream()
        app.releases.append(made)
        return made

    def again(self, app: App, why: str, slug: str | None = None) -> dict[str, Any] | None:
        """A release of what is live, for other config vars."""
        current = app.current()
        if not (wanted := slug or (current and current["slug"]["id"])):
            return None
        release = self.release(app, wanted, why)
        threading.Thread(target=self._phase, args=(app, release), daemon=True).start()
        return release

    def _phase(self, app: App, release: dict[str, Any]) -> None:
        """The release command, then new dynos; a command that fails leaves all as it is."""
        slug = release["slug"]["id"]
        with app.lock:
            if release["output_stream_url"]:
                stream = self.streams[release["output_stream_url"].rpartition("/")[2]]
                process = dyno(app, slug, "release", release["config"], {}, subprocess.PIPE)
                assert process.stdout is not None
                for line in process.stdout:
                    stream.say(line.decode().rstrip())
                code = process.wait()
                stream.end()
                if code:
                    release["status"] = "failed"
                    return
            for name in procfile(app, slug):
                app.formation.setdefault(name, {"type": name, "quantity": int(name == "web"), "size": "Basic"})
            app.formation.pop("release", None)
            for one in app.releases:
                one["current"] = one is release
            self.start_dynos(app)
            release["status"] = "succeeded"

    def start_dynos(self, app: App) -> None:
        """New ones in the place of the old, which preboot lets serve until the new ones do."""
        old, port, current = dict(app.dynos), ports.free(), app.current()
        assert current is not None
        preboot = app.features["preboot"]
        if not preboot:
            self.stop_dynos(app)
        app.dynos = {}
        for name, at in app.formation.items():
            for number in range(1, at["quantity"] + 1):
                if name == "web" and number > 1:
                    continue  # one process is enough to answer
                more = {"PORT": str(port)} if name == "web" else {}
                app.dynos[f"{name}.{number}"] = dyno(app, current["slug"]["id"], name, app.config, {**more, "DYNO": f"{name}.{number}"})
        if preboot:
            wait_for(port)
            end(old)
        app.web = port if app.formation["web"]["quantity"] else None

    def stop_dynos(self, app: App) -> None:
        end(app.dynos)
        app.dynos, app.web = {}, None


def install(slug: Path, stream: Stream) -> None:
    uv, environment = str(Path(sys.executable).parent / "uv"), str(slug / ".heroku-python")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    words = [uv, "pip", "install", "--python", f"{environment}/bin/python", "-r", str(slug / "requirements.txt")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    for line in done.stderr.splitlines():
        stream.say(f"       {line}")
    if done.returncode:
        raise ValueError("Unable to install dependencies using pip.")


def end(dynos: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in dynos.values():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    for process in dynos.values():
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def procfile(app: App, slug: str) -> dict[str, str]:
    return dict(parse_procfile((app.folder / slug / "Procfile").read_text()).processes)


def dyno(app: App, slug: str, name: str, config: dict[str, str], more: dict[str, str], out: int | None = None) -> subprocess.Popen[bytes]:
    """A process of the slug's Procfile, as a dyno runs it: by bash, after `.profile`."""
    place = app.folder / slug
    command = procfile(app, slug)[name]
    own = place / ".heroku-python/bin"
    path = f"{own if own.exists() else Path(sys.executable).parent}:/usr/bin:/bin"
    environment = {"WEB_CONCURRENCY": "2", **config, **more, "HOME": str(place), "PATH": path}
    script = f"[ -f .profile ] && . ./.profile; {command}"
    log = app.log.open("ab")
    return subprocess.Popen(
        ["bash", "-c", script], cwd=place, env=environment, stdout=out or log, stderr=subprocess.STDOUT if out else log,
        start_new_session=True,
    )  # fmt: skip


def wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with suppress(OSError):
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.connect()
            connection.close()
            return
        time.sleep(0.05)


class Router(BaseHTTPRequestHandler):
    """Heroku's router: knows names, says who asks, waits for a dyno that starts."""

    app: App
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        names = {f"127.0.0.1:{self.app.port}", *(one["hostname"] for one in self.app.domains)}
        if self.headers["Host"] not in names:
            return self._answer(404, [], b"no such app: " + str(self.headers["Host"]).encode())
        if self.app.maintenance:
            return self._answer(503, [], b"maintenance")
        until = time.monotonic() + 3
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        while True:
            try:
                if self.app.web is None:
                    raise OSError("no web dyno")
                connection = HTTPConnection("127.0.0.1", self.app.web, timeout=30)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "x-forwarded-for")}
                chain = [*self.headers.get_all("X-Forwarded-For", []), CLIENT]
                connection.request(self.command, self.path, body, {**headers, "X-Forwarded-For": ", ".join(chain), "Connection": "close"})
                answer = connection.getresponse()
                kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in ("transfer-encoding", "connection")]
                return self._answer(answer.status, kept, answer.read())
            except OSError:
                if time.monotonic() > until:
                    return self._answer(503, [], b"Application error (H10)")
                time.sleep(0.05)

    do_POST = do_HEAD = do_GET  # noqa: N815

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        pass


logging.getLogger("werkzeug").setLevel(logging.ERROR)


ROUTES = (
    ("POST", "/apps", "new"),
    ("GET", "/apps/<name>", "info"),
    ("PATCH", "/apps/<name>", "change"),
    ("DELETE", "/apps/<name>", "gone"),
    ("GET", "/apps/<name>/config-vars", "config"),
    ("PATCH", "/apps/<name>/config-vars", "configure"),
    ("POST", "/sources", "sources"),
    ("PUT", "/blobs/<name>", "put"),
    ("GET", "/streams/<name>", "stream"),
    ("GET", "/apps/<name>/builds", "builds"),
    ("POST", "/apps/<name>/builds", "build"),
    ("GET", "/apps/<name>/builds/<id>", "one_build"),
    ("GET", "/apps/<name>/releases", "releases"),
    ("GET", "/apps/<name>/releases/<id>", "one_release"),
    ("POST", "/apps/<name>/releases", "back"),
    ("GET", "/apps/<name>/formation", "formation"),
    ("PATCH", "/apps/<name>/formation", "scale_all"),
    ("PATCH", "/apps/<name>/formation/<type>", "scale_one"),
    ("GET", "/apps/<name>/dynos", "dynos"),
    ("GET", "/apps/<name>/features/preboot", "feature"),
    ("PATCH", "/apps/<name>/features/preboot", "set_feature"),
    ("GET", "/apps/<name>/domains", "domains"),
    ("POST", "/apps/<name>/domains", "domain"),
    ("POST", "/apps/<name>/acm", "acm"),
    ("GET", "/apps/<name>/addons", "addons"),
    ("POST", "/apps/<name>/addons", "addon"),
    ("GET", "/apps/<name>/addons/<id>", "one_addon"),
    ("POST", "/apps/<name>/log-sessions", "session"),
)


class Api:
    """The Platform API."""

    def __init__(self, heroku: Heroku) -> None:
        self.heroku, self.flask = heroku, flask.Flask("fake-heroku", root_path=str(heroku.folder))
        for method, path, name in ROUTES:
            self.flask.add_url_rule(path, name, getattr(self, name), methods=[method])
        self.flask.before_request(self.asked)
        self.flask.after_request(self.answered)
        self.flask.register_error_handler(Refused, self.refused)

    def app_of(self, name: str) -> App:
        if name not in self.heroku.apps:
            if name in self.heroku.taken:
                raise Refused(403, "forbidden", "You do not have access to the app taken.")
            raise Refused(404, "not_found", "Couldn't find that app.")
        return self.heroku.apps[name]

    def plain(self, release: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in release.items() if name != "config"}

    def lost(self, when: str) -> bool:
        call = f"{flask.request.method} {flask.request.path}"
        return any(begin in call and at == when for begin, at in self.heroku.cut.items())

    def hang_up(self) -> None:
        flask.request.environ["werkzeug.socket"].shutdown(2)

    def asked(self) -> Any:
        path = flask.request.path
        if self.lost("before"):
            self.hang_up()
            return "", 500
        if path.startswith(("/blobs/", "/streams/")):
            return None
        words = ["ID" if len(one) == 36 and one.count("-") == 4 else one for one in path.split("/")]
        self.heroku.calls.append(f"{flask.request.method} {'/'.join(words)}")
        if flask.request.headers.get("Authorization") != f"Bearer {KEY}":
            raise Refused(401, "unauthorized", "Invalid credentials provided.")
        if "version=3" not in flask.request.headers.get("Accept", ""):
            raise Refused(404, "not_found", "no such version")
        return None

    def answered(self, response: flask.Response) -> flask.Response:
        if self.lost("after"):
            self.hang_up()
        return response

    def refused(self, error: Refused) -> Any:
        return error.answer

    def new(self) -> Any:
        given = flask.request.get_json()
        return self.heroku.make(**given).shown(), 201

    def info(self, name: str) -> Any:
        return self.app_of(name).shown()

    def change(self, name: str) -> Any:
        app, given = self.app_of(name), flask.request.get_json()
        app.stack = given.get("build_stack", app.stack)
        app.maintenance = given.get("maintenance", app.maintenance)
        return app.shown()

    def gone(self, name: str) -> Any:
        app = self.app_of(name)
        self.heroku.stop_dynos(app)
        shutil.rmtree(app.folder)
        return self.heroku.apps.pop(name).shown()

    def config(self, name: str) -> Any:
        return self.app_of(name).config

    def configure(self, name: str) -> Any:
        app, given = self.app_of(name), flask.request.get_json()
        with app.lock:
            whole = {**app.config, **given}
            app.config = {key: value for key, value in whole.items() if value is not None}
            self.heroku.again(app, f"Set {', '.join(given)} config vars")
        return app.config

    def sources(self) -> Any:
        url = f"{self.heroku.url}/blobs/{uuid.uuid4()}"
        return {"source_blob": {"put_url": url, "get_url": url}}, 201

    def put(self, name: str) -> Any:
        if flask.request.headers.get("Content-Type"):
            return "SignatureDoesNotMatch", 403
        self.heroku.sources[name] = flask.request.get_data()
        return ""

    def stream(self, name: str) -> Any:
        return flask.Response(iter(self.heroku.streams[name]), mimetype="text/plain")

    def builds(self, name: str) -> Any:
        return list(self.app_of(name).builds.values())[::-1]

    def build(self, name: str) -> Any:
        if self.heroku.quota:
            raise Refused(402, "delinquent", "Your account has no credit left.")
        return self.heroku.build(self.app_of(name), flask.request.get_json()["source_blob"]), 201

    def one_build(self, name: str, id: str) -> Any:
        return self.app_of(name).builds[id]

    def releases(self, name: str) -> Any:
        wanted = flask.request.headers.get("Range", "")
        found = [self.plain(one) for one in self.app_of(name).releases]
        return found[::-1] if wanted == "version ..; max=200, order=desc" else found[:1]

    def one_release(self, name: str, id: str) -> Any:
        return next(self.plain(one) for one in self.app_of(name).releases if one["id"] == id)

    def back(self, name: str) -> Any:
        app, wanted = self.app_of(name), flask.request.get_json()["release"]
        with app.lock:
            old = next(one for one in app.releases if one["id"] == wanted)
            kept = {key: value for key, value in app.config.items() if key == "DATABASE_URL"}  # an add-on's don't go back
            app.config = {**old["config"], **kept}
            made = self.heroku.again(app, f"Rollback to v{old['version']}", old["slug"]["id"])
        assert made is not None
        return self.plain(made), 201

    def formation(self, name: str) -> Any:
        return list(self.app_of(name).formation.values())

    def scale_all(self, name: str) -> Any:
        for one in flask.request.get_json()["updates"]:
            self.scale(name, one["type"], one)
        return self.formation(name)

    def scale_one(self, name: str, type: str) -> Any:
        return self.scale(name, type, flask.request.get_json())

    def scale(self, name: str, type: str, given: dict[str, Any]) -> Any:
        app = self.app_of(name)
        if type not in app.formation:
            raise Refused(404, "not_found", f"Couldn't find that process type ({type}).")
        with app.lock:
            at = app.formation[type]
            at |= {"quantity": given.get("quantity", at["quantity"]), "size": given.get("size", at["size"]).title()}
            self.heroku.start_dynos(app)
        return at

    def dynos(self, name: str) -> Any:
        app, at = self.app_of(name), datetime.now(UTC).isoformat()
        return [
            {
                "name": one,
                "type": one.partition(".")[0],
                "state": "up" if process.poll() is None else "crashed",
                "size": app.formation[one.partition(".")[0]]["size"],
                "updated_at": at,
            }
            for one, process in app.dynos.items()
        ]

    def feature(self, name: str) -> Any:
        return {"name": "preboot", "enabled": self.app_of(name).features["preboot"]}

    def set_feature(self, name: str) -> Any:
        app = self.app_of(name)
        if not app.formation["web"]["size"].lower().startswith(PAID):
            raise Refused(422, "invalid_params", "Preboot needs Standard or Performance dynos.")
        app.features["preboot"] = flask.request.get_json()["enabled"]
        return self.feature(name)

    def domains(self, name: str) -> Any:
        return self.app_of(name).domains

    def domain(self, name: str) -> Any:
        given = flask.request.get_json()
        if "sni_endpoint" not in given:
            raise Refused(422, "invalid_params", "sni_endpoint is required")
        self.app_of(name).domains.append({"hostname": given["hostname"], "cname": "leafy-1.herokudns.com", "acm_status": "pending"})
        return self.app_of(name).domains[-1], 201

    def acm(self, name: str) -> Any:
        self.app_of(name).acm = True
        return self.app_of(name).shown()

    def addons(self, name: str) -> Any:
        return self.app_of(name).addons

    def addon(self, name: str) -> Any:
        app, plan = self.app_of(name), flask.request.get_json()["plan"]
        made = {"id": str(uuid.uuid4()), "state": "provisioning", "plan": {"name": plan}, "addon_service": {"name": plan.partition(":")[0]}}
        app.addons.append(made)
        return made, 201

    def one_addon(self, name: str, id: str) -> Any:
        app = self.app_of(name)
        found = next(one for one in app.addons if one["id"] == id)
        found["state"] = "provisioned"
        app.config["DATABASE_URL"] = "postgres://u:p@db.example:5432/d"
        return found

    def session(self, name: str) -> Any:
        given, (stream, url) = flask.request.get_json(), self.heroku.stream()
        for line in self.app_of(name).log.read_text().splitlines()[-given["lines"] :]:
            stream.say(line)
        if given["tail"]:
            stream.say("app[web.1]: new")
        stream.end()
        return {"logplex_url": url}, 201
