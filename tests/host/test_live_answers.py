"""Answers that go on: streams, WebSockets, files that the front sends. The same behind every front, with every server that can."""

import base64
import contextlib
import http.client
import os
import resource
import socket
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_fronts import ask

from cloud_init.host_files import Server, WebHost
from cloud_init.render import server_requirements
from components.settings.models import Server as Settings

APP = r"""
import os, time
from flask import Flask, Response, request, send_file
from flask_sock import Sock
app = Flask(__name__)
app.config["USE_X_SENDFILE"] = True
sock = Sock(app)

@app.get("/")
def home():
    return "NUMBER"

@app.get("/pieces")
def pieces():
    def each():
        for number in range(9):
            yield f"data: {number}\n\n"
            time.sleep(1)
    return Response(each(), mimetype=request.args["kind"])

@app.get("/idle")
def idle():
    def each():
        yield "data: first\n\n"
        time.sleep(600)
    return Response(each(), mimetype="text/event-stream")

@app.get("/gather/<int:many>")
def gather(many):
    place = os.path.join(os.environ["SLIPWAY_SHARED"], "gather")
    os.makedirs(place, exist_ok=True)
    open(os.path.join(place, request.args["me"]), "w").close()
    for _ in range(100):
        if len(os.listdir(place)) >= many:
            return "all here"
        time.sleep(0.1)
    return str(len(os.listdir(place))), 503

@app.get("/file")
def file():
    answer = send_file(request.args["path"], as_attachment=True)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer

@app.get("/accel")
def accel():
    return "own", {"X-Accel-Redirect": "/-/file/releases/" + os.environ["SLIPWAY_RELEASE"] + "/src/wsgi.py"}

@sock.route("/socket/<path:name>")
def echo(ws, name):
    while True:
        ws.send(f"{ws.receive()} {name} {request.args['a']} NUMBER")
"""
PACKAGES = "flask==3.1.3\nflask-sock==0.7.0\n"
SECONDS = 2  # of the server's time-out; the front gives up 5 s later
SERVERS = {
    "gunicorn gthread": Server("gunicorn", "gthread", timeout=SECONDS),
    "gunicorn gevent": Server("gunicorn", "gevent", timeout=SECONDS),
    "uwsgi": Server("uwsgi", timeout=SECONDS),
}
EVERY_FRONT = pytest.mark.parametrize("front", ["nginx", "apache"])


def rolled(bench: Any, number: int, server: Server, front: str) -> Any:
    """The verdict of that release."""
    sources = {"wsgi.py": APP.replace("NUMBER", str(number)), "static/number.txt": "", "a b é.txt": "sent " * 1000}
    needed = {"requirements": [PACKAGES, server_requirements(WebHost("wsgi:app", server))]}
    return bench.roll(bench.publish(number, server, sources, needed, kind=front))


@pytest.fixture
def launched(make_bench: Any) -> Any:
    """A host that `rolled` has put a release on."""

    def launch(front: str, server: Server) -> Any:
        bench = make_bench()
        assert bench.boot()["ok"]
        verdict = rolled(bench, 1, server, front)
        assert verdict.ok, verdict.message
        return bench

    return launch


def arrivals(bench: Any, kind: str) -> list[float]:
    """When each piece of a stream came, in seconds from the first one on; packed where the front packs."""
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=20)
    connection.request("GET", f"/pieces?kind={kind}", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    unpack = zlib.decompressobj(31).decompress if answer.headers["Content-Encoding"] == "gzip" else bytes
    text, came = b"", []
    while piece := answer.read1():
        text += unpack(piece)
        came += [time.monotonic()] * (text.count(b"\n\n") - len(came))
    assert text == b"".join(b"data: %d\n\n" % number for number in range(9))
    assert answer.headers["X-Release-Id"]
    return [moment - came[0] for moment in came]


@pytest.mark.family("streams, WebSockets and files", case="nginx-uwsgi")
@pytest.mark.parametrize("server", SERVERS)
@EVERY_FRONT
def test_streams_come_piece_by_piece_and_for_longer_than_the_time_out(launched: Any, front: str, server: str) -> None:
    """What a front holds back only the programs show; packed text, events and a CSV at once."""
    bench = launched(front, SERVERS[server])
    with ThreadPoolExecutor(3) as pool:
        for came in pool.map(lambda kind: arrivals(bench, kind), ["text/event-stream", "text/plain", "text/csv"]):
            assert len(came) == 9
            assert came[-1] > SECONDS + 5
            assert all(abs(moment - number) < 0.9 for number, moment in enumerate(came)), came


@pytest.mark.family("a thousand idle streams", case="nginx")
@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_a_thousand_idle_streams_beside_who_asks(launched: Any, front: str) -> None:
    """A thousand clients that wait for events: only the programs show what they keep for each."""
    bench = launched(front, SERVERS["gunicorn gevent"])
    before, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before, 4096), resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(socket.create_connection(("127.0.0.1", bench.port), timeout=40)) for _ in range(1000)]
        for link in links:
            link.sendall(b"GET /idle HTTP/1.1\r\nHost: a.example\r\n\r\n")
        for link in links:
            came = b""
            while b"data: first" not in came:
                came += link.recv(4096)
        assert [ask(bench, "GET", "/")[0].status for _ in range(200)] == [200] * 200
        told = {one["name"]: one["memory"] or 0 for one in bench.host.run(["status"])["processes"]}
    assert sum(told.values()) < 400e6, told


