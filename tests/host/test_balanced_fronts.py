"""Behind a load balancer: what it says of its clients is believed, what anybody else says is not."""

import http.client
import json

import pytest
from test_fronts import FRONTS, ask, launched

from cloud_init.fleet import Balancer
from cloud_init.host_files import Server

BALANCER, STRANGER = "127.0.0.2", "127.0.0.3"


def seen(bench, source, *headers):
    """What the app sees of a request from that address; its answer's headers."""
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=30, source_address=(source, 0))
    connection.putrequest("GET", "/seen")
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    names = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_PORT")
    return told["client"], told["url"].partition(":")[0], *(told[name] for name in names), answer.headers["Strict-Transport-Security"]


@pytest.mark.family("behind a load balancer", case="uwsgi-apache")
@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("server", ["gunicorn", "uwsgi"])
def test_a_balancer_is_believed_and_nobody_else(make_bench, front, server):
    bench = launched(make_bench(), 1, server=Server(server), kind=front, balancer=Balancer((f"{BALANCER}/32", "10.0.0.0/8"), 60))
    secure = (("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443"))
    year, port = "max-age=31536000", str(bench.port)
    client = ("X-Forwarded-For", "203.0.113.9")
    https = ("203.0.113.9", "https", "203.0.113.9", "https", "443", year)
    assert seen(bench, BALANCER, client, *secure) == https
    assert seen(bench, BALANCER, client, ("X-Forwarded-Proto", "http"), ("X-Forwarded-Port", "80"))[1:] == (
        "http", "203.0.113.9", "http", "80", None,
    )  # fmt: skip
    # What a client made up comes before what the balancer saw, even where that is an address that would be believed itself.
    for forged in ("6.6.6.6", "6.6.6.6, 10.1.1.1", "10.1.1.1, 6.6.6.6"):
        assert seen(bench, BALANCER, ("X-Forwarded-For", f"{forged}, 203.0.113.9"), *secure) == https
        assert seen(bench, BALANCER, ("X-Forwarded-For", forged), client, *secure) == https
    assert seen(bench, BALANCER, ("X-Forwarded-For", "6.6.6.6, 10.1.1.1"), *secure)[0] == "10.1.1.1"
    for strange in (("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Proto", "https, http"), ("X_Forwarded_Proto", "https")):
        assert seen(bench, BALANCER, client, strange, ("X-Forwarded-Port", "x"))[3:] == ("http", port, None)
    assert seen(bench, STRANGER, client, *secure) == (STRANGER, "http", STRANGER, "http", port, None)
    # The host's own gate: an app may refuse plain HTTP.
    assert seen(bench, "127.0.0.1", *secure)[:5] == ("127.0.0.1", "https", "127.0.0.1", "https", "443")


@pytest.mark.parametrize("front", FRONTS)
def test_of_a_chain_of_proxies_the_first_stranger_is_the_client(make_bench, front):
    bench = launched(make_bench(), 1, kind=front, balancer=Balancer((f"{BALANCER}/32", "198.51.100.0/24"), 60, chain=True))
    for said in ("203.0.113.9", "203.0.113.9, 198.51.100.7", "6.6.6.6, 198.51.100.1, 203.0.113.9, 198.51.100.7, 198.51.100.8"):
        assert seen(bench, BALANCER, ("X-Forwarded-For", said), ("X-Forwarded-Proto", "https"))[:2] == ("203.0.113.9", "https"), said
    assert seen(bench, STRANGER, ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"))[:2] == (STRANGER, "http")


@pytest.mark.parametrize("front", FRONTS)
def test_behind_a_balancer_the_domain_alone_is_served(make_bench, front):
    """A balancer's health check asks by an address, and is answered: only the programs show by what name."""
    site = {"balancer": Balancer((f"{BALANCER}/32",), 60), "domain": "shop.example", "aliases": ("example.shop",)}
    bench = make_bench()
    health = {"path": "/", "host": "shop.example", "timeout": 20, "scheme": "https"}
    assert bench.boot()["ok"]
    verdict = bench.roll(bench.publish(1, manifest={"health": health}, kind=front, **site))
    assert verdict.ok, verdict.message
    for name, status in (("shop.example", 200), ("SHOP.example:443", 200), ("127.0.0.1", 421), ("evil.example", 421), ("", 400)):
        assert ask(bench, "GET", "/", Host=name)[0].status == status, name
    assert ask(bench, "GET", "/a?b", Host="example.shop")[0].headers["Location"] == "https://shop.example/a?b"
    assert ask(bench, "GET", "/-/live", Host="10.0.0.7")[1] == "live\n"
