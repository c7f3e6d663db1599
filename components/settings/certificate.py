"""The project's own certificate, read and checked before anything is made with it."""

import datetime
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pulumi
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from components.errors import one_line, shown
from components.settings import report
from components.settings.models import Settings

_KEY, _SETTING = f"slipway:{report.TLS}.key", "slipway:tls.certificate"
_SOON = 30  # days


def read(settings: Settings, folder: Path, key: object) -> str:
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


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
