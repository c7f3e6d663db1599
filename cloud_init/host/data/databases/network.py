"""The network of a cluster with a host of its own, noted in `ETC/database/network.json`."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ...base import files
from ...base.files import read_object
from ...base.outcome import Refused
from ...base.places import Places
from ...base.user import give
from ...contracts.manifest import Manifest
from . import APP, OWNER, quoted

CERTIFICATE, KEY, RULES, NOTE = "server.crt", "server.key", "pg_hba.conf", "network.json"


@dataclass(frozen=True)
class Network:
    """The server's address, and the networks of the clients that may connect."""

    address: str
    port: int
    clients: tuple[str, ...]
    uuid: str | None = None
    """The file system of the disk that has the data alone; None: there is no such disk."""

    def letting(self, clients: Sequence[str]) -> Network:
        """The same, with other clients let in too."""
        return replace(self, clients=tuple(dict.fromkeys([*self.clients, *clients])))


def folder(places: Places) -> Path:
    """The folder with the server's certificate, key, rules and network."""
    return places.etc / "database"


def read(places: Places) -> Network | None:
    """The network in force; None on a host whose database is no server for others."""
    noted = read_object(folder(places) / NOTE)
    if not noted:
        return None
    return Network(str(noted["address"]), int(noted["port"]), tuple(noted["clients"]), noted.get("uuid"))


def install(places: Places, network: Network, certificate: str, key: str) -> None:
    """Writes the server's files, which are in force after a reload or the next start."""
    own = folder(places)
    own.mkdir(mode=0o755, parents=True, exist_ok=True)
    files.write(own / CERTIFICATE, certificate.encode())
    files.write(own / KEY, key.encode(), 0o600)
    give(own / KEY, places.database_user)
    files.write(own / RULES, rules(places.app, network.clients).encode())
    files.write_json(own / NOTE, asdict(network))


def wanted(manifest: Manifest, uuid: str | None) -> Network:
    """The network that a release asks for. Raises `Refused` for wrong addresses."""
    database = manifest.database
    try:
        address, port = database.address or ("none", 0)
        clients = tuple(str(ipaddress.ip_network(one, strict=False)) for one in database.clients)
        return Network(str(ipaddress.ip_address(address)), port, clients, uuid)
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
