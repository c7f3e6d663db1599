"""TLS through real front servers: a certificate comes and is renewed under load, plain HTTP is sent there, authorities are answered."""

import http.client
import http.server
import json
import os
import pwd
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import documents
import faults
import ports
import pytest
from load import Load
from test_fronts import raw

sys.path.insert(0, str(Path(__file__).parents[1]))
from authority import Authority, openssl

from cloud_init.fleet import Tls
from cloud_init.host import contracts
from cloud_init.host.front import certificates
from cloud_init.host.rollout import gate
from cloud_init.host_files import Server

FRONTS = ["nginx", "apache"]
DOMAIN = "shop.example"
CHALLENGE = "/.well-known/acme-challenge/"


class Site:
    """A bench whose front has TLS, with the key where this machine's users can read it."""

    def __init__(self, bench, front, peers=(), aliases=()):
        self.bench, self.kind = bench, front
        self.tls = Tls(DOMAIN, "https://acme.example/directory", peers=peers, port=ports.free(), aliases=aliases)
        root = Path(bench.facts["root"])
        self.places = documents.places(root, bench.facts)
        assert bench.boot()["ok"]
        certificates.ensure(self.places, self.tls)
        self.place = certificates.folder(self.places, self.tls)
        if bench.facts["user"]:  # a server has a group for this
            os.chown(self.place / "key.pem", pwd.getpwnam(bench.facts["user"]).pw_uid, -1)
        self.roll(1)

    def roll(self, number, **front):
        health = {"path": "/", "host": DOMAIN, "timeout": 20, "scheme": "https"}  # as components/release/core.py has it
        manifest = {"tls": contracts.document(self.tls), "health": health}
        front = {"kind": self.kind, "tls": self.tls, "aliases": self.tls.aliases, **front}
        release = self.bench.publish(number, Server("uwsgi"), manifest=manifest, **front)
        verdict = self.bench.roll(release)
        assert verdict.ok, verdict.message

    def install(self, authority):
        certificates.install(self.places, self.tls, authority.sign(self.place / "request.der"))
        certificates._tell_front(self.places)

    def plain(self, method, path, body=None, **headers):
        return _answer(http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=20), method, path, body, headers)

    def secure(self, method, path, body=None, context=None, **headers):
        """By TLS; without a context whoever has the certificate is believed."""
        connection = gate.over_tls("127.0.0.1", self.tls.port, DOMAIN, context)()
        return _answer(connection, method, path, body, {"Host": DOMAIN, **headers})


def _answer(connection, method, path, body, headers):
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer, text


def trusting():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize("front", FRONTS)
def test_other_names_lead_to_the_domain_and_are_in_the_certificate(make_bench, front, tmp_path):
    names = ("www.shop.example", "shop.test.example")
    authority, site = Authority(tmp_path), Site(make_bench(), front, aliases=names)
    for name in (*names, "WWW.shop.example:80"):
        answer, _ = site.plain("GET", "/a%20b/?c=d&e", Host=name)
        assert (answer.status, answer.headers["Location"]) == (301, f"http://{DOMAIN}/a%20b/?c=d&e"), name
        assert site.plain("GET", CHALLENGE + "x", Host=name)[0].status == 404
        assert site.plain("GET", "/-/live", Host=name)[1] == "live\n"
    assert site.plain("GET", "/", Host="other.shop.example")[0].status == 421
    site.install(authority)
    _eventually(lambda: site.plain("GET", "/", Host=names[0])[0].headers["Location"].startswith("https://"))
    answer, _ = site.secure("POST", "/a", b"x", Host=names[1])
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{DOMAIN}/a")
    for name in names:
        assert f"DNS:{name}" in openssl("x509", "-in", str(site.place / "certificate.pem"), "-noout", "-text").decode()
    assert not certificates.is_due(site.places, site.tls)


