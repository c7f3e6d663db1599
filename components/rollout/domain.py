"""Whether the site is reached by its domain with TLS, as a browser would; where it isn't, what is to be set. No fault of a release's."""

import ipaddress
import socket
import time
from collections.abc import Sequence

from cloud_init.host.contracts.manifest import Health, Tls
from cloud_init.host.contracts.rollout import HttpAnswer
from cloud_init.host.rollout import gate
from components.settings import Settings

PATIENCE = 90  # seconds that an authority may take once the domain leads here


def tls(settings: Settings, peers: Sequence[str] = ()) -> Tls | None:
    """What the settings say of TLS, for a fleet; nothing without a domain. `peers`: the addresses of all web hosts."""
    if settings.domain is None:
        return None
    wanted = settings.tls
    return Tls(settings.domain, wanted.directory, wanted.email, tuple(peers) if len(peers) > 1 else (), wanted.strict)


def problem(tls: Tls, addresses: Sequence[str], health: Health, release: str, patience: float = PATIENCE) -> str:
    """What is wrong, in one line; nothing where all is well. `addresses`: where the domain is to lead to."""
    domain, port = tls.domain, tls.port
    found = resolved(domain, port)
    until = f"; until then the app is served at http://{_in_url(addresses[0])}"
    if not found & {one for name in addresses for one in resolved(name, port)}:
        leads = f"leads to {', '.join(sorted(found))}" if found else "has no address yet"
        wanted = ", ".join(f"{_record(one)} {domain} → {one}" for one in addresses)
        return f"{domain} {leads}: set {wanted}, and the certificate follows by itself{until}"
    answer = _ask(domain, port, health, patience)
    if answer.status is None:
        why = f"({answer.body}): `slipway status` says why, and it is tried again"
        return f"{domain} leads here and has no good certificate yet {why}{until}"
    well = gate.is_good(answer, release) or answer.maintenance
    return "" if well else f"{domain} answers {answer.status} from release {answer.release or 'unknown'}: wanted {release}"


def resolved(domain: str, port: int) -> set[str]:
    """The addresses that a name has, seen from here."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(domain, port, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def _ask(domain: str, port: int, health: Health, patience: float) -> HttpAnswer:
    """The first answer; what kept it from coming when there was none for so long."""
    deadline = time.monotonic() + patience
    while True:
        answer = gate.ask(gate.verified(domain, port), health)
        if answer.status is not None or time.monotonic() > deadline:
            return answer
        time.sleep(1)


def _record(address: str) -> str:
    try:
        return "AAAA" if ipaddress.ip_address(address).version == 6 else "A"
    except ValueError:
        return "CNAME"


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
