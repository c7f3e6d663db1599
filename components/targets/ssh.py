"""Servers that are there, reached by SSH: any VPS, own hardware, a machine under the desk."""

import json

import pulumi

from components import owner
from components.deployment.on_hosts import HostsDeployment
from components.hosts.database_host import DatabaseHost, DatabaseHostArgs
from components.hosts.resources import RandomSecret
from components.hosts.site import Site
from components.hosts.transports.ssh import SshTransport
from components.release import core
from components.release import store as release_store
from components.rollout.resources import Rollout, RolloutArgs, finish
from components.settings import Settings, target_options
from components.ssh import fleet
from components.ssh.options import Options, problems
from components.ssh.server import SshServer
from components.ssh.store import address
from components.target import StackPlace, Takes, TargetComponent
from components.target import needs_nothing as needs

__all__ = ["TAKES", "THIS_MACHINE", "Options", "Target", "deployment", "needs"]

# Nobody manages databases on servers of your own.
THIS_MACHINE = False
TAKES = Takes(placements=("same-host", "own-host", "external"))


class Target(TargetComponent):
    """Web servers, perhaps one for the database; each is set up, then all get the release."""

    def __init__(self, name: str, settings: Settings, place: StackPlace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:Ssh", name, None, opts)
        options = target_options(settings, Options, "ssh", problems)
        web = fleet.addresses(options)
        servers = fleet.servers(settings, options, place)
        described = fleet.described(settings, options)
        planned = core.plan(settings, place.folder, ("80 default_server",), settings.domain or web[0], described)
        child = pulumi.ResourceOptions(parent=self)
        key = RandomSecret(f"{name}-key", child)
        who = owner.current(place.project, place.stack)
        made = [SshServer(facts, servers, who, str(place.tree), child) for facts in servers]
        final = finish(planned, key.value, settings.secret_env, _database(settings, options, child))
        where = RolloutArgs(
            **vars(final),
            store=address(servers),
            hosts=json.dumps([] if options.store else servers),
            key="" if options.store else pulumi.Output.secret(key.value),
            url=fleet.url(settings, options),
            expected=fleet.names(servers),
            addresses=web,
        )
        rollout = Rollout(f"{name}-rollout", where, pulumi.ResourceOptions(parent=self, depends_on=made))
        self.put_out(settings, final.release, rollout.require(), [*web])


def deployment(settings: Settings, place: StackPlace) -> HostsDeployment:
    """What serves on the servers."""
    options = target_options(settings, Options, "ssh", problems)
    servers = fleet.servers(settings, options, place)
    hosts = [SshTransport(facts) for facts in servers]
    site = Site(
        release_store.connect(address(servers)),
        hosts,
        fleet.url(settings, options),
        follow=bool(options.store),
        expected=fleet.names(servers),
        addresses=fleet.addresses(options),
    )
    return HostsDeployment(site, launched=hosts)


def _database(settings: Settings, options: Options, opts: pulumi.ResourceOptions) -> DatabaseHost | None:
    """Passwords and certificate of a database server."""
    host = options.hosts.database
    if host is None:
        return None
    args = DatabaseHostArgs(settings.app.name, settings.database.engine, str(host.inside), fleet.clients(options), host.volume)
    return DatabaseHost(f"{settings.app.name}-database", args, opts)
