"""Servers that are there, reached by SSH: any VPS, own hardware, a machine under the desk."""

import hashlib
import ipaddress
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import pulumi
import pulumi.dynamic
from pydantic import Field, model_validator

from cloud_init import bootstrap, host_tool
from cloud_init.fleet import Fleet, OwnHost
from components import owner
from components.deployment.on_hosts import HostsDeployment
from components.errors import shown
from components.hosts.database_host import PORTS, DatabaseHost, DatabaseHostArgs
from components.hosts.resources import RandomSecret
from components.hosts.site import Site
from components.hosts.transports.ssh import SshTransport
from components.owner import Owner
from components.providers import SshServerProvider
from components.release import core
from components.release import store as release_store
from components.rollout.resources import Rollout, RolloutArgs, finish
from components.settings import BOOT, Kind, Model, Settings, kinds, number, target_options
from components.settings.kinds import refusal, setting, string
from components.settings.report import Problem
from components.ssh import bring_up
from components.ssh.store import address
from components.target import Need, StackPlace, Takes, TargetComponent

# Nobody manages databases on servers of your own.
THIS_MACHINE = False
TAKES: Takes = {"database.placement": ("same-host", "own-host", "external")}
_FOLDER = "file:///var/lib/slipway/store"
_NAME = kinds.matching("name", "a name of letters, digits, '.', '_' and '-', at most 63", r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_ADDRESS = kinds.matching(
    "name or address",
    "a host's name or address, such as web.example.com or 203.0.113.5",
    r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,252}[A-Za-z0-9])?",
)
_USER = kinds.matching("user", "a user's name, such as admin", r"[a-z_][a-z0-9_.-]{0,31}")
_KEY_LINE = kinds.matching(
    "line of known_hosts",
    "a line as in known_hosts, such as '203.0.113.5 ssh-ed25519 AAAA…' (ssh-keyscan prints them)",
    r"(@cert-authority )?[^\s#@]\S* (ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( .*)?",
)
_DEVICE = kinds.matching("device", "the path of a disk, such as /dev/disk/by-id/scsi-0DO_Volume_data", r"/dev/[A-Za-z0-9/_.:-]+")
_FILE = kinds.matching("path", "the path of a file", r"\S.*")
_IP = Kind("IP address", "an IP address, such as 10.0.0.5", lambda value: str(ipaddress.ip_address(string(value))))
_BUCKET = kinds.matching(
    "address of a bucket", "the address of a bucket, such as s3://bucket/prefix?region=eu-west-1", r"(?!file:)[a-z][a-z0-9]*://[^/?#\s]\S*"
)
_PORT = number(1, 65535)


class Host(Model):
    """A server: its name or address alone, or this."""

    address: Annotated[str, _ADDRESS] = Field(description="Where it is reached, by SSH and by the app's users.")
    name: Annotated[str, _NAME] | None = setting(None, "Its name in Slipway's output; the address if left out.")
    private_address: Annotated[str, _IP] | None = setting(
        None, "Its address in the network that it shares with the others: the database listens on it."
    )
    user: Annotated[str, _USER] | None = setting(None, "As `slipway:ssh.user`, for this server.")
    port: Annotated[int, _PORT] | None = setting(None, "As `slipway:ssh.port`, for this server.")

    @model_validator(mode="before")
    @classmethod
    def _address_alone(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"address": value}
        if not isinstance(value, dict | Host):
            raise refusal(f"{_ADDRESS.wanted}, or a mapping", shown(value))
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

    volume: Annotated[str, _DEVICE] | None = setting(
        None, "A disk of it for the data alone, such as `/dev/disk/by-id/…`: empty, or with the data of this app."
    )


class Hosts(Model):
    """The servers."""

    web: tuple[Host, ...] = Field(description="Servers of the app, each an address or a mapping. The first one decides what serves.")
    database: DatabaseServer | None = setting(None, "A server for the database alone (`slipway:database.placement: own-host`).")


class Options(Model):
    """slipway:ssh"""

    hosts: Hosts = Field(description="The servers.")
    user: Annotated[str, _USER] | None = setting(None, "Who logs in: root, or a user with sudo. As ~/.ssh/config has it if left out.")
    port: Annotated[int, _PORT] = setting(22, "Where sshd listens.")
    key: Annotated[str, _FILE] | None = setting(None, "The private key. The agent's keys and those that ~/.ssh/config names if left out.")
    known_hosts: Annotated[str, _FILE] | None = setting(None, "A file of host keys; ~/.ssh/known_hosts if left out.")
    host_keys: tuple[Annotated[str, _KEY_LINE], ...] = setting((), "Pinned host keys, lines as in known_hosts.")
    accept_new_host_keys: Annotated[bool, kinds.SWITCH] = setting(
        False, "Take the key of a server that nobody knows yet, and note it in .slipway/STACK/known_hosts."
    )
    ssh_from: tuple[Annotated[str, kinds.NETWORK], ...] | None = setting(
        None, "The networks that the servers' firewalls let in for SSH; anybody if left out."
    )
    store: Annotated[str, _BUCKET] | None = Field(
        default=None, description="A bucket that releases travel through. A folder of the first server if left out.", json_schema_extra=BOOT
    )


def _problems(settings: Settings, options: Options) -> Iterator[Problem]:
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
    for key, host in _named(options):
        if host.called in seen:
            yield key, f"wanted a name that no other server has, found {shown(host.called)} again"
        if database and host.inside is None:
            yield f"{key}.privateAddress", f"wanted {_IP.wanted}: the database lets addresses in, no names; found nothing"
        seen.add(host.called)