@pytest.mark.family("requests at once", case="uwsgi")
@pytest.mark.parametrize("server", ["uwsgi", "gunicorn gthread"])
def test_as_many_wait_at_once_as_a_plan_says(launched: Any, server: str) -> None:
    """Each waits in the app until all are there; two workers with the threads that are set when nothing is."""
    bench = launched("nginx", replace(SERVERS[server], threads=Settings.model_fields["threads"].default, workers=2, timeout=30))
    with ThreadPoolExecutor(200) as pool:
        answers = [*pool.map(lambda me: ask(bench, "GET", f"/gather/200?me={me}"), range(200))]
    assert {text for _, text in answers} == {"all here"}


class WebSocket:
    """A client's side of one."""

    def __init__(self, bench: Any, path: str) -> None:
        self.link = socket.create_connection(("127.0.0.1", bench.port), timeout=40)
        key = base64.b64encode(os.urandom(16)).decode()
        self.link.sendall(
            f"GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.file = self.link.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def send(self, code: int, data: bytes) -> None:
        self.link.sendall(bytes((0x80 | code, 0x80 | len(data))) + bytes(4) + data)

    def receive(self) -> tuple[int, bytes]:
        """Code and data of a frame: 1 text, 8 close."""
        code, length = struct.unpack("BB", self.file.read(2))
        return code & 15, self.file.read(length)

    def ask(self, text: str) -> str:
        self.send(1, text.encode())
        return self.receive()[1].decode()


@pytest.mark.parametrize("server", ["gunicorn gthread", "gunicorn gevent"])
@EVERY_FRONT
def test_websockets_outlast_time_outs_and_are_told_to_go_at_a_flip(launched: Any, front: str, server: str) -> None:
    """Upgrades are the programs' own; at a flip the old colour's socket closes with 1001, long before it would be cut."""
    bench = launched(front, SERVERS[server])
    link = WebSocket(bench, "/socket/a%20b%2Fc?a=%2F")
    assert link.status == 101
    assert link.ask("one") == "one a b/c / 1"
    time.sleep(SECONDS + 6)
    assert link.ask("two") == "two a b/c / 1"
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        release = pool.submit(rolled, bench, 2, SERVERS[server], front)
        code, data = link.receive()
        assert (code, data) == (8, struct.pack("!H", 1001))
        link.send(8, data)
        assert link.link.recv(1 << 16)[:1] in (b"", b"\x88")
        assert release.result().ok
    assert time.monotonic() - began < 25
    assert WebSocket(bench, "/socket/x?a=b").ask("three") == "three x b 2"
    assert ask(bench, "GET", "/", Upgrade="h2c", Connection="Upgrade")[1] == "2"


@pytest.mark.parametrize("server", ["uwsgi", "gunicorn gthread"])
@EVERY_FRONT
def test_named_files_are_sent_and_none_but_the_apps(launched: Any, front: str, server: str) -> None:
    """Whether a front can read and will send a file only the front itself shows."""
    bench = launched(front, SERVERS[server])
    tree = Path(bench.facts["root"]) / "srv/slipway/demo"
    [source] = tree.glob("releases/*/src")
    shared = tree / "shared"
    for name, mode in (("open.txt", 0o640), ("shut.txt", 0o600)):
        (shared / name).write_text("kept")
        (shared / name).chmod(mode)
        os.chown(shared / name, shared.stat().st_uid, shared.stat().st_gid)
    (shared / "way_out").symlink_to("/etc/passwd")
    answer, text = ask(bench, "GET", f"/file?path={source}/a%20b%20%C3%A9.txt")
    assert (answer.status, text) == (200, "sent " * 1000)
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert (answer.headers["X-Content-Type-Options"], answer.headers["X-Release-Id"]) == ("nosniff", source.parent.name)
    assert not {"X-Sendfile", "X-Accel-Redirect", "X-Accel-Buffering"} & {*answer.headers}
    answer, text = ask(bench, "GET", f"/file?path={source}/a%20b%20%C3%A9.txt", Range="bytes=5-8")
    assert (answer.status, text, answer.headers["Content-Range"]) == (206, "sent", "bytes 5-8/5000")
    answer, text = ask(bench, "HEAD", f"/file?path={source}/a%20b%20%C3%A9.txt")
    assert (answer.status, text, answer.headers["Content-Length"]) == (200, "", "5000")
    for name in ("open.txt", "shut.txt"):
        assert ask(bench, "GET", f"/file?path={shared}/{name}")[1] == "kept"
    for path in ("/etc/passwd", f"{shared}/way_out", f"{source}/../env.json", f"{tree}/releases"):
        answer, text = ask(bench, "GET", f"/file?path={path}")
        assert (answer.status in (404, 500), text.count("root"), text.count("{")) == (True, 0, 0), path
    assert ask(bench, "GET", "/accel")[1] == "own"
    assert "Flask" not in ask(bench, "GET", f"/-/file/releases/{source.parent.name}/src/wsgi.py")[1]
