"""TLS of a cloud's own names at a test network's gateway, by an authority that its hosts' image trusts."""

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from authority import Authority, openssl

from .network import Network

_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


@contextmanager
def certified(network: Network, *names: str) -> Iterator[tuple[Authority, ssl.SSLContext]]:
    """The authority, and what serves as these names and as the gateway. `trusted.pem` beside the authority's certificate has this machine's
    authorities too."""
    with tempfile.TemporaryDirectory(prefix="slipway-trust-") as name:
        folder, authority = Path(name), Authority(Path(name))
        (folder / "trusted.pem").write_text(_BUNDLE.read_text() + authority.certificate.read_text())
        key, request, chain = folder / "served.key", folder / "served.der", folder / "served.pem"
        said = ",".join((*(f"DNS:{one}" for one in names), f"IP:{network.gateway}"))
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key)
        openssl("req", "-new", *curve, "-subj", "/CN=cloud", "-addext", f"subjectAltName={said}", "-outform", "DER", "-out", request)
        chain.write_bytes(authority.sign(request))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        yield authority, context
