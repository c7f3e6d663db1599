"""Doors, mounts, pages and configuration of one's own: the same on nginx and Apache.

What a front hands on, and what it answers itself, only the programs show."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from test_fronts import ask

from cloud_init.host_files import Door, Server

LOGIN = "Basic " + base64.b64encode("anna:p:ß".encode()).decode()
WRONG = ["Basic " + base64.b64encode(one).decode() for one in (b"anna:p", b"otto:p:", b"anna", b"\xff:x")]
DOOR = Door("/shop", ("192.0.2.0/24",), ("anna",), ("/shop/static",))
SNIPPETS = {"nginx": "location = /note {\n    return 299 own;\n}", "apache": 'RewriteRule "^/note$" - [G,L]'}
PAGES = {f"pages/{status}.html": f"own {status}" for status in (413, 502, 503)}
PARTS = {"static": {"/shop/static": "static", "/-/error": "pages"}}
EACH = pytest.mark.parametrize(
    ("front", "server"), [("nginx", Server("uwsgi")), ("apache", Server("gunicorn", "gevent"))], ids=["nginx", "apache"]
)


def rolled(bench: Any, number: int, front: str, server: Server, door: Door, snippet: str) -> Any:
    health = {"path": "/shop/", "host": "a.example", "timeout": 20, "public": "/-/release" if door.closed else None}
    more = {"static_age": 3600, "error_pages": (413, 502, 503), "snippet": snippet, "max_body": 1000}
    release = bench.publish(number, server, PAGES, {**PARTS, "health": health}, door=door, kind=front, **more)
    secret = {"SLIPWAY_LOGINS": json.dumps({"anna": "p:ß"})}
    bench.store.put(f"secrets/web/{release}.json", json.dumps(secret).encode())
    return bench.roll(release)


@pytest.mark.family("doors", case="nginx")
@EACH
def test_the_door(make_bench: Any, front: str, server: Server) -> None:
    bench = make_bench()
    assert bench.boot()["ok"]
    verdict = rolled(bench, 1, front, server, DOOR, SNIPPETS[front])
    assert verdict.ok, verdict.message
    for path in ("/shop/", "/shop/static/number.txt", "/", "/other"):
        for headers in ({}, {"X_Real_IP": "192.0.2.1", "X_Forwarded_For": "192.0.2.1"}, *({"Authorization": one} for one in WRONG)):
            answer, _ = ask(bench, "GET", path, **headers)
            told = (answer.status, answer.headers["WWW-Authenticate"])
            assert told == (401, 'Basic realm="this site", charset="UTF-8"'), (path, headers)
    assert ask(bench, "GET", "/-/release")[0].status == 200
    assert ask(bench, "GET", "/-/live")[0].status == 200
    found, text = ask(bench, "GET", "/shop/seen/a%20b?c=d", Authorization=LOGIN)
    seen = json.loads(text)
    assert (found.status, seen["path"], seen["SCRIPT_NAME"], seen["PATH_INFO"]) == (200, "a b", "/shop", "/seen/a b")
    assert seen["url"].endswith("/shop/seen/a%20b?c=d")
    assert "HTTP_AUTHORIZATION" not in seen
    static, text = ask(bench, "GET", "/shop/static/number.txt", Authorization=LOGIN)
    assert (static.status, text, static.headers["Cache-Control"]) == (200, "1", "max-age=3600")
    assert ask(bench, "GET", "/shop/static/../wsgi.py", Authorization=LOGIN)[0].status in (400, 404)
    for path, leads in (("/", "/shop/"), ("/shop?a=b", "/shop/?a=b")):
        assert ask(bench, "GET", path, Authorization=LOGIN)[0].headers["Location"].endswith(leads)
    assert ask(bench, "GET", "/shopping", Authorization=LOGIN)[0].status == 404
    for networks, status in ((("192.0.2.0/24",), 403), (("127.0.0.0/8",), 200)):
        verdict = rolled(bench, status, front, server, replace(DOOR, logins=(), allow=networks), "")
        assert verdict.ok, verdict.message
        assert ask(bench, "GET", "/shop/")[0].status == status


@pytest.mark.family("pages of one's own", case="nginx")
@EACH
def test_pages_and_configuration_of_ones_own(make_bench: Any, front: str, server: Server) -> None:
    bench = make_bench()
    assert bench.boot()["ok"]
    verdict = rolled(bench, 1, front, server, Door("/shop"), SNIPPETS[front])
    assert verdict.ok, verdict.message
    assert ask(bench, "GET", "/note")[0].status == {"nginx": 299, "apache": 410}[front]
    static, text = ask(bench, "GET", "/static/number.txt")
    assert static.status == 404
    assert static.headers["Cache-Control"] is None
    refused, text = ask(bench, "POST", "/shop/take", b"x" * 2000)
    assert (refused.status, text) == (413, "own 413")
    assert bench.host.run(["maintenance", "on"])["ok"]
    closed, text = ask(bench, "GET", "/shop/")
    assert (closed.status, text, closed.headers["X-Slipway-Maintenance"]) == (503, "own 503", "on")
    assert bench.host.run(["maintenance", "off"])["ok"]
    worse = rolled(bench, 2, front, server, Door("/shop"), "no such directive;")
    assert not worse.ok
    assert f"{front.replace('apache', 'httpd')} refuses the rendered configuration" in worse.message.replace("apache", "httpd")
    assert ask(bench, "GET", "/shop/")[1] == "1"
