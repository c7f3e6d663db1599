"""The open ports of a server: a table of nftables that is Slipway's own, beside those of others."""

import ipaddress
from collections.abc import Sequence

from cloud_init.fleet import Fleet
from cloud_init.host_files import HostFileError
from cloud_init.templating import render

_OPEN = {"web": (80, 443)}
# Amazon's, Google's and Alibaba Cloud's; the second for roles of containers.
METADATA = {"ip": ("169.254.169.254", "169.254.170.2", "100.100.100.200"), "ip6": ("fd00:ec2::254", "fd20:ce::254")}


def rules(fleet: Fleet, role: str) -> str:
    """Slipway's table for the hosts of a role. Raises `HostFileError` for what is no network."""
    database = fleet.database if role == "database" else None
    return render(
        "system/firewall.nft.j2",
        open=_OPEN.get(role, ()),
        metadata=METADATA,
        ssh_ports=fleet.ssh_ports,
        ssh_from=None if fleet.ssh_from is None else _families(fleet.ssh_from, "the networks for SSH"),
        database=database and {"port": database.port, "clients": _families(database.clients, "the networks of web hosts")},
    )


def lets_in(networks: Sequence[str] | None, address: str) -> bool:
    """Whether SSH from that address stays possible. Ask before a release brings `ssh_from`."""
    if networks is None:
        return True
    client = ipaddress.ip_address(address)
    client = getattr(client, "ipv4_mapped", None) or client
    return any(client in network for network in _networks(networks, "the networks for SSH"))


def _families(networks: Sequence[str], what: str) -> dict[str, list[str]]:
    """Networks by family, none in another one: a set of nftables refuses that."""
    parsed = _networks(networks, what)
    four = ipaddress.collapse_addresses([one for one in parsed if isinstance(one, ipaddress.IPv4Network)])
    six = ipaddress.collapse_addresses([one for one in parsed if isinstance(one, ipaddress.IPv6Network)])
    return {"ip": [str(one) for one in four], "ip6": [str(one) for one in six]}


def _networks(networks: Sequence[str], what: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(one, strict=False) for one in networks]
    except ValueError:
        raise HostFileError(f"{what}: wanted addresses or networks such as 203.0.113.0/24, found {', '.join(networks)[:100]!r}") from None
