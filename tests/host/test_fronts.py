"""Front servers for real: CORS, static files, bodies, the log, maintenance; a changed server under load, another front refused."""

import http.client
import json
import re
import socket
import time
from pathlib import Path

import faults
import pytest
from load import Load

from cloud_init.host_files import Server

FRONTS = ["nginx", "apache"]
ORIGIN = "https://a.example"


def ask(bench, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer, text


def raw(bench, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", bench.port), timeout=20) as link:
        link.sendall(request)
        answer = b""
        while data := link.recv(65536):
            answer += data
    return answer


def launched(bench, *numbers, server=Server(), **front):  # noqa: B008  frozen
    assert bench.boot()["ok"]
    for number in numbers:
        verdict = bench.roll(bench.publish(number, server, **front))
        assert verdict.ok, verdict.message
    return bench


@pytest.mark.parametrize("front", FRONTS)
def test_cors(make_bench, front):
    bench = launched(make_bench(), 1, kind=front, cors=(ORIGIN,))
    answer, _ = ask(bench, "GET", "/", Origin=ORIGIN)
    assert answer.headers.get_all("Access-Control-Allow-Origin") == [ORIGIN]
    assert "Origin" in answer.headers["Vary"]
    assert ask(bench, "GET", "/nowhere", Origin=ORIGIN)[0].headers["Access-Control-Allow-Origin"] == ORIGIN
    for other in ("https://b.example", ORIGIN + ".evil.example", "https://axexample"):
        assert ask(bench, "GET", "/", Origin=other)[0].headers["Access-Control-Allow-Origin"] is None
    flight = {"Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "x-a, x-b"}
    answer, text = ask(bench, "OPTIONS", "/take", Origin=ORIGIN, **flight)
    assert (answer.status, text, answer.headers["X-Release-Id"]) == (204, "", None)
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "x-a, x-b"
    assert answer.headers["Access-Control-Max-Age"] == "3600"
    # Without a method asked for, and from elsewhere, OPTIONS is the app's own matter.
    assert ask(bench, "OPTIONS", "/", Origin=ORIGIN)[0].headers["X-Release-Id"]
    assert ask(bench, "OPTIONS", "/", Origin="https://b.example", **flight)[0].headers["X-Release-Id"]


@pytest.mark.parametrize("front", FRONTS)
def test_any_origin(make_bench, front):
    bench = launched(make_bench(), 1, kind=front, cors=("*", ORIGIN))
    assert ask(bench, "GET", "/", Origin="http://x.example")[0].headers["Access-Control-Allow-Origin"] == "*"
    assert ask(bench, "GET", "/", Origin=ORIGIN)[0].headers["Access-Control-Allow-Origin"] == ORIGIN
    assert ask(bench, "GET", "/")[0].headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("front", FRONTS)
def test_static_files_of_two_releases_and_of_no_other_folder(make_bench, front):
    bench = launched(make_bench(), 1, kind=front)
    sources = Path(bench.facts["root"]) / "srv/slipway/demo/releases"
    [old] = [path for path in sources.iterdir() if path.is_dir()]
    (old / "src/static/old.css").write_text("a {}" * 1000)
    assert bench.roll(bench.publish(2, kind=front)).ok
    assert ask(bench, "GET", "/static/number.txt")[1] == "2"
    answer, text = ask(bench, "GET", "/static/old.css")
    assert (text, answer.headers["Content-Type"].partition(";")[0]) == ("a {}" * 1000, "text/css")
    assert ask(bench, "GET", "/static/old.css", Accept_Encoding="gzip")[0].headers["Content-Encoding"] == "gzip"
    assert ask(bench, "POST", "/static/number.txt")[0].status in (404, 405)
    for path in ("/static/../wsgi.py", "/static/%2e%2e/wsgi.py", "/static/..%2fwsgi.py", "/static/", "/static/none"):
        answer, text = ask(bench, "GET", path)
        assert answer.status in (400, 404)
        assert "Flask" not in text


@pytest.mark.parametrize("front", FRONTS)
def test_limits_and_what_is_told(make_bench, front):
    bench = launched(make_bench(), 1, kind=front, max_body=100_000)
    assert ask(bench, "POST", "/take", b"x" * 100_000)[1] == "100000"
    for body in (b"x" * 100_001, b"x" * 8_000_000):
        assert ask(bench, "POST", "/take", body)[0].status == 413
    huge = b"POST /take HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 18446744073709551717\r\n\r\nx"
    assert raw(bench, huge).split()[1] in (b"400", b"413")
    assert ask(bench, "POST", "/take", iter([b"x" * 60_000] * 2))[0].status in (400, 413)
    assert ask(bench, "POST", "/take", iter([b"x" * 33_000] * 3))[1] == "99000"
    assert ask(bench, "TRACE", "/")[0].status == 405
    assert raw(bench, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert raw(bench, b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 400")
    answer, text = ask(bench, "GET", "/nowhere-to-be-found")
    assert answer.headers["Server"] in ("nginx", "Apache")
    assert not re.search(r"\d\.\d+\.\d+", str(answer.headers) + text)
    seen = json.loads(ask(bench, "GET", "/seen", X_Forwarded_For="6.6.6.6", **{"X_Real_IP": "6.6.6.6"})[1])
    forged = b"GET /seen HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX_Real_IP: 6.6.6.6\r\nX_Forwarded-Proto: https\r\n\r\n"
    assert b"6.6.6.6" not in raw(bench, forged)
    assert seen["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"


@pytest.mark.parametrize("front", FRONTS)
def test_each_line_of_the_log_is_json(make_bench, front):
    bench = launched(make_bench(), 1, kind=front)
    for path in ("/%22%0a%e2%82%ac?x=%22", '/a"b', "/\\", "/ü".encode().decode("latin-1")):
        raw(bench, f'GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: "\x01\xff\r\n\r\n'.encode("latin-1"))
    ask(bench, "GET", "/-/live")
    ask(bench, "GET", "/last")
    time.sleep(0.5)
    log = (Path(bench.facts["root"]) / "var/log/slipway/demo/front.log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (last,) = (line for line in lines if line["uri"] == "/last")  # each worker of nginx writes for itself
    assert (last["status"], last["method"]) == (404, "GET")
    assert len(last["release"]) == 12
    assert not any(line["uri"] == "/-/live" for line in lines)


@pytest.mark.parametrize("front", FRONTS)
def test_maintenance(make_bench, front):
    bench = launched(make_bench(), 1, kind=front)
    page = Path(bench.facts["root"]) / "etc/slipway/demo/maintenance.html"
    kept = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=20)
    kept.request("GET", "/")
    assert kept.getresponse().read() == b"1"
    page.write_text("<h1>soon</h1>")
    for ask_again in (lambda: kept.request("GET", "/"), lambda: kept.request("POST", "/take", b"x" * 100)):
        ask_again()
        answer = kept.getresponse()
        assert (answer.status, answer.read()) == (503, b"<h1>soon</h1>")
        assert (answer.headers["Retry-After"], answer.headers["X-Slipway-Maintenance"]) == ("60", "on")
        assert answer.headers["Content-Type"].startswith("text/html")
    for method, path, body in (("GET", "/static/number.txt", None), ("POST", "/take", b"x" * 300_000), ("GET", "/any?a=b", None)):
        answer, text = ask(bench, method, path, body)
        assert (answer.status, text, answer.headers["X-Slipway-Maintenance"]) == (503, "<h1>soon</h1>", "on")
    assert ask(bench, "HEAD", "/")[0].status == 503
    assert ask(bench, "GET", "/-/live")[1] == "live\n"
    page.unlink()
    assert ask(bench, "GET", "/")[1] == "1"
    assert ask(bench, "GET", "/-/maintenance")[0].status == 404


SERVERS = [Server("gunicorn"), Server("uwsgi"), Server("gunicorn", "sync"), Server("gunicorn", "gevent")]


@pytest.mark.family("front servers", case="apache")
@pytest.mark.parametrize("front", FRONTS)
def test_a_changed_server_under_load(make_bench, front):
    """Protocols change with the server: the front always finds the socket that it speaks to."""
    bench = launched(make_bench(), 0, kind=front)
    with Load(bench.port, bodies=tuple("01234"), post="/take", slow="/slow", heavy="/take", clients=9, interval=0.05) as load:
        for number, server in enumerate([*SERVERS[1:3], SERVERS[0], SERVERS[1]], 1):
            verdict = bench.roll(bench.publish(number, server, kind=front))
            assert verdict.ok, verdict.message
            assert ask(bench, "GET", "/")[1] == str(number)
    assert load.lost == []
    closed = len(load.failures)
    assert closed < 9 * 4
    tried = f"gunicorn -> uWSGI -> gunicorn sync -> gunicorn -> uWSGI; reloads closed {closed} kept connections that were idle"
    faults.record("pairs", f"{front}: the server changes", tried, load.sent, len(load.lost))


@pytest.mark.parametrize(("before", "after"), [FRONTS, FRONTS[::-1]], ids=FRONTS)
def test_a_release_for_the_other_front_is_refused_before_anything_changes(make_bench, before, after):
    bench = launched(make_bench(), 1, kind=before)
    verdict = bench.roll(bench.publish(2, kind=after))
    assert not verdict.ok
    told = f"slipway:front: wanted {after}, found this host laid out with {before}; set it to {before}, or `./slipway destroy` and `up`"
    assert told in verdict.message
    answer, text = ask(bench, "GET", "/")
    assert (text, answer.headers["Server"].lower(), answer.status) == ("1", before, 200)
    assert bench.roll(bench.publish(3, kind=before)).ok
    assert ask(bench, "GET", "/")[1] == "3"
