"""A database on a host of its own: its passwords, its certificate, what web hosts need to know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pulumi

from components.hosts.resources import PrivateAuthority, RandomSecret, ServerCertificate

PORTS = {"postgres": 5432, "mysql": 3306}
_SCHEMES = {"postgres": "postgresql", "mysql": "mysql"}


@dataclass
class DatabaseHostArgs:
    """`app` and `engine` as the settings have them; `address`: the host's private IP address;
    `clients`: the networks of its web hosts, such as `10.0.0.0/24`; `volume`: a disk of the host
    for the data alone, such as `/dev/disk/by-id/…`."""

    app: str
    engine: str
    address: pulumi.Input[str]
    clients: pulumi.Input[Sequence[str]]
    volume: pulumi.Input[str] | None = None


class DatabaseHost(pulumi.ComponentResource):
    """The secrets of a database host and its web hosts, `DatabaseOutputs`. It makes no server."""

    environment: pulumi.Output[dict[str, str]]
    secrets: pulumi.Output[dict[str, Any]]
    manifest: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, args: DatabaseHostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:database:Host", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        passwords = {role: RandomSecret(f"{name}-{role}", child).value for role in ("owner", "app")}
        authority = PrivateAuthority(f"{name}-authority", child)
        own = ServerCertificate(f"{name}-certificate", authority, args.address, child)
        self.environment = pulumi.Output.secret(
            pulumi.Output.all(passwords, args.address).apply(lambda known: addresses(args.app, args.engine, *known))
        )
        self.secrets = pulumi.Output.secret(pulumi.Output.all(passwords=passwords, certificate=own.certificate, key=own.key))
        self.manifest = pulumi.Output.all(
            address=pulumi.Output.all(args.address, PORTS[args.engine]),
            clients=args.clients,
            volume=args.volume,
            authority=authority.certificate,
        )
        self.register_outputs({})


def addresses(
    app: str,
    engine: str,
    passwords: Mapping[str, str],
    address: str,
    database: str | None = None,
    owner: str = "owner",
    shared: bool = False,
) -> dict[str, str]:
    """The variables with a database's addresses, as the app's drivers take them: libpq's names for
    PostgreSQL, `ssl_ca` for MySQL, by which PyMySQL and mysqlclient check the certificate.
    `passwords`: of `app` and `owner`; `database`: its name, the app's if left out; `owner`: its
    name in it; `shared`: the authority signs others' servers too, so the name is checked."""
    authority = f"/etc/slipway/{app}/database-ca.pem"
    options = {
        "postgres": {"sslmode": "verify-full", "sslrootcert": authority},
        "mysql": {"charset": "utf8mb4", "ssl_ca": authority, **({"ssl_check_hostname": "true"} if shared else {})},
    }[engine]
    host = f"[{address}]" if ":" in address else address
    where = f"{host}:{PORTS[engine]}/{database or app}?{urlencode(options, safe='/')}"
    return {
        "DATABASE_URL": f"{_SCHEMES[engine]}://app:{passwords['app']}@{where}",
        "DATABASE_OWNER_URL": f"{_SCHEMES[engine]}://{owner}:{passwords['owner']}@{where}",
    }
