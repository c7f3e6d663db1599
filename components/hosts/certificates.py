"""Certificates: a stack's own authority and those it signs, for what its hosts say to each other;
and the project's own, read and checked before anything is made with it."""

import datetime
import ipaddress
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from components.errors import one_line, shown
from components.settings import report
from components.settings.models import Settings

AUTHORITY_DAYS, SERVER_DAYS = 3650, 730
_RENEWED = 90  # days before its end when one is made anew
_HOUR = datetime.timedelta(hours=1)  # a host's clock may be behind
_KEY, _SETTING = f"slipway:{report.TLS}.key", "slipway:tls.certificate"
_SOON = 30  # days


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: str
    key: str


def authority(name: str, key: str | None = None) -> Pair:
    """A new authority. With the `key` of an earlier one, what that one signed stays good."""
    private = _private(key) if key else ec.generate_private_key(ec.SECP256R1())
    return _signed(name, private, private, None, [])


def server(signer: Pair, address: str) -> Pair:
    """A certificate for the server at that address, an IP address or a name."""
    issuer = x509.load_pem_x509_certificate(signer.certificate.encode()).subject
    try:
        name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        name = x509.DNSName(address)
    marks = [x509.SubjectAlternativeName([name]), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])]
    return _signed(address, ec.generate_private_key(ec.SECP256R1()), _private(signer.key), issuer, marks)


def days_left(certificate: str) -> int:
    """Until its end; negative after it."""
    return (x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc - _now()).days


def is_due(certificate: str) -> bool:
    """Whether it is to be made anew: an authority before what it signs could outlive it."""
    constraints = x509.load_pem_x509_certificate(certificate.encode()).extensions.get_extension_for_class(x509.BasicConstraints)
    return days_left(certificate) < _RENEWED + (SERVER_DAYS if constraints.value.ca else 0)


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    issuer: x509.Name | None,
    marks: Sequence[x509.ExtensionType],
) -> Pair:
    """`issuer`: None for an authority, which signs itself; `marks`: what is beside that in it."""
    subject, signs = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]), issuer is None
    begin = _now() - _HOUR
    end = begin + datetime.timedelta(days=AUTHORITY_DAYS if signs else SERVER_DAYS)
    usage = x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder(issuer or subject, subject, key.public_key(), x509.random_serial_number(), begin, end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=signs, path_length=0 if signs else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    for mark in marks:
        builder = builder.add_extension(mark, critical=False)
    certificate = builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return Pair(certificate, text)


def _private(key: str) -> ec.EllipticCurvePrivateKey:
    loaded = serialization.load_pem_private_key(key.encode(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def read_own(settings: Settings, folder: Path, key: object) -> str:
    """The certificates in the file, PEM, without what else it says; empty without the setting.

    `key`: the secret's text, which isn't looked at where it is sealed. Raises one `UsageError`."""
    if settings.tls.certificate is None:
        return ""
    name = shown(settings.tls.certificate)
    try:
        text = (folder / settings.tls.certificate).read_bytes()
        if b"PRIVATE KEY" in text:
            wrong = [(_SETTING, f"wanted certificates alone, found a private key too in {name}; it belongs in {_KEY}")]
        else:
            chain = x509.load_pem_x509_certificates(text)
            wrong = [(_SETTING, f"{why}, found {found} in {name}") for why, found in _problems(settings, chain)]
            wrong += [(_KEY, why) for why in _key_problems(chain[0], key)]
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        why = one_line(getattr(error, "strerror", None) or str(error))
        wrong = [(_SETTING, f"wanted a file of the project with certificates (PEM), found {name}: {why}")]
    if wrong:
        raise report.error(settings.stack, wrong)
    days = (chain[0].not_valid_after_utc - _now()).days
    if days < _SOON:
        pulumi.log.warn(f"{_SETTING}: the certificate ends in {days} days; put a new one there, and its key into {_KEY}")
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in chain)


def _problems(settings: Settings, chain: Sequence[x509.Certificate]) -> Iterator[tuple[str, str]]:
    """What was wanted of the certificates, and what was found."""
    first = chain[0]
    known = [one.value for one in first.extensions if isinstance(one.value, x509.SubjectAlternativeName)]
    names = {name.lower() for one in known for name in one.get_values_for_type(x509.DNSName)}
    for name in (str(settings.domain), *settings.http.redirect_domains):
        if not names & {name, f"*.{name.partition('.')[2]}"}:
            yield f"wanted a certificate for {name}", f"one for {one_line(', '.join(sorted(names)) or 'no name', 200)}"
    begin, end, now = first.not_valid_before_utc, first.not_valid_after_utc, _now()
    if not begin <= now < end:
        yield "wanted a certificate that is good now", f"one from {begin:%Y-%m-%d} until {end:%Y-%m-%d}"
    for number, (one, signer) in enumerate(itertools.pairwise(chain), 1):
        try:
            one.verify_directly_issued_by(signer)
        except (ValueError, TypeError, InvalidSignature):
            yield "wanted the domain's certificate, then the one that signed it, and so on", f"number {number} not signed by the next"


def _key_problems(certificate: x509.Certificate, key: object) -> Iterator[str]:
    """Nothing of the key itself is told."""
    try:
        if key != report.SEALED and serialization.load_pem_private_key(str(key).encode(), None).public_key() != certificate.public_key():
            yield f"wanted the key of {_SETTING}, found another one's; {report.how(report.TLS)}"
    except (ValueError, TypeError, UnsupportedAlgorithm):
        yield f"wanted a private key without a passphrase (PEM), found another text; {report.how(report.TLS)}"
