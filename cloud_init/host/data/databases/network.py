"""A cluster with a host of its own: its network, noted in `ETC/database/network.json`, and its
share of the memory, in bytes, by pure functions from 512 MB on."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from ...base import Places, Refused, files, give, read_object
from ...contracts.manifest import Manifest
from . import APP, OWNER, quoted

CERTIFICATE, KEY, RULES, NOTE = "server.crt", "server.key", "pg_hba.conf", "network.json"
MB = 1 << 20
_LEAST = 512 * MB
_CONNECTION = 4 * MB  # that one connection may come to hold
SAME_HOST = 600  # connections at once of a cluster beside the app
TAKEN = {"same-host": str(SAME_HOST), "own-host": "one for each 8 MB of its host's memory, 100 to 1,000"}
"""How many connections a cluster of Slipway's takes at once, by placement, in words."""


@dataclass(frozen=True)
class Network:
    """The server's address, and the networks of the clients that may connect."""

    address: str
    port: int
    clients: tuple[str, ...]

    def letting(self, clients: Sequence[str]) -> Network:
        """The same, with other clients let in too."""
        return replace(self, clients=tuple(dict.fromkeys([*self.clients, *clients])))


def read(places: Places) -> Network | None:
    """The network in force; None on a host whose database is no server for others."""
    noted = read_object(places.serves / NOTE)
    if not noted:
        return None
    return Network(str(noted["address"]), int(noted["port"]), tuple(noted["clients"]))


def install(places: Places, network: Network, certificate: str, key: str) -> None:
    """Writes the server's files, which are in force after a reload or the next start."""
    own = places.serves
    own.mkdir(mode=0o755, parents=True, exist_ok=True)
    files.write(own / CERTIFICATE, certificate.encode())
    files.write(own / KEY, key.encode(), 0o600)
    give(own / KEY, places.database_user)
    files.write(own / RULES, rules(places.app, network.clients).encode())
    files.write_json(own / NOTE, asdict(network))


def wanted(manifest: Manifest) -> Network:
    """The network that a release asks for. Raises `Refused` for wrong addresses."""
    database = manifest.database
    try:
        address, port = database.address or ("none", 0)
        clients = tuple(str(ipaddress.ip_network(one, strict=False)) for one in database.clients)
        return Network(str(ipaddress.ip_address(address)), port, clients)
    except ValueError as error:
        raise Refused(f"manifest, database: wanted an address of this host, a port and the clients' networks, found {error}") from None


def rules(app: str, clients: Sequence[str]) -> str:
    """The text of pg_hba.conf: the socket by password, clients by TLS and password."""
    name = quoted("".join(letter for letter in app if letter.isprintable()))
    lines = ["local all all scram-sha-256"]
    lines += [f"hostssl {name} {role} {ipaddress.ip_network(client)} scram-sha-256" for client in clients for role in (OWNER, APP)]
    return "".join(f"{line}\n" for line in lines)


def hosts(clients: Sequence[str]) -> list[str]:
    """The clients in MariaDB's way. Raises `Refused` for networks of IPv6."""
    networks = [ipaddress.ip_network(client) for client in clients]
    for one in networks:
        if one.version == 6 and one.num_addresses > 1:
            mend = "give the web hosts' addresses"
            raise Refused(f"manifest, database: MariaDB lets in single addresses of IPv6, found the network {one}; {mend}")
    return [str(one.network_address if one.num_addresses == 1 else one.with_netmask) for one in networks]


def memory() -> int:
    """Bytes of memory of this host."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def connections(size: int) -> int:
    """The most connections at once: as many as the memory beside the buffers carries."""
    return _between(100, max(size, _LEAST) // 2 // _CONNECTION, 1000)


def postgres(size: int) -> dict[str, str]:
    """PostgreSQL's settings: a quarter for shared buffers, since the kernel caches too."""
    size = max(size, _LEAST)
    buffers = _between(64 * MB, size // 4, 16384 * MB)
    return {
        "shared_buffers": f"{buffers // MB}MB",
        "effective_cache_size": f"{size * 3 // 4 // MB}MB",
        "work_mem": f"{_between(2 * MB, (size - buffers) // (connections(size) * 3), 64 * MB) // MB}MB",
        "maintenance_work_mem": f"{_between(32 * MB, size // 16, 1024 * MB) // MB}MB",
        "max_connections": str(connections(size)),
    }


def mariadb(size: int) -> dict[str, str]:
    """MariaDB's settings: half for InnoDB's buffers, since it caches by itself."""
    size = max(size, _LEAST)
    temporary = f"{_between(4 * MB, size // 128, 64 * MB) // MB}M"
    return {
        "innodb-buffer-pool-size": f"{_between(128 * MB, size // 2, 65536 * MB) // MB}M",
        "innodb-log-file-size": f"{_between(48 * MB, size // 16, 1024 * MB) // MB}M",
        "tmp-table-size": temporary,
        "max-heap-table-size": temporary,
        "max-connections": str(connections(size)),
    }


def _between(least: int, wanted: int, most: int) -> int:
    return max(least, min(wanted, most))
