"""Green means live: the release's id, read back where users ask."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from cloud_init.host.base.outcome import Refused
from cloud_init.host.contracts.manifest import Health, Tls
from cloud_init.host.contracts.rollout import Outcome
from cloud_init.host.rollout import gate
from components.hosts import progress


def check(url: str, addresses: Sequence[str], health: Health, release: str, tls: Tls | None = None) -> list[Outcome]:
    """Asks the public address, then each web host's own where there are several; what is not well.

    With `tls`, or where a load balancer has it, each is asked by its address, whosever certificate it has: whether the domain leads
    there is another question.
    """
    address = urlsplit(url)
    if tls or address.scheme == "https":
        port, domain = (tls.port, tls.domain) if tls else (address.port or 443, str(address.hostname))
        secure = {f"https://{_in_url(one)}": gate.over_tls(one, port, domain) for one in addresses}
        return [outcome for name, connect in secure.items() for outcome in _ask(name, connect, health, release)]
    port = address.port or 80
    ways = {url: (str(address.hostname), port)}
    if len(addresses) > 1:
        ways |= {f"http://{_in_url(one)}:{port}": (one, port) for one in addresses}
    return [outcome for name, way in ways.items() for outcome in _ask(name, gate.over_network(*way), health, release)]


def _ask(name: str, connect: gate.Connect, health: Health, release: str) -> list[Outcome]:
    try:
        gate.wait(connect, health, release, lambda: None, lambda text: progress.report(name, "", "note", text=text))
    except Refused as refused:
        return [Outcome(False, name, "public", str(refused), refused.http)]
    return []


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
