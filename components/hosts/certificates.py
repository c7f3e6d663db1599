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
    marks = [(x509.BasicConstraints(ca=True, path_length=0), True), (_usage(signs=True), True)]
    return _signed(name, private, AUTHORITY_DAYS, marks, private)


def server(signer: Pair, address: str) -> Pair:
    """A certificate for the server at that address, an IP address or a name."""
    marks = [
        (x509.SubjectAlternativeName([_alternative(address)]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ]
    issuer = x509.load_pem_x509_certificate(signer.certificate.encode()).subject
    return _signed(address, ec.generate_private_key(ec.SECP256R1()), SERVER_DAYS, marks, _private(signer.key), issuer)


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
    days: int,
    marks: Sequence[tuple[x509.ExtensionType, bool]],
    by: ec.EllipticCurvePrivateKey,
    issuer: x509.Name | None = None,
) -> Pair:
    """`marks`: its own extensions, and whether each is critical; `issuer`: None for itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    begin = _now() - _HOUR
    end = begin + datetime.timedelta(days=days)
    builder = x509.CertificateBuilder(issuer or subject, subject, key.public_key(), x509.random_serial_number(), begin, end)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
    for extension, is_critical in [(own, False), *marks, (signer, False)]:
        builder = builder.add_extension(extension, is_critical)
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
