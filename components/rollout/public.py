"""Green means live: the release's id, read back where users ask, and where their domain leads."""

import ipaddress
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from cloud_init.host.base.outcome import Refused
from cloud_init.host.contracts.manifest import Health, Tls
from cloud_init.host.contracts.rollout import Outcome
from cloud_init.host.rollout import gate
from components.hosts import progress

PATIENCE = 90  # seconds that an authority may take once the domain leads here


def check(url: str, addresses: Sequence[str], health: Health, release: str, tls: Tls | None = None) -> list[Outcome]:
    """Asks the public address, then each web host's own where there are several; what is not well.
    With `tls`, or behind a load balancer that has it, each is asked by its address, whatever its
    certificate: whether the domain leads there is asked by `domain_problem`."""
    address = urlsplit(url)
    ways: dict[str, gate.Connect]
    if tls or address.scheme == "https":
        port, domain = (tls.port, tls.domain) if tls else (address.port or 443, str(address.hostname))
        ways = {f"https://{_in_url(one)}": gate.over_tls(one, port, domain) for one in addresses}
    else:
        port = address.port or 80
        ways = {url: gate.over_network(str(address.hostname), port)}
        if len(addresses) > 1:
            ways |= {f"http://{_in_url(one)}:{port}": gate.over_network(one, port) for one in addresses}
    failed = []
    for name, connect in ways.items():
        try:
            gate.wait(connect, health, release, lambda: None, partial(progress.note, name))
        except Refused as refused:
            failed.append(Outcome(False, name, "public", str(refused), refused.http))
    return failed


def domain_problem(tls: Tls, addresses: Sequence[str], health: Health, release: str, patience: float = PATIENCE) -> str:
    """Why a browser wouldn't reach the release by its domain, in one line with what is to be set;
    empty where all is well. `addresses`: where the domain is to lead to; `patience` in seconds."""
    domain, port = tls.domain, tls.port
    resolved = gate.resolved(domain, port)
    until, own = f"; until then the app is served at http://{_in_url(addresses[0])}", bool(tls.certificate)
    if not resolved & {one for name in addresses for one in gate.resolved(name, port)}:
        leads = f"leads to {', '.join(sorted(resolved))}" if resolved else "has no address yet"
        wanted = ", ".join(f"{_record(one)} {domain} → {one}" for one in addresses)
        return f"{domain} {leads}: set {wanted}" + ("" if own else f", and the certificate follows by itself{until}")
    deadline = time.monotonic() + (0 if own else patience)
    health = replace(health, path=health.public or health.path)
    while (answer := gate.ask(gate.verified(domain, port), health)).status is None and time.monotonic() <= deadline:
        time.sleep(1)
    if answer.status is None and own:
        return f"{domain} leads here, and this machine finds no good certificate there ({answer.body}); see slipway:tls.certificate"
    if answer.status is None:
        why = f"({answer.body}): `slipway status` says why, and it is tried again"
        return f"{domain} leads here and has no good certificate yet {why}{until}"
    well = gate.is_good(answer, release) or answer.maintenance
    return "" if well else f"{domain} answers {answer.status} from release {answer.release or 'unknown'}: wanted {release}"


def _record(address: str) -> str:
    try:
        return "AAAA" if ipaddress.ip_address(address).version == 6 else "A"
    except ValueError:
        return "CNAME"


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
