"""Every front server with every application server and every database: launched, looked at, redeployed under load, one after the other."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import faults
import pytest
from database_app import ENGINES, REQUIREMENTS, ROUTES, publish
from load import Load

from cloud_init.host.base import places as installed
from cloud_init.host_files import Front, Server, WebHost
from cloud_init.render import server_requirements

SERVERS = {
    "gunicorn gthread": Server("gunicorn", "gthread"),
    "gunicorn sync": Server("gunicorn", "sync"),
    "gunicorn gevent": Server("gunicorn", "gevent"),
    "uwsgi": Server("uwsgi"),
}
WITHOUT = """
@app.post("/rows")
def add():
    return str(len(request.get_data()))
"""
WITH = "\nfrom sqlalchemy.exc import SQLAlchemyError\nfrom base import engine, text\n" + ROUTES


def ask(bench, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=20)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def look(bench):
    """What an app sees of a request is the same behind every pair, and nobody can imitate what the front tells."""
    forged = {"X-Real-IP": "6.6.6.6", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Request-Id": "mine"}
    seen = json.loads(ask(bench, "GET", "/seen/a%20b/c?q=1", Host="shop.example", **forged)[1])
    assert (seen["path"], seen["QUERY_STRING"], seen["SCRIPT_NAME"]) == ("a b/c", "q=1", "")
    assert seen["url"] == "http://shop.example/seen/a%20b/c?q=1"
    assert (seen["client"], seen["HTTP_X_REAL_IP"], seen["HTTP_X_FORWARDED_FOR"]) == ("127.0.0.1",) * 3
    assert (seen["HTTP_X_FORWARDED_PROTO"], seen["HTTP_X_FORWARDED_HOST"]) == ("http", "shop.example")
    assert seen["HTTP_X_FORWARDED_PORT"] == str(bench.port)
    assert len(seen["HTTP_X_REQUEST_ID"]) > 15
    for status in (204, 304):
        answer, text = ask(bench, "GET", f"/empty/{status}")
        assert (answer.status, text) == (status, "")
    answer, text = ask(bench, "HEAD", "/")
    assert (answer.status, text) == (200, "")
    assert ask(bench, "GET", "/static/number.txt")[1] == "0"
    assert ask(bench, "GET", "/-/live", Host="anything.example")[1] == "live\n"
    assert "/" not in (answer.headers["Server"] or "")


def made(bench, number, front, server, engine):
    """A release of that pair and database; all of them share one environment."""
    app = bench.source.replace("NUMBER", str(number))
    needed = server_requirements(WebHost("wsgi:app", SERVERS[server], Front(listen=("127.0.0.1:80",))))
    manifest = {"requirements": [REQUIREMENTS, needed]}
    if engine == "none":
        return bench.publish(number, SERVERS[server], {"wsgi.py": app + WITHOUT}, manifest, kind=front)
    return publish(bench, number, engine, extra={"wsgi.py": app + WITH}, server=SERVERS[server], front=front, **manifest)


def rolled(bench, number, *what):
    verdict = bench.roll(made(bench, number, *what))
    assert verdict.ok, verdict.message


@pytest.mark.family("pairs of servers", case="apache-uwsgi")
@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_redeployed_under_load(make_bench, front, server):
    bench = make_bench()
    assert bench.boot()["ok"]
    rolled(bench, 0, front, server, "none")
    assert bench.host.run(["status"])["front"]["kind"] == front
    look(bench)
    last = 0
    for engine in ("none", *(one for one in ENGINES if one == "sqlite" or one in installed.databases())):
        kinds: dict[str, Any] = {"post": "/rows", "slow": "/slow", "heavy": "/rows"}
        bodies = tuple(map(str, range(last, last + 3)))
        with Load(bench.port, bodies=bodies, clients=9, interval=0.05, **kinds) as load, ThreadPoolExecutor(1) as pool:
            long = pool.submit(ask, bench, "GET", "/long") if engine == "none" else None  # one, across the flip
            for _ in range(1 if engine == "none" else 2):
                last += 1
                rolled(bench, last, front, server, engine)
        assert load.failures == [], (engine, load.failures, *words(bench))
        assert load.sent > 100
        assert ask(bench, "GET", "/")[1] == str(last)
        came = "kept and new connections, POST, chunked, 5 MB; redeployed"
        if long:
            assert long.result()[1] == "long"
            came += " with a 10 s answer in flight"
        else:
            assert int(ask(bench, "GET", "/rows")[1]) > 10
            came = f"migrated, written, read; {came} from the database before it, and again"
        faults.record("pairs", f"{front} x {server} x {engine}", came, load.sent, len(load.failures))
    # A server whose release serves no more has stopped; its data are there.
    running = {one["name"] for one in bench.host.run(["status"])["processes"] if one["state"] == "running"}
    assert running & {"postgres", "mysql"} == {engine} - {"sqlite"}


def words(bench):
    """The last ones of the front server and of both colours, for a failure that is not seen again."""
    for name in ("front", "blue", "green"):
        lines = (bench.folder / f".slipway/t/var/log/slipway/demo/{name}.log").read_text().splitlines()
        yield "\n".join([line for line in lines if not line.startswith("{") and "buffered to a temporary" not in line][-40:])
