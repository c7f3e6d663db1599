"""Where a cluster on a host of its own listens, and for whom: noted in `ETC/database/network.json`, which the server starts from."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...base import files
from ...base.files import read_object
from ...base.outcome import Refused
from ...base.places import Places
from ...base.user import give
from ...contracts.manifest import Manifest
from .base import APP, OWNER

CERTIFICATE, KEY, RULES, NOTE = "server.crt", "server.key", "pg_hba.conf", "network.json"


@dataclass(frozen=True)
class Network:
    """`address` is the private one; `clients` the networks that may connect; `uuid` of the disk that holds the data alone, if one does."""

    address: str
    port: int
    clients: tuple[str, ...]
    uuid: str | None = None

    def start(self) -> tuple[object, ...]:
        """What the server must be started again for."""
        return self.address, self.port

    def letting(self, clients: Sequence[str]) -> Network:
        """The same, with others let in too."""
        return replace(self, clients=tuple(dict.fromkeys([*self.clients, *clients])))


def folder(places: Places) -> Path:
    """Of the server's own files."""
    return places.etc / "database"


def read(places: Places) -> Network | None:
    """What is in force on this host; None where its database is no server for others."""
    noted = read_object(folder(places) / NOTE)
    if not noted:
        return None
    return Network(str(noted["address"]), int(noted["port"]), tuple(noted["clients"]), noted.get("uuid"))


def install(places: Places, network: Network, certificate: str, key: str) -> None:
    """The server's own files; what they hold is in force after a reload, or the next start."""
    place = folder(places)
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    files.write(place / CERTIFICATE, certificate.encode())
    files.write(place / KEY, key.encode(), 0o600)
    give(place / KEY, places.database_user)
    files.write(place / RULES, rules(places.app, network.clients).encode())
    files.write_json(place / NOTE, asdict(network))


def wanted(manifest: Manifest, uuid: str | None) -> Network:
    """What a release asks for. Raises `Refused` for what is no address and no network."""
    database = manifest.database
    try:
        address, port = database.address or ("none", 0)
        clients = tuple(str(ipaddress.ip_network(one, strict=False)) for one in database.clients)
        return Network(str(ipaddress.ip_address(address)), port, clients, uuid)
    except ValueError as error:
        raise Refused(f"manifest, database: wanted an address of this host, a port and the clients' networks, found {error}") from None


def rules(app: str, clients: Sequence[str]) -> str:
    """pg_hba.conf: the socket by password, the two roles from the clients' networks by TLS and password, nobody else."""
    name = '"' + "".join(letter for letter in app if letter.isprintable()).replace('"', '""') + '"'
    lines = ["local all all scram-sha-256"]
    lines += [f"hostssl {name} {role} {ipaddress.ip_network(client)} scram-sha-256" for client in clients for role in (OWNER, APP)]
    return "".join(f"{line}\n" for line in lines)


def hosts(clients: Sequence[str]) -> list[str]:
    """The clients as MariaDB names the hosts of its users. Raises `Refused`: it knows no networks of IPv6, only addresses."""
    return [_host(ipaddress.ip_network(client)) for client in clients]


def _host(client: Any) -> str:
    if client.num_addresses == 1:
        return str(client.network_address)
    if client.version == 6:
        raise Refused(
            f"manifest, database: MariaDB lets in single addresses of IPv6, found the network {client}; give the web hosts' addresses"
        )
    return str(client.with_netmask)
