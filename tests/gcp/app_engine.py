"""A project's App Engine in little, with the services around it: what it is sent it unpacks and runs, each version at a port of its own,
and a front answers users by the split. As Google's documentation says, and gcloud's own client; nobody has seen it beside the real one.

    with app_engine(folder, monkeypatch) as there: there.fails["build"] = "…"
"""

import base64
import http.client
import io
import itertools
import json
import os
import re
import resource
import signal
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import ports
from answers import serving
from authority import Authority, openssl

PROJECT, BUCKET, REGION = "shop-123456", "shop-sources", "europe-west1"
SERVICE = f"/v1/apps/{PROJECT}/services/default"
MEMORY = {"F1": 384, "F2": 768, "F4": 1536, "F4_1G": 3072}
_SPLIT_DATA = 3  # times its class that an instance may take of addresses for data: threads have stacks that nobody touches


class Refused(Exception):
    """An answer that isn't good: its status and Google's words."""


class AppEngine:
    """`fails`: Google's words by step (`build`, `command`), or (status, words) by `METHOD service`; `cut`: requests after which the line is
    cut, by `METHOD PATTERN`; `asked`: all requests."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.app, self.split = folder, dict[str, Any](), dict[str, float]()
        self.versions: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, bytes] = {}
        self.secrets: dict[str, str] = {}
        self.operations: dict[str, dict[str, Any]] = {}
        self.entries: list[dict[str, Any]] = []
        self.builds: list[dict[str, Any]] = []
        self.fails: dict[str, Any] = {}
        self.cut: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.takes = 0.0  # seconds of a build
        self.first_gets_all = True
        self.running: dict[str, tuple[int, subprocess.Popen[bytes]]] = {}
        self.hostname, self.address, self.context, self.open = "", "", ssl.create_default_context(), list[Any]()
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    # what the services answer

    def answer(self, method: str, service: str, path: str, query: dict[str, str], body: bytes) -> Any:
        known = {"appengine": self._appengine, "storage": self._storage, "cloudbuild": self._cloudbuild, "logging": self._logging,
                 "secretmanager": self._secret, "token": lambda *_: {"access_token": "t0ken", "expires_in": 3600},
                 "computeMetadata": lambda *_: {"access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"}}  # fmt: skip
        if bad := self.fails.get(f"{method} {service}"):
            raise Refused(*bad)
        return known[service](method, path, query, body)

    def _appengine(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        with self._lock:
            given = json.loads(body or b"{}")
            if (method, path) == ("POST", "/v1/apps"):
                self.app = {**given, "servingStatus": "SERVING", "defaultHostname": self.hostname}
                return self._operation({})
            if not self.app:
                raise Refused(404, f"App does not exist: {PROJECT}")
            if path == f"/v1/apps/{PROJECT}":
                if method == "PATCH":
                    assert query["updateMask"] == "servingStatus"
                    self.app |= given
                    return self._operation({})
                return self.app
            if path == f"/v1/apps/{PROJECT}/operations":
                assert query["filter"] == "done:false"
                return {"operations": [one for one in self.operations.values() if not one.get("done")]}
            if found := re.fullmatch(r"/v1/(apps/[^/]+/operations/\w+)", path):
                return self.operations[found[1]]
            if path.startswith(SERVICE):
                return self._service(method, path.removeprefix(SERVICE), query, given)
        raise Refused(404, path)

    def _service(self, method: str, path: str, query: dict[str, str], given: dict[str, Any]) -> Any:
        if not self.versions and method == "GET":
            raise Refused(404, f"Service 'default' of app '{PROJECT}' not found")
        if path == "":
            if method == "PATCH":
                assert query["updateMask"] == "split"
                split = given["split"]["allocations"]
                assert split.keys() <= self.versions.keys()
                assert sum(split.values()) == 1
                self.split = split
                return self._operation({})
            return {"id": "default", "split": {"allocations": self.split}}
        if (method, path) == ("POST", "/versions"):
            return self._create(given)
        if path == "/versions":
            return {"versions": [_basic(one) for one in self.versions.values()]}
        return self._of_version(method, query, given, *path.split("/")[2:])

    def _of_version(self, method: str, query: dict[str, str], given: dict[str, Any], name: str, *more: str) -> Any:
        if name not in self.versions:
            raise Refused(404, f"Version {name!r} was not found.")
        version = self.versions[name]
        if more:
            started = version["createTime"]
            return {"instances": [{"id": "00c61b117c" * 4, "startTime": started, "availability": "DYNAMIC", "memoryUsage": "64000000"}]}
        if method == "DELETE":
            if name in self.split:
                raise Refused(400, "Cannot delete a version that has traffic")
            self._stop(name)
            del self.versions[name]
            return self._operation({})
        if method == "PATCH":
            assert query["updateMask"] == "automaticScaling.standard_scheduler_settings.min_instances"
            version["automaticScaling"]["standardSchedulerSettings"] |= given["automaticScaling"]["standardSchedulerSettings"]
            return self._operation({})
        return _basic(version)

    def _create(self, version: dict[str, Any]) -> Any:
        if self.app["servingStatus"] != "SERVING":
            raise Refused(400, f"Unable to deploy to application [{PROJECT}] with status [USER_DISABLED]: deploying is not allowed.")
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", version["id"])
        assert len(f"{version['id']}-dot-{PROJECT}") <= 63
        made = self._operation({"target": f"apps/{PROJECT}/services/default/versions/{version['id']}"}, done=False)

        def build() -> None:
            made["metadata"]["createVersionMetadata"] = {"cloudBuildId": "b-1"}
            time.sleep(self.takes)
            try:
                if words := self.fails.get("build"):
                    raise RuntimeError(words)
                self._start(version)
            except (RuntimeError, OSError, AssertionError, KeyError, ValueError) as error:
                made["error"] = {"code": 9, "message": str(error)}
            made["done"] = True

        threading.Thread(target=build, daemon=True).start()
        return json.loads(json.dumps(made))

    def _storage(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        if method == "POST":
            assert (path, query["uploadType"]) == (f"/upload/storage/v1/b/{BUCKET}/o", "media")
            self.objects[query["name"]] = body
            return {"name": query["name"]}
        del self.objects[unquote(path.rpartition("/")[2])]
        return None

    def _cloudbuild(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        if method == "GET":
            return self.operations[path.removeprefix("/v1/")]
        assert path == f"/v1/projects/{PROJECT}/locations/{REGION}/builds"
        build = json.loads(body)
        self.builds.append(build)
        assert build["source"]["storageSource"]["object"] in self.objects
        number = f"build-{len(self.builds)}"
        self.log(f"release command {number}", type="build", build_id=number)
        operation = self._operation({"build": {"id": number, "logUrl": f"https://console/{number}"}}, at="operations/build/")
        if words := self.fails.get("command"):
            operation["error"] = {"code": 2, "message": words}
        return operation

    def _logging(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        assert (method, path) == ("POST", "/v2/entries:list")
        asked = json.loads(body)
        assert asked["resourceNames"] == [f"projects/{PROJECT}"]
        wanted = dict(re.findall(r'([\w.]+)>?="([^"]*)"', asked["filter"]))
        since = wanted.pop("timestamp", "")
        found = [one for one in self.entries if one["timestamp"] >= since and wanted == {f"resource.{k}": v for k, v in one["is"].items()}]
        return {"entries": (found if asked["orderBy"].endswith("asc") else found[::-1])[: asked["pageSize"]]}

    def _secret(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        name = path.removeprefix("/v1/").removesuffix(":access")
        if name not in self.secrets:
            raise Refused(403, f"Permission 'secretmanager.versions.access' denied for resource '{name}' (or it may not exist).")
        return {"name": name, "payload": {"data": base64.b64encode(self.secrets[name].encode()).decode()}}

    def _operation(self, metadata: dict[str, Any], done: bool = True, at: str = f"apps/{PROJECT}/operations/") -> dict[str, Any]:
        name = f"{at}o{next(self._numbers)}"
        self.operations[name] = {"name": name, "metadata": metadata, **({"done": True} if done else {})}
        return self.operations[name]

    def log(self, words: str, **labels: str) -> None:
        """Something in the log: of the app, or of a build."""
        named = {one: value for one, value in labels.items() if one != "type"} or {"module_id": "default"}
        of = {"type": labels.get("type", "gae_app"), **{f"labels.{one}": value for one, value in named.items()}}
        self.entries.append({"insertId": str(len(self.entries)), "timestamp": _now(), "textPayload": words, "is": of})

    # what it runs

    def _start(self, version: dict[str, Any]) -> None:
        """Does what a build and an instance do: unpacked, and the entry point run by a shell, with the memory of its class."""
        source = version["deployment"]["zip"]["sourceUrl"].removeprefix(f"https://storage.googleapis.com/{BUCKET}/")
        place = self.folder / version["id"]
        with zipfile.ZipFile(io.BytesIO(self.objects[source])) as packed:
            assert not [one for one in packed.namelist() if one.startswith("/") or ".." in one]
            packed.extractall(place)
        assert (place / "requirements.txt").is_file()
        port, memory = ports.free(), MEMORY[version["instanceClass"]]
        environment = {
            **version["envVariables"], "PORT": str(port), "GAE_MEMORY_MB": str(memory), "GAE_ENV": "standard", "HOME": "/tmp",
            "GAE_VERSION": version["id"], "GCE_METADATA_HOST": urlsplit(self.address).netloc,
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        }  # fmt: skip
        most = memory * 1_000_000 * _SPLIT_DATA
        with open(place / "log", "wb") as log:
            web = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {version['entrypoint']['shell']}"], cwd=place, env=environment, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (most, most)),
            )  # fmt: skip
        with self._lock:
            self._stop(version["id"])
            self.running[version["id"]] = port, web
            own = self._front(lambda: version["id"])
            first = self.first_gets_all and not self.versions
            self.versions[version["id"]] = {**version, "createTime": _now(), "versionUrl": own, "servingStatus": "SERVING"}
            if first:
                self.split = {version["id"]: 1}

    def _stop(self, name: str) -> None:
        if name in self.running:
            _, web = self.running.pop(name)
            with suppress(ProcessLookupError):
                os.killpg(web.pid, signal.SIGKILL)
            web.wait()

    def users(self) -> str | None:
        """The version that a user is sent to. `fails["misroute"]`: one to which users come whatever the split says."""
        if name := self.fails.get("misroute"):
            return str(name)
        return max(self.split, key=lambda one: self.split[one]) if self.split and self.app.get("servingStatus") == "SERVING" else None

    def _front(self, which: Any) -> str:
        there = self

        class Front(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                known = self.headers["Host"] == f"127.0.0.1:{self.connection.getsockname()[1]}"  # by names apps are told apart
                status, headers, body = there.forward(
                    which() if known else None, self.command, self.path, dict(self.headers), self.rfile.read(length)
                )
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        made = serving(Front, context=self.context)
        self.open.append(made)
        return str(made.__enter__())

    def forward(self, name: str | None, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, bytes]:
        """Does what App Engine's front does: static files itself, the rest with the client's address, which nobody else can set."""
        if name is None:
            return 404, [], b"this application is off"
        version, path = self.versions[name], urlsplit(target).path
        for handler in version["handlers"]:
            if not (found := re.fullmatch(handler["urlRegex"], path)):
                continue
            if "staticFiles" in handler:
                files = handler["staticFiles"]
                file = self.folder / name / found.expand(files["path"])
                fits = re.fullmatch(files["uploadPathRegex"], str(file.relative_to(self.folder / name)))
                return (200, [("X-Static", "1")], file.read_bytes()) if fits and file.is_file() else (404, [], b"")
            break
        kept = {one: value for one, value in headers.items() if not one.lower().startswith(("x-appengine", "x-forwarded"))}
        kept |= {"X-Appengine-User-Ip": "198.51.100.7", "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7, 169.254.1.1"}
        line = http.client.HTTPConnection("127.0.0.1", self.running[name][0], timeout=10)
        try:
            line.request(method, target, body, kept)
            answer = line.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except OSError:
            return 500, [], b"Server Error"
        finally:
            line.close()

    def stop(self) -> None:
        for name in tuple(self.running):
            self._stop(name)
        for one in self.open:
            one.__exit__(None, None, None)


def _basic(version: dict[str, Any]) -> dict[str, Any]:
    """Without what only view=FULL gives."""
    return {name: value for name, value in version.items() if name not in ("envVariables", "handlers", "deployment", "entrypoint")}


def _now() -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.{time.time_ns() % 10**9:09d}Z"


@contextmanager
def app_engine(folder: Path, patch: Any) -> Iterator[AppEngine]:
    """App Engine's stand-in, and somebody who is signed in by a service account's file."""
    there = AppEngine(folder)
    authority = Authority(folder)
    key, request = folder / "front.key", folder / "front.csr"
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
            "-subj", "/CN=127.0.0.1", "-outform", "DER", "-out", request)  # fmt: skip
    (folder / "front.pem").write_bytes(authority.sign(request))
    there.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.context.load_cert_chain(folder / "front.pem", key)
    there.hostname = urlsplit(there._front(there.users)).netloc

    class Services(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            service, _, path = parts.path.lstrip("/").partition("/")
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            chunked = self.headers.get("Transfer-Encoding") == "chunked"
            assert not chunked
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            there.asked.append((f"{self.command} {service}", f"/{path}"))
            if service == "computeMetadata":
                assert self.headers["Metadata-Flavor"] == "Google"
            elif service != "token":
                assert self.headers["Authorization"] == "Bearer t0ken"
            try:
                status, answer = 200, there.answer(self.command, service, f"/{path}", query, body)
            except Refused as refused:
                status, words = refused.args
                answer = {"error": {"code": status, "message": words}}
            except KeyError as unknown:
                status, answer = 404, {"error": {"code": 404, "message": f"nothing there: {unknown}"}}
            for pattern in [one for one in there.cut if re.search(one, f"{self.command} {self.path}")]:
                there.cut.remove(pattern)
                self.close_connection = True
                return
            text = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Services) as address:
        there.address = address
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", folder / "key.pem")
        held = {"type": "service_account", "client_email": "me@x", "private_key_id": "1", "private_key": (folder / "key.pem").read_text()}
        (folder / "key.json").write_text(json.dumps({**held, "client_id": "1", "token_uri": f"{address}/token"}))
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(folder / "key.json"))
        patch.setattr("components.gcp.control.services.ADDRESS", address + "/{}")
        patch.setattr("components.gcp.control.services.PAUSE", 0.02)
        for name in ("platforms.appengine", "targets.gcp_appengine"):
            patch.setattr(f"components.{name}.SECRET_MANAGER", f"{address}/secretmanager/v1/")
        try:
            yield there
        finally:
            there.stop()
