"""What the templates of front servers are filled with. Each front is a folder of templates/, with
NAME.conf.j2 for the host's program of that name."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Any

from cloud_init.fleet import Balancer
from cloud_init.host.contracts.manifest import DOMAIN_NAME, Tls
from cloud_init.host_files import LIMITS, HostFileError, WebHost

_MARGIN = 5  # a front gives up after the server did, so that the server's own answer is the one that is seen
# For TLS 1.2, since all of 1.3 are sound. Each has forward secrecy.
_KINDS = ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
CIPHERS = ":".join(f"ECDHE-{key}-{kind}" for kind in _KINDS for key in ("ECDSA", "RSA"))


def values(host: WebHost) -> dict[str, Any]:
    """The values that every front server's template gets. Raises `HostFileError`."""
    front = host.front
    domain = front.tls.domain if front.tls else front.domain
    return {
        "front": front,
        "limits": LIMITS,
        "too_large": _from(LIMITS.head + 1),
        "static": sorted(path.rstrip("/") + "/" for path in host.static),
        "read_timeout": host.server.timeout + _MARGIN,  # the only one for servers without a time-out of a request
        "keep_alive": front.balancer.idle + _MARGIN if front.balancer else LIMITS.idle_seconds,
        "domain": domain and _checked(domain),  # the one name that the app is served by; None: any
        "aliases": [_checked(name) for name in front.aliases],
        "balancer": _networks(front.balancer),
        "tls": tls_values(front.tls, front.listen) if front.tls else None,
    }


def _from(least: int) -> str:
    """A pattern of the whole numbers from there on: nginx can't compare them."""
    digits = str(least)
    higher = [f"{digits[:at]}[{int(digit) + 1}-9][0-9]{{{len(digits) - at - 1}}}" for at, digit in enumerate(digits) if digit != "9"]
    return "|".join([digits, *higher, f"[0-9]{{{len(digits) + 1},}}"])


def idle_timeout(timeout: int) -> int:
    """`Balancer.idle` in seconds, for a balancer before servers with that time-out.

    Longer than any answer takes and shorter than a front server's own: the balancer has to close an
    idle connection first, or a request meets one that is just being closed."""
    return max(LIMITS.idle_seconds - _MARGIN, timeout + 2 * _MARGIN)


def _networks(balancer: Balancer | None) -> list[str]:
    try:
        return [str(ipaddress.ip_network(one)) for one in (balancer.networks if balancer else ())]
    except ValueError as error:
        raise HostFileError(f"the load balancer's networks: wanted such as 10.0.0.0/16, found: {error}") from None


def tls_values(tls: Tls, listen: Sequence[str]) -> dict[str, Any]:
    """The TLS part of a template's values: no character of them means anything to a front server.

    `listen` is for plain HTTP: TLS has the same with its port. Raises `HostFileError`."""
    return {
        "folder": _checked(tls.domain) and tls.folder,
        "site": f"https://{tls.domain}" + ("" if tls.port == 443 else f":{tls.port}"),  # where plain HTTP is sent
        # With another port: `80 default_server`, `[::]:80`, `127.0.0.1:8080`.
        "listen": tuple(re.sub(r"^(.*:)?\d+(?= |$)", lambda found: f"{found[1] or ''}{tls.port}", one) for one in listen),
        "peers": tuple(_authority(peer) for peer in tls.peers),
        "ciphers": CIPHERS,
    }


def _checked(domain: str) -> str:
    if not re.fullmatch(DOMAIN_NAME, domain):
        raise HostFileError(f"slipway:domain: wanted a host name in small letters such as www.example.com, found {domain[:60]!r}")
    return domain


def _authority(peer: str) -> str:
    """The address as URLs have it: `[fd00::1]`, `10.0.0.5:80`."""
    host, _, port = peer.partition(":") if peer.count(":") == 1 else (peer, "", "80")
    try:
        address = ipaddress.ip_address(host)
        return f"[{address}]" if address.version == 6 else f"{address}:{int(port)}"
    except ValueError:
        raise HostFileError(f"the addresses of web hosts: wanted addresses such as 10.0.0.5, found {peer[:60]!r}") from None
