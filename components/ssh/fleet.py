"""What the servers of slipway:ssh are, to whoever reaches them and to the release that goes
there."""

from collections.abc import Mapping, Sequence
from typing import Any

from cloud_init.fleet import Fleet, OwnHost
from components.hosts.database_host import PORTS
from components.release import core
from components.settings import Settings
from components.ssh.options import Host, Options, named
from components.target import StackPlace

_FOLDER = "file:///var/lib/slipway/store"


def servers(settings: Settings, options: Options, place: StackPlace) -> list[dict[str, Any]]:
    """The facts of each server: the web servers first."""
    hosts = [("web", host) for host in options.hosts.web]
    hosts += [("database", options.hosts.database)] if options.hosts.database else []
    shared = {"transport": "ssh", "app": settings.app.name, "stack": place.stack, "sshFrom": options.ssh_from}
    store = options.store or _FOLDER
    return [{**shared, "role": role, "host": host.called, "store": store, "login": _login(options, host, place)} for role, host in hosts]


def described(settings: Settings, options: Options) -> Fleet:
    """The servers as their release has to know them."""
    roles = ("web", "database") if options.hosts.database else ("web",)
    return Fleet(
        settings.manager,
        settings.front,
        settings.database.engine,
        ssh_from=options.ssh_from,
        ssh_ports=tuple(sorted({host.port or options.port for _, host in named(options)})),
        database=_database(settings, options),
        tls=core.tls(settings, [host.inside or host.address for host in options.hosts.web]),
        roles=roles,
        placement=settings.database.placement,
        web_hosts=len(options.hosts.web),
        keeps_folders=bool(settings.app.data),
    )


def clients(options: Options) -> tuple[str, ...]:
    """The web servers' own addresses: the database lets nobody else in."""
    return tuple(str(host.inside) for host in options.hosts.web)


def names(facts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Who is expected to take part in a rollout."""
    return tuple(str(one["host"]) for one in facts)


def addresses(options: Options) -> tuple[str, ...]:
    """Where the web servers are asked, and a domain is to lead."""
    return tuple(host.address for host in options.hosts.web)


def url(settings: Settings, options: Options) -> str:
    """Where the app is reached."""
    first = options.hosts.web[0].address
    return f"https://{settings.domain}" if settings.domain else f"http://[{first}]" if ":" in first else f"http://{first}"


def _database(settings: Settings, options: Options) -> OwnHost | None:
    host = options.hosts.database
    return OwnHost(PORTS[settings.database.engine], clients(options)) if host else None


def _login(options: Options, host: Host, place: StackPlace) -> dict[str, Any]:
    return {
        "address": host.address,
        "port": host.port or options.port,
        "user": host.user or options.user,
        "key": options.key,
        "known_hosts": options.known_hosts,
        "host_keys": options.host_keys,
        "accept_new": options.accept_new_host_keys,
        "noted": str(place.tree / "known_hosts"),
    }
