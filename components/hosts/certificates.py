"""A stack's own authority and the certificates it signs, for what its hosts say to each other."""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS, SERVER_DAYS = 3650, 730
_RENEWED = 90  # days before its end when one is made anew
_HOUR = datetime.timedelta(hours=1)  # a host's clock may be behind


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
