"""Does the domain lead here? Asked as the authority will ask, because its refusals are counted."""

from __future__ import annotations

import http.client
import secrets
import socket
from pathlib import Path

from ...base.files import write
from ...base.outcome import Refused

CHALLENGES = ".well-known/acme-challenge"
_PORT = 80  # the authority's choice
_SECONDS = 5


class Elsewhere(Refused):
    """It leads to somebody else, or nowhere: the authority need not be asked."""


def check(root: Path, domain: str, port: int = _PORT) -> bool:
    """True if it leads here; False where that can't be told (not every server reaches its own public address). Raises `Elsewhere`."""
    try:
        addresses = sorted({str(found[4][0]) for found in socket.getaddrinfo(domain, port, type=socket.SOCK_STREAM)})
    except OSError:
        raise Elsewhere(f"{domain} has no address yet; set its A record (AAAA for IPv6) to this server's public address") from None
    name = secrets.token_urlsafe(16)
    path = root / CHALLENGES / name
    write(path, name.encode())
    try:
        answer = _ask(domain, port, f"/{CHALLENGES}/{name}")
    finally:
        path.unlink()
    if answer is None:
        return False
    if answer != name.encode():
        raise Elsewhere(f"{domain} leads to {', '.join(addresses)}, where another server answers; set it to this server's address")
    return True


def _ask(domain: str, port: int, path: str) -> bytes | None:
    """The answer's body; None where there is no answer."""
    connection = http.client.HTTPConnection(domain, port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(1000)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
