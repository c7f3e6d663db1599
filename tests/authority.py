"""A certificate authority of a test's own, in a folder."""

import ssl
import subprocess
from pathlib import Path


def openssl(*arguments: object) -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


class Authority:
    """Signs requests; `context()` trusts it alone."""

    def __init__(self, folder: Path) -> None:
        self.key, self.certificate = folder / "authority.key", folder / "authority.pem"
        subject = ("-subj", "/CN=authority of a test", "-addext", "keyUsage=critical,keyCertSign")
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key)
        openssl("req", "-x509", *curve, *subject, "-days", 30, "-out", self.certificate)

    def sign(self, request: Path, days: int = 30) -> bytes:
        """The certificate that a request in DER asks for."""
        given = ("-req", "-inform", "DER", "-in", request, "-copy_extensions", "copyall", "-days", days)
        return openssl("x509", *given, "-CA", self.certificate, "-CAkey", self.key)

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))
