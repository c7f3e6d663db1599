"""Every front server with every application server: launched, looked at, redeployed twice under load."""

import http.client
import json

import faults
import pytest
from load import Load

from cloud_init.host_files import Server

SERVERS = {
    "gunicorn gthread": Server("gunicorn", "gthread"),
    "gunicorn sync": Server("gunicorn", "sync"),
    "gunicorn gevent": Server("gunicorn", "gevent"),
    "uwsgi": Server("uwsgi"),
    "granian": Server("granian"),
}


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


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_redeployed_under_load(make_bench, front, server):
    bench = make_bench()
    assert bench.boot()["ok"]
    verdict = bench.roll(bench.publish(0, SERVERS[server], kind=front))
    assert verdict.ok, verdict.message
    assert bench.host.run(["status"])["front"]["kind"] == front
    look(bench)
    kinds = {"post": "/take", "slow": "/slow", "heavy": "/take", "long": "/long"}
    with Load(bench.port, bodies=("0", "1", "2"), clients=9, interval=0.05, **kinds) as load:
        for number in (1, 2):
            verdict = bench.roll(bench.publish(number, SERVERS[server], kind=front))
            assert verdict.ok, verdict.message
    assert load.failures == [], [
        line for line in (bench.folder / ".slipway/t/var/log/slipway/demo/front.log").read_text().splitlines() if not line.startswith("{")
    ][-20:]
    assert load.sent > 200
    assert ask(bench, "GET", "/")[1] == "2"
    tried = "kept and new connections, POST, chunked, 5 MB, a 10 s answer in flight; redeployed twice"
    faults.record("pairs", f"{front} x {server}", tried, load.sent, len(load.failures))
