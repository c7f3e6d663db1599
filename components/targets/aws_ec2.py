"""Amazon EC2: one server with a fixed address, or a fleet; a database on a server, or managed."""

import pulumi

from cloud_init.fleet import Balancer, Fleet, OwnHost
from cloud_init.fronts import idle_timeout
from components.aws import common
from components.aws.control import account, fleet_hosts
from components.aws.stack import databases, monitoring, web
from components.aws.stack.foundation import Foundation, Tier
from components.aws.stack.options import Options, problems
from components.aws.stack.web import WebTier
from components.blocks.subnets import PRIVATE
from components.deployment.on_hosts import HostsDeployment
from components.hosts.database_host import PORTS
from components.hosts.resources import RandomSecret
from components.hosts.site import Site
from components.release import core
from components.release import store as release_store
from components.rollout.resources import ReleaseArgs, Rollout, RolloutArgs, finish
from components.settings import Settings, target_options
from components.target import StackPlace, Takes, TargetComponent
from components.target import needs_nothing as needs

__all__ = ["TAKES", "THIS_MACHINE", "Options", "Target", "deployment", "needs"]

THIS_MACHINE = False
TAKES: Takes = {}


class Target(TargetComponent):
    """Everything of a stack, in one region."""

    def __init__(self, name: str, settings: Settings, place: StackPlace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:AwsEc2", name, None, opts)
        options = target_options(settings, Options, "aws-ec2", problems)
        servers = _servers(settings, options, place)
        planned = core.plan(settings, place.folder, ("80 default_server",), settings.domain or "localhost", servers)
        foundation = Foundation(self, settings, place, options)
        database = databases.make(foundation)
        key = RandomSecret(f"{name}-key", foundation.own)
        release = finish(planned, key.value, settings.secret_env, database.connection)
        front = web.fleet(foundation, release) if options.is_fleet else web.server(foundation)
        group = monitoring.logs(foundation, options.logs, front, database) if options.logs else None
        if options.email:
            monitoring.alarms(foundation, options.email, front, database, group)
        rollout = _rollout(foundation, release, front, database)
        network = foundation.network
        own = {
            "network": {"vpc": network.vpc_id, "public_subnets": network.public_subnets, "host_subnets": network.host_subnets},
            "security_group": foundation.firewall.group_id,
            "bucket": foundation.store.bucket,
            "roles": {**front.roles, **database.roles},
        }
        self.put_out(settings, release.release, rollout.require(), pulumi.Output.all(front.address), **own)


def _servers(settings: Settings, options: Options, place: StackPlace) -> Fleet:
    """The servers as their release has to know them. A load balancer has TLS where there is one."""
    roles = ("web", "database") if settings.database.placement == "own-host" else ("web",)
    group = monitoring.log_group(settings.app.name, place.stack) if options.logs else None
    return Fleet(
        settings.manager,
        settings.front,
        settings.database.engine,
        ssh_from=options.ssh,
        database=OwnHost(PORTS[settings.database.engine], PRIVATE) if "database" in roles else None,
        tls=None if options.is_fleet else core.tls(settings),
        roles=roles,
        placement=settings.database.placement,
        web_hosts=options.instances.max,
        keeps_folders=bool(settings.app.data) and not options.is_fleet,
        balancer=Balancer(PRIVATE, idle_timeout(settings.server.timeout)) if options.is_fleet else None,
        more={role: monitoring.agents(settings, options.region, role, group) for role in roles},
    )


def _rollout(foundation: Foundation, release: ReleaseArgs, front: WebTier, database: Tier) -> Rollout:
    args = RolloutArgs(
        **vars(release),
        store=foundation.deployers_store,
        url=front.address.apply(lambda address: _url(foundation.settings, address)),
        expected=pulumi.Output.all(*front.hosts, *database.hosts),
        fewest=front.fewest,
        addresses=pulumi.Output.all(front.address),
    )
    after = pulumi.ResourceOptions(depends_on=[foundation.store, *front.resources, *database.resources])
    return Rollout(f"{foundation.name}-rollout", args, pulumi.ResourceOptions.merge(foundation.own, after))


def deployment(settings: Settings, place: StackPlace) -> HostsDeployment:
    """The servers that there are now; AWS keeps and removes their data."""
    options = target_options(settings, Options, "aws-ec2", problems)
    stack = (options.region, place.project, place.stack, settings.app.name)
    account.sign_in(options.region, options.account, options.profile, options.role)
    store, hosts = fleet_hosts.find(*stack)
    web_hosts, fixed = [one for one in hosts if one.role == "web"], not options.is_fleet
    way_in = web_hosts[0].address if fixed and web_hosts else None if fixed else fleet_hosts.balancer(*stack)
    site = Site(
        release_store.connect(common.signed(store, options.profile, options.role)),
        hosts,
        _url(settings, way_in or "none-yet.invalid"),
        follow=True,
        expected=tuple(one.host for one in hosts) if fixed else (),
        fewest=options.instances.min,
        addresses=tuple(one.address for one in web_hosts) if fixed else (way_in,) if way_in else (),
    )
    return HostsDeployment(site, around=lambda: fleet_hosts.unconfirmed(options.email, *stack) if options.email else ())


def _url(settings: Settings, address: str) -> str:
    return f"https://{settings.domain}" if settings.domain else f"http://{address}"
