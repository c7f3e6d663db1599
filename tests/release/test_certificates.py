"""The stack's own authority: what it signs is believed by OpenSSL itself at the address it was made for, and nowhere else."""

import datetime
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from components import providers
from components.hosts import certificates


def shake(tmp_path, pair, authority, name):
    """A handshake over a socket pair; the error's words, or nothing."""
    for file, content in (("crt", pair.certificate), ("key", pair.key), ("ca", authority.certificate)):
        (tmp_path / file).write_text(content)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    asking = ssl.create_default_context(cafile=str(tmp_path / "ca"))
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def serve():
        try:
            serving.wrap_socket(theirs, server_side=True).close()
        except (ssl.SSLError, OSError):
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        asking.wrap_socket(ours, server_hostname=name).close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        ours.close()
        thread.join()
    return ""


@pytest.mark.parametrize("address", ["10.0.0.5", "fd00::5", "db.example.com"])
def test_it_is_believed_at_its_address_alone(tmp_path, address):
    authority = certificates.authority("shop")
    pair = certificates.server(authority, address)
    assert shake(tmp_path, pair, authority, address) == ""
    assert "mismatch" in shake(tmp_path, pair, authority, "10.0.0.6")
    assert shake(tmp_path, pair, certificates.authority("shop"), address)


def test_a_renewed_authority_still_believes_what_it_signed(tmp_path):
    first = certificates.authority("shop")
    pair = certificates.server(first, "10.0.0.5")
    again = certificates.authority("shop", first.key)
    assert again.key == first.key
    assert again.certificate != first.certificate
    assert shake(tmp_path, pair, again, "10.0.0.5") == ""
    assert shake(tmp_path, certificates.server(again, "10.0.0.5"), first, "10.0.0.5") == ""


def test_what_is_signed_signs_nothing():
    pair = certificates.server(certificates.authority("shop"), "10.0.0.5")
    found = x509.load_pem_x509_certificate(pair.certificate.encode())
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key = found.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


@pytest.fixture
def later(monkeypatch):
    """Goes forward in time."""
    now = certificates._now()

    def go(days):
        monkeypatch.setattr(certificates, "_now", lambda: now + datetime.timedelta(days=days))

    return go


def test_a_certificate_is_made_anew_in_its_last_90_days(later):
    provider = providers.ServerCertificateProvider()
    authority = certificates.authority("shop")
    inputs = {"address": "10.0.0.5", "authority": authority.certificate, "authority_key": authority.key}
    made = provider.create(inputs).outs or {}
    assert "authority_key" not in made
    assert not provider.diff("", made, inputs).changes
    later(certificates.SERVER_DAYS - 91)
    assert not provider.diff("", made, inputs).changes
    later(certificates.SERVER_DAYS - 89)
    found = provider.diff("", made, inputs)
    assert (found.changes, found.replaces) == (True, None)
    renewed = provider.update("", made, inputs).outs or {}
    assert certificates.days_left(renewed["certificate"]) == certificates.SERVER_DAYS - 1
    assert not provider.diff("", renewed, inputs).changes


def test_another_address_or_authority_is_another_certificate():
    provider = providers.ServerCertificateProvider()
    authority, other = certificates.authority("shop"), certificates.authority("shop")
    inputs = {"address": "10.0.0.5", "authority": authority.certificate, "authority_key": authority.key}
    made = provider.create(inputs).outs or {}
    assert provider.diff("", made, {**inputs, "address": "10.0.0.6"}).changes
    assert provider.diff("", made, {**inputs, "authority": other.certificate, "authority_key": other.key}).changes


def test_an_authority_is_made_anew_with_its_key_before_what_it_signs_outlives_it(later):
    provider = providers.PrivateAuthorityProvider()
    made = provider.create({"name": "shop"}).outs or {}
    later(certificates.AUTHORITY_DAYS - certificates.SERVER_DAYS - 91)
    assert not provider.diff("", made, {"name": "shop"}).changes
    later(certificates.AUTHORITY_DAYS - certificates.SERVER_DAYS - 89)
    assert provider.diff("", made, {"name": "shop"}).changes
    renewed = provider.update("", made, {"name": "shop"}).outs or {}
    assert renewed["key"] == made["key"]
    assert certificates.days_left(renewed["certificate"]) == certificates.AUTHORITY_DAYS - 1
