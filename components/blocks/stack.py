"""A stack on any cloud: the order in which it is made, and what its parts share. Each cloud derives
a `CloudStack` of its own, and gives the functions that make its `Parts`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pulumi

from cloud_init.fleet import Archive, Balancer, Fleet, OwnHost
from cloud_init.render import idle_timeout
from components.blocks import names
from components.blocks.block import APP
from components.blocks.options import BalancedOptions, CloudOptions
from components.blocks.outputs import RoleBlock, ServerBlock
from components.blocks.subnets import PRIVATE
from components.deployment.on_hosts import HostsDeployment
from components.hosts.database_host import PORTS, DatabaseHost, DatabaseHostArgs
from components.hosts.resources import RandomSecret
from components.hosts.site import Site
from components.hosts.transport import Transport
from components.release import core
from components.release import store as release_store
from components.rollout.resources import DatabaseOutputs, FirstRelease, ReleaseArgs, Rollout, RolloutArgs, finish
from components.settings import Settings
from components.target import StackPlace, TargetComponent


@dataclass(frozen=True, kw_only=True)
class Tier:
    """The servers of one kind, or what stands in for them.

    `resources`: what a rollout waits for; `hosts`: names in the store of single servers; `roles`:
    names of the servers' roles, by kind; `servers`: ids of single instances, by kind; `watched`:
    what else the cloud's alarms are to look at, as their arguments have it; `connection`: how a
    release reaches a database beside the web servers.
    """

    resources: tuple[pulumi.Resource, ...] = ()
    hosts: tuple[pulumi.Output[str], ...] = ()
    roles: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    servers: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    watched: Mapping[str, Any] = field(default_factory=dict)
    connection: DatabaseOutputs | None = None


@dataclass(frozen=True, kw_only=True)
class WebTier(Tier):
    """`address`: where users come in; `fewest`: how many servers there will be at least."""

    address: pulumi.Output[str]
    fewest: int = 1


R = TypeVar("R", bound=pulumi.Resource)


class CloudStack:
    """What all servers of a stack stand on. `name`: the app's, which begins resources' names;
    `own`: options of what is no cloud's; `child`: of what stands on it; `deployers_store`: the
    store's address for what runs where the stack is launched from; `made`: the store and whatever
    else a rollout waits for."""

    child: pulumi.ResourceOptions
    deployers_store: pulumi.Output[str]
    made: tuple[pulumi.Resource, ...]

    def __init__(self, parent: pulumi.Resource, settings: Settings, place: StackPlace, options: BalancedOptions) -> None:
        self.settings, self.place, self.options = settings, place, options
        self.name, self.is_fleet = settings.app.name, options.is_fleet
        self.tags = {"project": place.project, "stack": place.stack, "owner": "slipway", APP: settings.app.name}
        self.own = pulumi.ResourceOptions(parent=parent)

    @property
    def has_data_on_web(self) -> bool:
        """There is data on the web server itself."""
        database = self.settings.database
        return bool(self.settings.app.data) or (database.placement == "same-host" and database.engine != "none")

    @property
    def keeps_web(self) -> bool:
        """The web server stays when the stack goes, as its data does; a disk for the data stays
        without it."""
        disk = self.options.data_disk if isinstance(self.options, CloudOptions) else None
        return self.has_data_on_web and self.settings.keep_data and disk is None and not self.is_fleet

    @property
    def own_host(self) -> str:
        """What begins the names of a database server's resources."""
        return f"{self.name}-database"

    def database_on(self, role: RoleBlock, server: ServerBlock, device: pulumi.Input[str], network: pulumi.Input[str]) -> Tier:
        """The database on a server of its own. `device`: its data's disk; `network`: IPv4 addresses
        of the web servers."""
        clients = pulumi.Output.all(network)
        args = DatabaseHostArgs(self.name, self.settings.database.engine, server.private_address, clients, device)
        connection = DatabaseHost(self.own_host, args, self.own)
        return Tier(
            connection=connection,
            resources=(connection, server),
            hosts=(names.host(role.unique_id, server.instance_id),),
            roles={"database": role.name},
            servers={"database": server.instance_id},
        )

    def web_on(self, role: RoleBlock, server: ServerBlock, address: pulumi.Output[str], records: Sequence[pulumi.Resource]) -> WebTier:
        """The app on one server. `records`: of the site's names."""
        return WebTier(
            address=address,
            resources=(server, *records),
            hosts=(names.host(role.unique_id, server.instance_id),),
            roles={"web": role.name},
            servers={"web": server.instance_id},
        )

    def first_release(self, release: ReleaseArgs) -> pulumi.Output[str]:
        """A fleet's, which is there before its first host. The store is closed before anything is
        put there."""
        after = pulumi.ResourceOptions.merge(self.own, pulumi.ResourceOptions(depends_on=[*self.made]))
        return FirstRelease(f"{self.name}-first-release", release, self.deployers_store, after).release

    def fleet_args(self, release: ReleaseArgs) -> dict[str, Any]:
        """Arguments of every cloud's `WebFleet` that its settings alone decide."""
        options = self.options
        return {
            "instance_type": options.instance_type,
            "disk": options.disk,
            "minimum": options.instances.min,
            "maximum": options.instances.max,
            "public_address": not options.network.is_private,
            "idle_timeout": idle_timeout(self.settings.server.timeout),
            "after": [self.first_release(release)],
        }

    def managed_args(self) -> dict[str, Any]:
        """Arguments of every cloud's `ManagedDatabase`."""
        settings = self.settings
        disk, kept = self.options.database.disk, settings.keep_data
        return {"app": self.name, "engine": settings.database.engine, "storage": disk, "keep": kept, "tags": self.tags}

    def alarms_args(self, web: WebTier, database: Tier) -> dict[str, Any]:
        """Arguments of every cloud's `Alarms`: who is told, and whatever there is to watch."""
        servers = {**web.servers, **database.servers}
        return {"email": self.options.email, "servers": servers, "tags": self.tags, **web.watched, **database.watched}

    def site_records(self, block: Callable[..., R], args: Callable[..., Any], **leads_to: Any) -> tuple[R, ...]:
        """Records of the site's names that are in the settings' zone, as that block and its
        arguments make them. `leads_to`: those that say where, and the zone where the cloud calls it
        otherwise."""
        domain, others, zone = self.settings.domain, self.settings.http.redirect_domains, self.options.zone
        if not (domain and zone):
            return ()
        known = {"name": domain, **{f"name-{one}": one for one in others if f".{one}".endswith(f".{zone}")}}
        return tuple(
            block(f"{self.name}-{key}", args(**{"domain": one, "zone": zone, **leads_to}), self.child) for key, one in known.items()
        )

    def outputs(self) -> dict[str, Any]:
        """Outputs of the stack beside those that every target has."""
        return {}


