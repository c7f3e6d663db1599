"""The domain as the deploying machine sees it: what is to be set, a certificate that isn't good yet, and one that is."""

import http.server
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import documents
import pytest

from cloud_init.host.base.outcome import Refused

sys.path.insert(0, str(Path(__file__).parents[1]))
from authority import Authority, openssl

from cloud_init.host.contracts.manifest import Health, Tls
from cloud_init.host.front import certificates
from components.rollout import public

DOMAIN = "shop.example"
HEALTH = Health("/", DOMAIN, 2, "https")


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Release-Id", "new")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        pass


class Site:
    """A server of `DOMAIN` on loopback that has a certificate of its own, until `certify()`."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.names = Authority(folder), {DOMAIN: ["127.0.0.1"]}
        places = documents.places(folder, {"app": "a"})
        certificates.ensure(places, Tls(DOMAIN, ""))
        self.place = certificates.folder(places, Tls(DOMAIN, ""))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._load()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.tls = Tls(DOMAIN, "", port=self.server.server_port)

    def certify(self) -> None:
        (self.place / "certificate.pem").write_bytes(self.authority.sign(self.place / "request.der"))
        self._load()

    def _load(self) -> None:
        self.context.load_cert_chain(self.place / "certificate.pem", self.place / "key.pem")

    def problem(self, *addresses: str, release: str = "new") -> str:
        return public.domain_problem(self.tls, addresses or ("127.0.0.1",), HEALTH, release, patience=0)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority.certificate))
    real = socket.getaddrinfo

    def resolve(host: str, *arguments: Any, **named: Any) -> Any:
        if not host.endswith(".example"):
            return real(host, *arguments, **named)
        found = [one for address in made.names.get(host, []) for one in real(address, *arguments, **named)]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_domain_that_leads_nowhere_or_elsewhere_is_told_with_what_to_set(site: Site) -> None:
    said = site.problem("203.0.113.7", "2001:db8::7")
    assert said.startswith(
        "shop.example leads to 127.0.0.1: set A shop.example → 203.0.113.7, AAAA shop.example → 2001:db8::7, and the cert"
    )
    assert said.endswith("until then the app is served at http://203.0.113.7")
    site.names.clear()
    assert site.problem("2001:db8::7").startswith("shop.example has no address yet: set AAAA shop.example → 2001:db8::7")
    assert site.problem("2001:db8::7").endswith("http://[2001:db8::7]")


def test_a_certificate_of_its_own_is_not_good_and_an_authoritys_is(site: Site) -> None:
    assert "leads here and has no good certificate yet (SSLCertVerificationError" in site.problem()
    site.certify()
    assert site.problem() == ""
    assert site.problem(release="newer") == "shop.example answers 200 from release new: wanted newer"


def test_each_host_is_asked_by_its_address_whatever_the_certificate(site: Site) -> None:
    url = f"https://{DOMAIN}"
    site.names.clear()
    assert public.check(url, ("127.0.0.1",), HEALTH, "new", site.tls) == []
    [wrong] = public.check(url, ("127.0.0.1",), HEALTH, "newer", site.tls)
    assert (wrong.host, wrong.step) == ("https://127.0.0.1", "public")
    assert "found 200 from release new" in wrong.message


def test_a_certificate_for_another_key_is_not_taken(site: Site, tmp_path: Path) -> None:
    places = documents.places(tmp_path, {"app": "a"})
    tls = Tls(DOMAIN, "https://acme.example/directory")
    other = documents.places(tmp_path / "other", {"app": "a"})
    certificates.ensure(other, tls)
    before = (site.place / "certificate.pem").read_bytes()
    with pytest.raises(Refused, match="is not for this server's key"):
        certificates.install(places, tls, site.authority.sign(certificates.folder(other, tls) / "request.der"))
    assert (site.place / "certificate.pem").read_bytes() == before
    assert certificates.is_due(places, tls)
    until = certificates.install(places, tls, site.authority.sign(site.place / "request.der", days=30))
    assert not certificates.is_due(places, tls)
    assert certificates.issued(places, tls)["until"] == until
    assert certificates.problem(places, tls) == ""
    assert certificates.is_due(places, replace(tls, directory="https://another.example/"))
    assert b"DNS:shop.example" in openssl("x509", "-in", site.place / "certificate.pem", "-noout", "-ext", "subjectAltName")