def _named(options: Options) -> Iterator[tuple[str, Host]]:
    """Every server with its key in the settings."""
    for number_, host in enumerate(options.hosts.web):
        yield f"slipway:ssh.hosts.web[{number_}]", host
    if options.hosts.database:
        yield "slipway:ssh.hosts.database", options.hosts.database


class Target(TargetComponent):
    """Web servers, perhaps one for the database; each is set up, then all get the release."""

    def __init__(self, name: str, settings: Settings, place: StackPlace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:Ssh", name, None, opts)
        options = target_options(settings, Options, "ssh", _problems)
        servers, reached = _servers(settings, options, place), _reached(settings, options)
        web, clients = options.hosts.web, tuple(str(host.inside) for host in options.hosts.web)
        described = _described(settings, options, clients)
        planned = core.plan(settings, place.folder, ("80 default_server",), settings.domain or web[0].address, described)
        child = pulumi.ResourceOptions(parent=self)
        key = RandomSecret(f"{name}-key", child)
        who = owner.current(place.project, place.stack)
        made = [SshServer(facts, servers, who, str(place.tree), child) for facts in servers]
        database = None
        if host := options.hosts.database:
            args = DatabaseHostArgs(settings.app.name, settings.database.engine, str(host.inside), clients, host.volume)
            database = DatabaseHost(f"{settings.app.name}-database", args, child)
        final = finish(planned, key.value, settings.secret_env, database)
        where = RolloutArgs(
            **vars(final),
            **reached,
            store=address(servers),
            hosts=json.dumps([] if options.store else servers),
            key="" if options.store else pulumi.Output.secret(key.value),
        )
        rollout = Rollout(f"{name}-rollout", where, pulumi.ResourceOptions(parent=self, depends_on=made))
        self.put_out(settings, final.release, rollout.require(), [host.address for host in web])


class SshServer(pulumi.dynamic.Resource, module="slipway", name="SshServer"):
    """A server that is there already: made one of the stack's own. `facts`: its own; `servers`:
    those of all; `tree`: the stack's folder here."""

    def __init__(
        self, facts: Mapping[str, Any], servers: Sequence[Mapping[str, Any]], owner: Owner, tree: str, opts: pulumi.ResourceOptions
    ) -> None:
        boot = bring_up.boot(facts)
        # Set up anew where this changes; one that follows a bucket takes another tool by itself.
        script = bootstrap.script(boot) + (host_tool.tool_id() if boot.transport else "")
        inputs = {
            "facts": json.dumps(facts, sort_keys=True),
            "servers": json.dumps(servers, sort_keys=True),
            "owner": asdict(owner),
            "tree": tree,
            "boot": hashlib.sha256(script.encode()).hexdigest(),
        }
        super().__init__(SshServerProvider(), f"{facts['app']}-{facts['host']}", inputs, opts)


def needs(settings: Settings) -> list[Need]:
    """The program that makes all connections."""
    return [Need("ssh", "reaches the servers", ("openssh-client",), shutil.which("ssh") is not None, required=True)]


def deployment(settings: Settings, place: StackPlace) -> HostsDeployment:
    """What serves on the servers."""
    options = target_options(settings, Options, "ssh", _problems)
    servers = _servers(settings, options, place)
    hosts = [SshTransport(facts) for facts in servers]
    site = Site(release_store.connect(address(servers)), hosts, follow=bool(options.store), **_reached(settings, options))
    return HostsDeployment(site, launched=hosts)


def _servers(settings: Settings, options: Options, place: StackPlace) -> list[dict[str, Any]]:
    """The facts of each server: the web servers first."""
    shared = {"transport": "ssh", "app": settings.app.name, "stack": place.stack, "sshFrom": options.ssh_from}
    store, noted = options.store or _FOLDER, str(place.tree / "known_hosts")

    def facts(role: str, host: Host) -> dict[str, Any]:
        login = {
            "address": host.address,
            "port": host.port or options.port,
            "user": host.user or options.user,
            "key": options.key,
            "known_hosts": options.known_hosts,
            "host_keys": options.host_keys,
            "accept_new": options.accept_new_host_keys,
            "noted": noted,
        }
        return {**shared, "role": role, "host": host.called, "store": store, "login": login}

    database = options.hosts.database
    return [facts("web", host) for host in options.hosts.web] + ([facts("database", database)] if database else [])


def _described(settings: Settings, options: Options, clients: tuple[str, ...]) -> Fleet:
    """The servers as their release has to know them; the database lets in nobody but `clients`."""
    has_database = options.hosts.database is not None
    return Fleet(
        settings.manager,
        settings.front,
        settings.database.engine,
        ssh_from=options.ssh_from,
        ssh_ports=tuple(sorted({host.port or options.port for _, host in _named(options)})),
        database=OwnHost(PORTS[settings.database.engine], clients) if has_database else None,
        tls=core.tls(settings, [host.inside or host.address for host in options.hosts.web]),
        roles=("web", "database") if has_database else ("web",),
        placement=settings.database.placement,
        web_hosts=len(options.hosts.web),
        keeps_folders=bool(settings.app.data),
    )


def _reached(settings: Settings, options: Options) -> dict[str, Any]:
    """The app's address, who is expected to take part in a rollout, and the addresses where the web
    servers are asked and a domain is to lead."""
    web = options.hosts.web
    first = f"[{web[0].address}]" if ":" in web[0].address else web[0].address
    return {
        "url": f"https://{settings.domain}" if settings.domain else f"http://{first}",
        "expected": tuple(host.called for _, host in _named(options)),
        "addresses": tuple(host.address for host in web),
    }
