"""The settings of the target ssh, slipway:ssh, and what holds between them and the others."""

import ipaddress
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, model_validator

from components.errors import shown
from components.settings import BOOT, Kind, Model, Settings, kinds, number
from components.settings.kinds import refusal, setting, string
from components.settings.report import Problem

_ADDRESS = r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,252}[A-Za-z0-9])?"
_KEY_LINE = r"(@cert-authority )?[^\s#@]\S* (ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( .*)?"
_BUCKET = r"(?!file:)[a-z][a-z0-9]*://[^/?#\s]\S*"

NAME = kinds.matching("name", "a name of letters, digits, '.', '_' and '-', at most 63", r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
ADDRESS = kinds.matching("name or address", "a host's name or address, such as web.example.com or 203.0.113.5", _ADDRESS)
USER = kinds.matching("user", "a user's name, such as admin", r"[a-z_][a-z0-9_.-]{0,31}")
KEY_LINE = kinds.matching(
    "line of known_hosts", "a line as in known_hosts, such as '203.0.113.5 ssh-ed25519 AAAA…' (ssh-keyscan prints them)", _KEY_LINE
)
DEVICE = kinds.matching("device", "the path of a disk, such as /dev/disk/by-id/scsi-0DO_Volume_data", r"/dev/[A-Za-z0-9/_.:-]+")
FILE = kinds.matching("path", "the path of a file", r"\S.*")
IP = Kind("IP address", "an IP address, such as 10.0.0.5", lambda value: str(ipaddress.ip_address(string(value))))
BUCKET = kinds.matching("address of a bucket", "the address of a bucket, such as s3://bucket/prefix?region=eu-west-1", _BUCKET)
PORT = number(1, 65535)


class Host(Model):
    """A server: its name or address alone, or this."""

    address: Annotated[str, ADDRESS] = Field(description="Where it is reached, by SSH and by the app's users.")
    name: Annotated[str, NAME] | None = setting(None, "Its name in Slipway's output; the address if left out.")
    private_address: Annotated[str, IP] | None = setting(
        None, "Its address in the network that it shares with the others: the database listens on it."
    )
    user: Annotated[str, USER] | None = setting(None, "As `slipway:ssh.user`, for this server.")
    port: Annotated[int, PORT] | None = setting(None, "As `slipway:ssh.port`, for this server.")

    @model_validator(mode="before")
    @classmethod
    def _address_alone(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"address": value}
        if not isinstance(value, dict | Host):
            raise refusal(f"{ADDRESS.wanted}, or a mapping", shown(value))
        return value

    @property
    def called(self) -> str:
        """A folder in the store has this name."""
        return self.name or self.address.replace(":", "-")

    @property
    def inside(self) -> str | None:
        """The address that the other servers see, an IP address: their firewalls take no names."""
        try:
            return self.private_address or str(ipaddress.ip_address(self.address))
        except ValueError:
            return None


class DatabaseServer(Host):
    """A server for the database: its name or address alone, or this."""

    volume: Annotated[str, DEVICE] | None = setting(
        None, "A disk of it for the data alone, such as `/dev/disk/by-id/…`: empty, or with the data of this app."
    )


class Hosts(Model):
    """The servers."""

    web: tuple[Host, ...] = Field(description="Servers of the app, each an address or a mapping. The first one decides what serves.")
    database: DatabaseServer | None = setting(None, "A server for the database alone (`slipway:database.placement: own-host`).")


class Options(Model):
    """slipway:ssh"""

    hosts: Hosts = Field(description="The servers.")
    user: Annotated[str, USER] | None = setting(None, "Who logs in: root, or a user with sudo. As ~/.ssh/config has it if left out.")
    port: Annotated[int, PORT] = setting(22, "Where sshd listens.")
    key: Annotated[str, FILE] | None = setting(None, "The private key. The agent's keys and those that ~/.ssh/config names if left out.")
    known_hosts: Annotated[str, FILE] | None = setting(None, "A file of host keys; ~/.ssh/known_hosts if left out.")
    host_keys: tuple[Annotated[str, KEY_LINE], ...] = setting((), "Pinned host keys, lines as in known_hosts.")
    accept_new_host_keys: Annotated[bool, kinds.SWITCH] = setting(
        False, "Take the key of a server that nobody knows yet, and note it in .slipway/STACK/known_hosts."
    )
    ssh_from: tuple[Annotated[str, kinds.NETWORK], ...] | None = setting(
        None, "The networks that the servers' firewalls let in for SSH; anybody if left out."
    )
    store: Annotated[str, BUCKET] | None = Field(
        default=None, description="A bucket that releases travel through. A folder of the first server if left out.", json_schema_extra=BOOT
    )


def problems(settings: Settings, options: Options) -> Iterator[Problem]:
    """What holds between settings."""
    web, database = options.hosts.web, options.hosts.database
    engine, placement = settings.database.engine, settings.database.placement
    if not web:
        yield "slipway:ssh.hosts.web", "wanted at least one server, found none"
    if placement == "own-host" and database is None:
        yield "slipway:ssh.hosts.database", "wanted a server for the database, as slipway:database.placement is own-host, found none"
    if placement != "own-host" and database is not None:
        yield (
            "slipway:ssh.hosts.database",
            f"wanted none, as slipway:database.placement is {placement}, found one; set it to own-host, or leave it out",
        )
    if len(web) > 1 and placement == "same-host" and engine != "none":
        choice = "postgres or mysql" if engine == "sqlite" else engine
        yield "slipway:database.placement", f"wanted own-host or external ({choice}), as several web servers share it, found 'same-host'"
    seen: set[str] = set()
    for key, host in named(options):
        if host.called in seen:
            yield key, f"wanted a name that no other server has, found {shown(host.called)} again"
        if database and host.inside is None:
            yield f"{key}.privateAddress", f"wanted {IP.wanted}: the database lets addresses in, no names; found nothing"
        seen.add(host.called)


def named(options: Options) -> Iterator[tuple[str, Host]]:
    """Every server with its key in the settings."""
    for number_, host in enumerate(options.hosts.web):
        yield f"slipway:ssh.hosts.web[{number_}]", host
    if options.hosts.database:
        yield "slipway:ssh.hosts.database", options.hosts.database
