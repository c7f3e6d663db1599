"""Servers that are there, reached by SSH: any VPS, own hardware, a machine under the desk."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pulumi
import pulumi.dynamic

from cloud_init import bootstrap, host_tool
from cloud_init.fleet import Fleet, OwnHost
from components import owner
from components.deployment.on_hosts import HostsDeployment
from components.hosts.database_host import PORTS, DatabaseHost, DatabaseHostArgs
from components.hosts.resources import RandomSecret
from components.hosts.site import Site
from components.hosts.transports.ssh import SshTransport
from components.owner import Owner
from components.providers import SshServerProvider
from components.release import core
from components.release import store as release_store
from components.rollout.resources import Rollout, RolloutArgs, finish
from components.settings import Settings, target_options
from components.ssh import bring_up
from components.ssh.options import Host, Options, named, problems
from components.ssh.store import address
from components.target import Need, StackPlace, Takes, TargetComponent

__all__ = ["TAKES", "THIS_MACHINE", "Options", "Target", "deployment", "needs"]

# Nobody manages databases on servers of your own.
THIS_MACHINE = False
TAKES = Takes(placements=("same-host", "own-host", "external"))
_FOLDER = "file:///var/lib/slipway/store"


class Target(TargetComponent):
    """Web servers, perhaps one for the database; each is set up, then all get the release."""

    def __init__(self, name: str, settings: Settings, place: StackPlace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:Ssh", name, None, opts)
        options = target_options(settings, Options, "ssh", problems)
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
    options = target_options(settings, Options, "ssh", problems)
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
        ssh_ports=tuple(sorted({host.port or options.port for _, host in named(options)})),
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
        "expected": tuple(host.called for _, host in named(options)),
        "addresses": tuple(host.address for host in web),
    }
