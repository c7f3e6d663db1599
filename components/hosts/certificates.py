"""A stack's own authority and the certificates it signs, for what its hosts say to each other."""

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS, SERVER_DAYS = 3650, 730
RENEWED = {AUTHORITY_DAYS: SERVER_DAYS + 90, SERVER_DAYS: 90}
"""Days before its end when one is made anew: an authority before what it signs could outlive it."""
_HOUR = datetime.timedelta(hours=1)  # a host's clock may be behind


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: str
    key: str


def authority(name: str, key: str | None = None) -> Pair:
    """A new authority. With the `key` of an earlier one, what that one signed stays good."""
    private = _private(key) if key else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    builder = (
        _builder(subject, subject, private.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(private.public_key()), critical=False)
    )
    return _signed(builder, private, private)


def server(signer: Pair, address: str) -> Pair:
    """A certificate for the server at that address, an IP address or a name."""
    issuer, by = x509.load_pem_x509_certificate(signer.certificate.encode()), _private(signer.key)
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address[:64])])
    builder = (
        _builder(subject, issuer.subject, private.public_key(), SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([_alternative(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    return _signed(builder, private, by)


def days_left(certificate: str) -> int:
    """Until its end; negative after it."""
    return (x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc - _now()).days


def is_due(certificate: str, lifetime: int) -> bool:
    """Whether a certificate of that lifetime is to be made anew."""
    return days_left(certificate) < RENEWED[lifetime]


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    begin = _now() - _HOUR
    return (
        x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), begin, begin + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )  # fmt: skip


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey) -> Pair:
    certificate = builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return Pair(certificate, text)


def _private(key: str) -> ec.EllipticCurvePrivateKey:
    loaded = serialization.load_pem_private_key(key.encode(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded


def _alternative(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
