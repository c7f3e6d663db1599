"""A certificate of the project's own, in force on real front servers and renewed by a release under load.

Whether a front takes key and certificate together, for each handshake, only its program shows."""

import json
import os
import pwd
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import documents
import ports
import pytest
from load import Load
from test_secure_fronts import DOMAIN, FRONTS, _answer, _eventually, _served, trusting

sys.path.insert(0, str(Path(__file__).parents[1]))
from authority import Authority, openssl
from planted import told

from cloud_init.fleet import Tls
from cloud_init.host import contracts
from cloud_init.host.front import certificates
from cloud_init.host.rollout import gate
from cloud_init.host_files import Server


class Site:
    """A bench whose releases come with certificates of `authority`."""

    def __init__(self, bench: Any, front: str, folder: Path) -> None:
        self.bench, self.kind, self.folder, self.authority = bench, front, folder, Authority(folder)
        self.tls = Tls(DOMAIN, "https://acme.example/directory", port=ports.free())
        self.places = documents.places(Path(bench.facts["root"]), bench.facts)
        assert bench.boot()["ok"]

    def pair(self, days: int) -> tuple[str, str]:
        """A new key and the certificate for it."""
        key = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").decode()
        (self.folder / "key.pem").write_text(key)
        request = self.folder / "request.der"
        named = ("-subj", "/", "-addext", f"subjectAltName=DNS:{DOMAIN}")
        openssl("req", "-new", "-key", self.folder / "key.pem", *named, "-outform", "DER", "-out", request)
        return key, self.authority.sign(request, days).decode()

    def roll(self, number: int, key: str, certificate: str) -> tuple[Tls, str]:
        tls = Tls(**{**vars(self.tls), "certificate": certificate})
        certificates.ensure(self.places, tls, key)
        if self.bench.facts["user"]:  # a server has a group for this
            os.chown(certificates.folder(self.places, tls) / "key.pem", pwd.getpwnam(self.bench.facts["user"]).pw_uid, -1)
        health = {"path": "/", "host": DOMAIN, "timeout": 20, "scheme": "https"}
        manifest = {"tls": contracts.document(tls), "health": health}
        release = self.bench.publish(number, Server("uwsgi"), manifest=manifest, kind=self.kind, tls=tls)
        self.bench.store.put(f"secrets/web/{release}.json", json.dumps({"SLIPWAY_TLS": json.dumps({"key": key})}).encode())
        verdict = self.bench.roll(release)
        assert verdict.ok, verdict.message
        return tls, release

    def get(self, path: str) -> str:
        """By a client that knows the authority alone."""
        connection = gate.over_tls("127.0.0.1", self.tls.port, DOMAIN, self.authority.context())()
        return _answer(connection, "GET", path, None, {"Host": DOMAIN})[1]


@pytest.mark.family("certificates of one's own", case="nginx")
@pytest.mark.parametrize("front", FRONTS)
def test_it_serves_and_is_renewed_by_a_release_under_load(make_bench: Any, front: str, tmp_path: Path) -> None:
    site = Site(make_bench(), front, tmp_path)
    first, second = site.pair(20), site.pair(40)
    tls, before = site.roll(1, *first)
    assert (site.get("/"), _served(site)) == ("1", first[1].strip())
    plain, _ = _answer(gate.over_network("127.0.0.1", site.bench.port)(), "GET", "/a", None, {"Host": DOMAIN})
    assert (plain.status, plain.headers["Location"]) == (301, f"https://{DOMAIN}:{tls.port}/a")
    status = site.bench.host.run(["status"])["tls"]
    assert status["problem"].startswith(f"the certificate of {DOMAIN} ends in 20 days: renew slipway:tls.certificate")
    with Load(tls.port, bodies=("1", "2"), post="/take", slow="/slow", clients=9, interval=0.05, tls=trusting(), name=DOMAIN) as load:
        time.sleep(1)
        renewed, release = site.roll(2, *second)
        _eventually(lambda: _served(site) == second[1].strip())
        time.sleep(1)
        assert site.get("/") == "2"
        assert site.bench.roll(before).ok  # an earlier release serves with its own
        _eventually(lambda: _served(site) == first[1].strip())
        assert site.bench.roll(release).ok
        _eventually(lambda: _served(site) == second[1].strip())
        time.sleep(1)
    assert load.lost == []
    assert load.sent > 100
    status = site.bench.host.run(["status"])["tls"]
    assert (status["problem"], abs(status["until"] - time.time() - 40 * 86400) < 3600) == ("", True)
    secret = [line for key, _ in (first, second) for line in key.splitlines()[1:3]]
    known = {certificates.folder(site.places, one) / "key.pem" for one in (tls, renewed)}
    assert all(path.stat().st_mode & 0o027 == 0 for path in known)
    stored = {site.bench.folder / f".slipway/t/store/secrets/web/{one}.json" for one in (before, release)}
    found = {path for path in site.bench.folder.rglob("*") if path.is_file() and told(path.read_text(errors="replace"), *secret)}
    assert found == known | stored
    assert told(site.get("/seen"), *secret, "SLIPWAY_TLS") == []
    shutil.rmtree(site.places.release(before))
    certificates.prune(site.places)
    assert [path for path in known if path.exists()] == [certificates.folder(site.places, renewed) / "key.pem"]


def test_a_key_that_does_not_fit_is_refused_and_the_one_before_serves(make_bench: Any, tmp_path: Path) -> None:
    site = Site(make_bench(), "nginx", tmp_path)
    (key, certificate), (_, other) = site.pair(40), site.pair(40)
    _, release = site.roll(1, key, certificate)
    wrong = Tls(**{**vars(site.tls), "certificate": other})
    manifest = {"tls": contracts.document(wrong)}
    bad = site.bench.publish(2, Server("uwsgi"), manifest=manifest, kind="nginx", tls=wrong)
    site.bench.store.put(f"secrets/web/{bad}.json", json.dumps({"SLIPWAY_TLS": json.dumps({"key": key})}).encode())
    verdict = site.bench.roll(bad)
    assert not verdict.ok
    assert f"the certificate of {DOMAIN} is not for this server's key" in verdict.message
    assert (site.get("/"), _served(site)) == ("1", certificate.strip())
    assert site.bench.host.run(["status"])["live"]["release"] == release
