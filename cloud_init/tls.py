"""TLS in the front servers: what their templates are given, checked, because a domain and addresses land in every kind of syntax there."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cloud_init.host.contracts.manifest import Tls
from cloud_init.host_files import HostFileError

# For TLS 1.2; those of 1.3 are sound, all of them. Each keeps what was said secret even where the key is lost later.
_KINDS = ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
CIPHERS = ":".join(f"ECDHE-{key}-{kind}" for kind in _KINDS for key in ("ECDSA", "RSA"))
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class TlsValues:
    """Plain words, each checked: nothing in them means anything to a front server. `site`: where plain HTTP is sent to."""

    domain: str
    site: str
    listen: tuple[str, ...]
    peers: tuple[str, ...]
    ciphers: str = CIPHERS


def values(tls: Tls, listen: Sequence[str]) -> TlsValues:
    """Raises `HostFileError`. `listen`: where plain HTTP is listened for; the same with the port of TLS."""
    if not _DOMAIN.fullmatch(tls.domain):
        raise HostFileError(f"slipway:domain: wanted a host name in small letters such as www.example.com, found {tls.domain[:60]!r}")
    site = f"https://{tls.domain}" + ("" if tls.port == 443 else f":{tls.port}")
    ports = tuple(_with_port(address, tls.port) for address in listen)
    return TlsValues(tls.domain, site, ports, tuple(_authority(peer) for peer in tls.peers))


def _with_port(address: str, port: int) -> str:
    """`80 default_server`, `[::]:80` and `127.0.0.1:8080` with another port."""
    return re.sub(r"^(.*:)?\d+(?= |$)", lambda found: f"{found[1] or ''}{port}", address)


def _authority(peer: str) -> str:
    """An address as URLs have it; of IPv4 with a port or without."""
    host, _, port = peer.partition(":") if peer.count(":") == 1 else (peer, "", "80")
    try:
        address = ipaddress.ip_address(host)
        return f"[{address}]" if address.version == 6 else f"{address}:{int(port)}"
    except ValueError:
        raise HostFileError(f"the addresses of web hosts: wanted addresses such as 10.0.0.5, found {peer[:60]!r}") from None