@pytest.mark.family("TLS", case="nginx")
@pytest.mark.parametrize("front", FRONTS)
def test_a_first_and_a_renewed_certificate_under_load(make_bench, front, tmp_path):
    authority, site = Authority(tmp_path), Site(make_bench(), front)
    assert site.plain("GET", "/")[1] == "1"
    assert site.plain("GET", "/")[0].headers["Strict-Transport-Security"] is None
    with pytest.raises(ssl.SSLCertVerificationError):
        site.secure("GET", "/", context=authority.context())
    with Load(site.tls.port, bodies=("1",), post="/take", slow="/slow", clients=9, interval=0.05, tls=trusting(), name=DOMAIN) as load:
        time.sleep(1)
        site.install(authority)
        _eventually(lambda: site.secure("GET", "/", context=authority.context())[1] == "1")
        time.sleep(1)
        first = site.place.joinpath("certificate.pem").read_bytes()
        site.install(authority)
        _eventually(lambda: _served(site) in site.place.joinpath("certificate.pem").read_text())
        assert site.place.joinpath("certificate.pem").read_bytes() != first
        time.sleep(1)
    assert load.lost == []
    assert load.sent > 100
    if front == "nginx":
        assert load.failures == []
    faults.record(
        "pairs", f"{front}: a certificate comes, then another", f"{len(load.failures)} idle connections closed", load.sent, len(load.lost)
    )


def _eventually(holds):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except (OSError, ssl.SSLError):
            pass
        time.sleep(0.1)
    raise AssertionError("it never held")


def _served(site):
    """The certificate that a new connection is shown."""
    return ssl.get_server_certificate(("127.0.0.1", site.tls.port)).strip()


@pytest.mark.parametrize("front", FRONTS)
def test_another_name_than_the_domain_is_not_served(make_bench, front, tmp_path):
    """Before there is a certificate an address does too: it is what people are told meanwhile."""
    site = Site(make_bench(), front)
    port = site.tls.port
    for name in (DOMAIN, DOMAIN.upper(), f"{DOMAIN}.", f"{DOMAIN}:{site.bench.port}", "10.0.0.1:8080", "[::1]"):
        assert site.plain("GET", "/", Host=name)[0].status == 200, name
    assert site.plain("GET", "/", Host="evil.example")[0].status == 421
    refused = ("evil.example", f"evil.{DOMAIN}", f"{DOMAIN}.evil.example", "127.0.0.1", "[::1]", "shop-example")
    for name in refused:
        assert site.secure("GET", "/", Host=name)[0].status == 421, name
        assert site.secure("POST", "/take", b"x", Host=name)[0].status == 421
        assert site.secure("GET", "/static/number.txt", Host=name)[0].status == 421
        assert site.secure("GET", "/-/live", Host=name)[1] == "live\n"
    for name in (DOMAIN, f"{DOMAIN}:{port}", f"{DOMAIN.upper()}:443"):
        seen = json.loads(site.secure("GET", "/seen", Host=name)[1])
        assert (seen["HTTP_HOST"], seen["HTTP_X_FORWARDED_HOST"]) == (name, name)
    assert raw(site.bench, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 421")
    site.install(Authority(tmp_path))
    _eventually(lambda: site.plain("GET", "/", Host="evil.example")[0].status == 301)
    challenge = site.places.lib / f"acme{CHALLENGE}"
    challenge.mkdir(parents=True)
    (challenge / "mine").write_text("here")
    assert site.plain("GET", f"{CHALLENGE}mine", Host="evil.example")[1] == "here"


@pytest.mark.parametrize("front", FRONTS)
def test_plain_http_is_sent_to_https(make_bench, front, tmp_path):
    site = Site(make_bench(), front)
    site.install(Authority(tmp_path))
    to = f"https://{DOMAIN}:{site.tls.port}"
    _eventually(lambda: site.plain("GET", "/")[0].status == 301)
    for path in ("/", "/a/b?c=d&e=%2F%0d%0aX:%20y", "/a/%2e%2e/%0d%0aSet-Cookie:x", "/a%2Fb", "/a%3Fb", "//other.example/", "/$1%251"):
        answer, _ = site.plain("GET", path, Host="other.example")
        assert (answer.status, answer.headers["Location"]) == (301, to + path)
        assert answer.headers["Set-Cookie"] is None
    assert site.plain("HEAD", "/x")[0].status == 301
    answer, _ = site.plain("POST", "/take?a=b", b"x" * 100)
    assert (answer.status, answer.headers["Location"]) == (308, f"{to}/take?a=b")
    assert site.plain("GET", "/-/live")[1] == "live\n"
    assert site.secure("GET", "/-/live")[1] == "live\n"
    answer, text = site.secure("GET", "/seen", Host=DOMAIN)
    seen = json.loads(text)
    assert (seen["HTTP_X_FORWARDED_PROTO"], seen["url"]) == ("https", f"https://{DOMAIN}/seen")
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]
    assert site.secure("GET", "/static/number.txt")[0].headers["Strict-Transport-Security"] == "max-age=31536000"
    page = Path(site.bench.facts["root"]) / "etc/slipway/demo/maintenance.html"
    page.write_text("soon")
    for asked in (site.plain, site.secure):
        assert asked("GET", "/")[0].status == 503
        assert asked("GET", "/-/live")[0].status == 200
    page.unlink()


