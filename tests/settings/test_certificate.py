"""A certificate of the project's own as it is read: each fault is told in one line, and no secret is."""

import asyncio
import datetime
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pulumi.runtime import config as runtime

sys.path.insert(0, str(Path(__file__).parents[1]))
from planted import PLANTED

from cloud_init.fleet import Fleet
from cloud_init.host.base import masking
from cloud_init.system import files, packages
from components.errors import UsageError
from components.release import core
from components.settings import Settings, load, report

DOMAIN = "www.example.com"
NOW = datetime.datetime.now(datetime.UTC)


class Signed:
    """A certificate with its key, signed by another one or by itself."""

    def __init__(self, *names: str, by: "Signed | None" = None, begins: int = -1, days: int = 90) -> None:
        self.key, self.name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, repr(names))])
        signer, start = by or self, NOW + datetime.timedelta(days=begins)
        end = NOW + datetime.timedelta(days=days, hours=1)
        builder = x509.CertificateBuilder(signer.name, self.name, self.key.public_key(), x509.random_serial_number(), start, end)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        self.certificate = builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def pem(self, passphrase: bytes = b"") -> str:
        sealed = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed).decode()


ROOT, OTHER = Signed(), Signed()
GOOD = Signed(DOMAIN, "example.com", by=ROOT)


@pytest.fixture(autouse=True)
def _program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr("pulumi.get_stack", lambda: "dev")
    monkeypatch.setattr("pulumi.get_project", lambda: "shop")
    monkeypatch.chdir(tmp_path)
    before = runtime.CONFIG.get(), list(runtime._SECRET_KEYS.get())
    yield
    pulumi.runtime.set_all_config(*before)


async def load_async(text: str | None, key: Any = None, **http: Any) -> Settings:
    if text is not None:
        Path("chain.pem").write_text(text)
    raw = {"app": {"name": "shop"}, "tls": {"certificate": "chain.pem"}, "secretTls": {"key": key or GOOD.pem()}, "http": http}
    config = {"slipway:target": "ssh", "slipway:domain": DOMAIN, **{f"slipway:{name}": json.dumps(one) for name, one in raw.items()}}
    pulumi.runtime.set_all_config(config, ["slipway:secretTls"])
    return load()


def loaded(text: str | None, key: Any = None, **http: Any) -> Settings:
    return asyncio.run(load_async(text, key, **http))


@pytest.mark.parametrize("names", [(DOMAIN, "example.com"), ("*.example.com", "example.com")])
def test_a_good_one_is_in_the_release_without_what_else_its_file_says(names: tuple[str, ...]) -> None:
    own = Signed(*names, by=ROOT)
    settings = loaded(f"Bag Attributes\r\n{own.certificate}\n# then\n{ROOT.certificate}", own.pem(), redirectDomains=["example.com"])
    assert settings.certificate == own.certificate + ROOT.certificate
    tls = core.tls(settings, ["10.0.0.1", "10.0.0.2"])
    assert tls
    assert (tls.certificate, tls.peers, tls.aliases) == (own.certificate + ROOT.certificate, (), ("example.com",))
    fleet = Fleet("supervisor", "nginx", "none", tls=tls)
    assert "certbot" not in packages(fleet, "web")
    assert "openssl" in packages(fleet, "web")
    assert not [one.path for one in files(fleet, "web") if "certificate" in one.path]


NO_FILE = "tls.certificate: wanted a file of the project with certificates (PEM), found 'chain.pem': "
NAME = "tls.certificate: wanted a certificate for www.example.com, found one for "
ORDER = "tls.certificate: wanted the domain's certificate, then the one that signed it, and so on, found number "
KEY = "secretTls.key: wanted a private key without a passphrase (PEM), found another text; pulumi config set --secret"


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        (None, None, f"{NO_FILE}No such file or directory"),
        ("", None, f"{NO_FILE}Unable to load PEM file"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", None, NO_FILE),
        (GOOD.certificate + GOOD.pem(), None, "tls.certificate: wanted certificates alone, found a private key too in 'chain.pem'"),
        (Signed("example.com", by=ROOT).certificate, None, f"{NAME}example.com in 'chain.pem'"),
        (Signed("*.www.example.com").certificate, None, f"{NAME}*.www.example.com"),
        (Signed("*.com").certificate, None, f"{NAME}*.com"),
        (Signed().certificate, None, f"{NAME}no name"),
        (Signed(DOMAIN, begins=-9, days=-1).certificate, None, "tls.certificate: wanted a certificate that is good now, found one from 2"),
        (Signed(DOMAIN, begins=1).certificate, None, "tls.certificate: wanted a certificate that is good now, found one from 2"),
        (GOOD.certificate + OTHER.certificate, None, f"{ORDER}1 not signed by the next in 'chain.pem'"),
        (GOOD.certificate + ROOT.certificate + OTHER.certificate, None, f"{ORDER}2 not signed"),
        (GOOD.certificate, OTHER.pem(), "secretTls.key: wanted the key of slipway:tls.certificate, found another one's; pulumi config"),
        (GOOD.certificate, GOOD.pem(b"hunter2"), KEY),
        (GOOD.certificate, PLANTED.format("key"), KEY),
    ],
)
def test_each_fault_is_a_line(text: str | None, key: str | None, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(text, key)
    head, *lines = str(caught.value).splitlines()  # another line says that the key is another's
    assert head.startswith(f"Pulumi.dev.yaml: {len(lines)} setting")
    assert any(line.startswith(f"  slipway:{said}") for line in lines), lines
    assert not [part for part in (key or GOOD.pem()).splitlines() if part in str(caught.value)]


def test_a_folder_and_a_name_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "chain.pem").mkdir()
    with pytest.raises(UsageError, match=r"Is a directory$"):
        loaded(None)
    (tmp_path / "chain.pem").rmdir()
    with pytest.raises(UsageError, match=r"wanted a certificate for shop\.example\.com, found one for example\.com, www\.example"):
        loaded(GOOD.certificate, redirectDomains=["shop.example.com"])


def test_one_that_ends_soon_is_told_in_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", said.append)
    monkeypatch.setattr("components.hosts.certificates._now", lambda: NOW)  # a whole run takes hours
    loaded(GOOD.certificate)
    assert said == []
    soon = Signed(DOMAIN, by=ROOT, days=29)
    loaded(soon.certificate, soon.pem())
    assert said == ["slipway:tls.certificate: the certificate ends in 29 days; put a new one there, and its key into slipway:secretTls.key"]


def test_the_key_is_a_secret_under_a_name_of_its_own() -> None:
    async def run() -> tuple[Any, bool]:
        settings = await load_async(GOOD.certificate)
        assert GOOD.pem().splitlines()[1] not in repr(settings)
        return await settings.secret_env.future(), await settings.secret_env.is_secret()

    values, secret = asyncio.run(run())
    assert (values, secret) == ({"SLIPWAY_TLS": json.dumps({"key": GOOD.pem()})}, True)
    try:
        masking.know(values)
        for line in GOOD.pem().splitlines()[1:3]:
            assert line not in masking.masked(f"openssl said: {line}")
    finally:
        masking.forget()


def test_a_sealed_key_is_not_looked_at() -> None:
    assert loaded(GOOD.certificate, report.SEALED).certificate == GOOD.certificate