S = TypeVar("S", bound=CloudStack)


@dataclass(frozen=True)
class Parts(Generic[S]):
    """What makes the parts of a stack: a database on a server of its own, or managed; one web
    server, or several; what watches all of that."""

    own_database: Callable[[S], Tier]
    managed_database: Callable[[S], Tier]
    server: Callable[[S], WebTier]
    fleet: Callable[[S, ReleaseArgs], WebTier]
    watch: Callable[[S, WebTier, Tier], None]


def launch(target: TargetComponent, parts: Parts[S], settings: Settings, place: StackPlace, servers: Fleet, make: Callable[[], S]) -> None:
    """All of a stack. `make` is called once the release is known to be one: it makes resources."""
    planned = core.plan(settings, place.folder, ("80 default_server",), settings.domain or "localhost", servers)
    stack = make()
    maker = {"own-host": parts.own_database, "managed": parts.managed_database}.get(settings.database.placement)
    database = maker(stack) if maker else Tier()
    key = RandomSecret(f"{stack.name}-key", stack.own)
    release = finish(planned, key.value, settings.secret_env, database.connection)
    web = parts.fleet(stack, release) if stack.is_fleet else parts.server(stack)
    parts.watch(stack, web, database)
    args = RolloutArgs(
        **vars(release),
        store=stack.deployers_store,
        url=web.address.apply(lambda address: _url(settings, address)),
        expected=pulumi.Output.all(*web.hosts, *database.hosts),
        fewest=web.fewest,
        addresses=pulumi.Output.all(web.address),
    )
    after = pulumi.ResourceOptions(depends_on=[*stack.made, *web.resources, *database.resources])
    rollout = Rollout(f"{stack.name}-rollout", args, pulumi.ResourceOptions.merge(stack.own, after))
    own = {**stack.outputs(), "roles": {**web.roles, **database.roles}}
    target.put_out(settings, release.release, rollout.require(), pulumi.Output.all(web.address), **own)


def servers(
    settings: Settings, options: CloudOptions, archives: tuple[Archive, ...] = (), balancer: Balancer | None = None, ssh: Sequence[str] = ()
) -> Fleet:
    """The servers as their release has to know them. A load balancer has TLS where there is one.
    `archives`: what the cloud adds to all of them; `balancer`: a fleet's, if it isn't one that
    stands in its network; `ssh`: networks of the cloud's own that SSH comes from."""
    roles = ("web", "database") if settings.database.placement == "own-host" else ("web",)
    return Fleet(
        settings.manager,
        settings.front,
        settings.database.engine,
        ssh_from=(*ssh, *options.ssh),
        database=OwnHost(PORTS[settings.database.engine], PRIVATE) if "database" in roles else None,
        tls=None if options.is_fleet else core.tls(settings),
        roles=roles,
        placement=settings.database.placement,
        web_hosts=options.instances.max,
        keeps_folders=bool(settings.app.data) and not options.is_fleet,
        balancer=balancer or Balancer(PRIVATE, idle_timeout(settings.server.timeout)) if options.is_fleet else None,
        archives=archives,
    )


def deployment(
    settings: Settings,
    options: CloudOptions,
    store: str,
    hosts: tuple[Transport, ...],
    balancer: Callable[[], str | None],
) -> HostsDeployment:
    """The servers that there are now, web first; their cloud keeps and removes their data.
    `balancer`: asks for the name of a fleet's way in."""
    web, fixed = [one for one in hosts if one.role == "web"], not options.is_fleet
    way_in = (web[0].address if web else None) if fixed else balancer()
    site = Site(
        release_store.connect(store),
        hosts,
        _url(settings, way_in or "none-yet.invalid"),
        follow=True,
        expected=tuple(one.host for one in hosts) if fixed else (),
        fewest=options.instances.min,
        addresses=tuple(one.address for one in web) if fixed else (way_in,) if way_in else (),
    )
    return HostsDeployment(site)


def _url(settings: Settings, address: str) -> str:
    return f"https://{settings.domain}" if settings.domain else f"http://{address}"