@pytest.mark.parametrize("front", FRONTS)
def test_old_protocols_are_refused_and_http_2_is_spoken(make_bench, front):
    site = Site(make_bench(), front)
    for version, good in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{site.tls.port}", version, "-cipher", "DEFAULT@SECLEVEL=0"]
        done = subprocess.run(command, input=b"", capture_output=True, check=False)
        assert (done.returncode == 0) is good, version
    url = f"https://{DOMAIN}:{site.tls.port}"
    sent = ["curl", "-sk", "--resolve", f"{DOMAIN}:{site.tls.port}:127.0.0.1", "--http2", "-w", " %{http_version} %{http_code}", "-o", "-"]
    assert subprocess.run([*sent, url], capture_output=True, text=True, check=True).stdout == "1 2 200"
    site.roll(2, max_body=100_000)
    # Apache refuses what comes in pieces with 400, and resets the stream, often before its answer is through.
    refused = {"nginx": (" 2 413",), "apache": (" 0 000", " 2 400")}[front]
    for size, wanted in ((50_000, ("50000 2 200",)), (200_000, refused)):
        done = subprocess.run([*sent, "-X", "POST", "-T", "-", f"{url}/take"], input=b"x" * size, capture_output=True, check=False)
        assert done.stdout.decode().endswith(wanted), done.stdout[-200:]


class _PeerServer(http.server.ThreadingHTTPServer):
    asked: list[tuple[str, str, str]]


class _Peer(http.server.BaseHTTPRequestHandler):
    server: _PeerServer

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["X-Slipway-Peer"], self.headers["Host"]))
        known = self.path.endswith("/theirs")
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", "6" if known else "0")
        self.end_headers()
        self.wfile.write(b"answer" if known else b"")

    def log_message(self, *words):
        pass


@pytest.mark.parametrize("front", FRONTS)
def test_the_authoritys_question_finds_the_host_that_knows(make_bench, front, tmp_path):
    bench = make_bench()
    with _PeerServer(("127.0.0.1", 0), _Peer) as peer:
        peer.asked = []
        threading.Thread(target=peer.serve_forever, daemon=True).start()
        site = Site(bench, front, peers=(f"127.0.0.1:{bench.port}", f"127.0.0.1:{peer.server_port}"))
        site.install(Authority(tmp_path))
        folder = site.places.lib / f"acme{CHALLENGE}"
        folder.mkdir(parents=True)
        (folder / "mine").write_text("here")
        assert site.plain("GET", f"{CHALLENGE}mine")[1] == "here"
        assert peer.asked == []
        assert site.plain("GET", f"{CHALLENGE}theirs", Host=DOMAIN)[1] == "answer"
        assert [(path, host) for path, _, host in peer.asked] == [(f"{CHALLENGE}theirs", DOMAIN)]
        assert site.plain("GET", f"{CHALLENGE}nobodys")[0].status == 404
        assert len(peer.asked) == 2
        for number in ("2", "9", "x"):
            assert site.plain("GET", f"{CHALLENGE}theirs", X_Slipway_Peer=number)[0].status == 404
        assert len(peer.asked) == 2
        for path in (f"{CHALLENGE}../../certificates/{DOMAIN}/key.pem", f"{CHALLENGE}%2e%2e/%2e%2e/certificates/{DOMAIN}/key.pem"):
            assert "PRIVATE" not in site.plain("GET", path)[1]
        page = Path(bench.facts["root"]) / "etc/slipway/demo/maintenance.html"
        page.write_text("soon")
        assert site.plain("GET", f"{CHALLENGE}mine")[1] == "here"
        page.unlink()
        peer.shutdown()
