"""TLS in the rendered files: golden for reading, taken by the real programs; no domain and no address gets out of its place."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import documents
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from authority import openssl

from cloud_init import fleet, render, system
from cloud_init.fleet import Fleet, Tls
from cloud_init.host.base import places as installed
from cloud_init.host.front import certificates
from cloud_init.host.release import files
from cloud_init.host_files import Front, HostFileError, Server, WebHost
from cloud_init.render import host_files

GOLDEN = Path(__file__).parent.parent / "golden"
TLS = Tls("www.example.com", "https://acme.example/directory", peers=("10.0.0.5", "10.0.0.6:8080", "fd00::7"))
ONE = WebHost("a:b", Server("uwsgi"), Front(listen=("127.0.0.1:8471", "[::1]:8471"), tls=replace(TLS, port=8472)))
MANY = WebHost("a:b", Server("uwsgi"), Front(listen=("80 default_server", "[::]:80 default_server"), cors=("https://a.example",), tls=TLS))
PROXIED = replace(MANY, front=replace(MANY.front, balancer=fleet.Balancer(("203.0.113.0/24", "2001:db8::/32"), 60, chain=True)))


def content(host: WebHost, front: str) -> str:
    host = replace(host, front=replace(host.front, kind=front))
    return next(file.content for file in host_files(host) if file.path == f"etc/{front}.conf")


@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_fronts_as_the_golden_files(front: str) -> None:
    assert content(MANY, front) == (GOLDEN / f"{front}-tls.conf").read_text()


@pytest.mark.parametrize("host", [ONE, MANY, PROXIED], ids=["one", "many", "proxied"])
@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_the_program_takes_it(front: str, host: WebHost, tmp_path: Path) -> None:
    binary = installed.fronts().get(front)
    if not binary:
        pytest.skip(f"{front} is not on this machine")
    places = documents.places(tmp_path, {"app": "a", "run": str(tmp_path)})
    (places.lib / "front").mkdir(parents=True)
    (places.run / "front").mkdir(exist_ok=True)
    certificates.ensure(places, TLS)
    text = content(host, front)
    for old, new in (("listen 80 ", "listen 8471 "), ("listen [::]:80 ", "listen [::]:8471 "), ("Listen 80", "Listen 8471")):
        text = text.replace(old, new)
    path = tmp_path / f"{front}.conf"
    path.write_text(files.fill(text, places))
    user = {"apache": ["-C", "User nobody", "-C", "Group nogroup", "-f"], "nginx": ["-e", "stderr", "-c"]}[front]
    done = subprocess.run([binary, *user, str(path), "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "domain", ["", "a", "a.b;", "a.example\n", "$host.example", "a b.example", "A.example", "-a.example", "1.2.3.4", '".example']
)
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(HostFileError, match="slipway:domain: wanted a host name"):
        render.tls_values(replace(TLS, domain=domain), ("80",))


@pytest.mark.parametrize("peer", ["", "host", "10.0.0.5;", "10.0.0.5:80 backup", "10.0.0.5:", "[::1]", "::1 x", "10.0.0.5:x", "10.0.0.5\n"])
def test_what_is_no_address_of_a_web_host_is_refused(peer: str) -> None:
    with pytest.raises(HostFileError, match="the addresses of web hosts: wanted addresses"):
        render.tls_values(replace(TLS, peers=(peer,)), ("80",))


def test_listening_follows_the_addresses_of_plain_http() -> None:
    given = ("80 default_server", "[::]:80 default_server", "127.0.0.1:8080", "[::1]:8080")
    assert render.tls_values(replace(TLS, port=8443), given)["listen"] == (
        "8443 default_server",
        "[::]:8443 default_server",
        "127.0.0.1:8443",
        "[::1]:8443",
    )
    assert render.tls_values(TLS, given)["site"] == "https://www.example.com"
    assert render.tls_values(replace(TLS, port=8443), given)["site"] == "https://www.example.com:8443"


def test_only_web_hosts_with_a_domain_seek_a_certificate() -> None:
    plain = Fleet("systemd", "nginx", "none", roles=fleet.ROLES)
    both = replace(plain, tls=TLS)
    assert "certbot" in system.packages(both, "web")
    assert "certbot" not in system.packages(both, "database") + system.packages(plain, "web")
    names = [Path(file.path).name for file in system.files(both, "web")]
    assert {"slipway-certificate.service", "slipway-certificate.timer"} <= set(names)
    assert system.host_part(both).manager == "systemd"


def test_every_cipher_is_known() -> None:
    if not shutil.which("openssl"):
        pytest.skip("wanted openssl")
    done = subprocess.run(["openssl", "ciphers", "-tls1_2", "-s", render.CIPHERS], capture_output=True, text=True, check=True)
    assert set(render.CIPHERS.split(":")) <= set(done.stdout.strip().split(":"))


def test_a_name_more_makes_another_certificate_due(tmp_path: Path) -> None:
    places = documents.places(tmp_path, {"app": "a"})
    certificates.ensure(places, TLS)
    folder = certificates.folder(places, TLS)
    certificates.install(places, TLS, (folder / "certificate.pem").read_bytes())
    more = replace(TLS, aliases=("example.com",))
    assert (certificates.is_due(places, TLS), certificates.is_due(places, more)) == (False, True)
    certificates.ensure(places, more)
    asked = openssl("req", "-inform", "DER", "-in", str(folder / "request.der"), "-noout", "-text").decode()
    assert "DNS:www.example.com, DNS:example.com" in asked
    certificates.install(places, more, (folder / "certificate.pem").read_bytes())
    assert not certificates.is_due(places, more)


class _Killed(BaseException):
    pass


def test_a_kill_between_the_files_leaves_no_key_with_another_ones_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = documents.places(tmp_path, {"app": "a"})
    owns, keys = [], []
    for name in ("one", "two"):
        pair = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / f"{name}.key")
        owns.append(replace(TLS, certificate=openssl("req", "-x509", *pair, "-subj", f"/CN={name}").decode()))
        keys.append((tmp_path / f"{name}.key").read_text())
    certificates.ensure(places, owns[0], keys[0])
    first = certificates.folder(places, owns[0])
    before = {path: (path.read_bytes(), path.stat().st_ino) for path in first.iterdir()}
    rename, sunk = Path.rename, [0]

    def dying(path: Path, to: Path) -> Path:
        sunk[0] -= 1
        if not sunk[0]:
            raise _Killed
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", dying)
    for step in range(1, 20):
        sunk[0] = step
        try:
            certificates.ensure(places, owns[1], keys[1])
            break
        except _Killed:
            assert {path: (path.read_bytes(), path.stat().st_ino) for path in first.iterdir()} == before
    assert step > 3
    for own, key in zip(owns, keys, strict=True):
        place = certificates.folder(places, own)
        assert (place.joinpath("key.pem").read_text(), place.joinpath("certificate.pem").read_text()) == (key, own.certificate)
        assert not certificates.is_due(places, own)
    sunk[0] = 0
    certificates.ensure(places, owns[0], keys[0])  # released again: a front reads the key at any time
    assert first.joinpath("key.pem").stat().st_ino == before[first / "key.pem"][1]


@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_a_certificate_of_ones_own_has_a_folder_of_its_own(front: str) -> None:
    own = replace(TLS, certificate="PEM", peers=())
    text = content(replace(MANY, front=replace(MANY.front, tls=own)), front)
    assert f"@@LIB@@/certificates/{own.folder}/" in text.replace('";', '/";')
    assert "PEM" not in text
    assert own.folder.startswith("www.example.com/")
    assert len({one.folder for one in (own, replace(own, certificate="PEM2"), TLS)}) == 3
