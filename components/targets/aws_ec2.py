"""Amazon EC2: one server with a fixed address, or a fleet behind a load balancer; the database on a server of its own, or managed."""

import pulumi

from cloud_init.fleet import Balancer, Fleet, OwnHost
from cloud_init.fronts import idle_timeout
from components.aws.control import fleet_hosts
from components.aws.stack import agents, databases, web
from components.aws.stack.databases import Database
from components.aws.stack.foundation import Ground
from components.aws.stack.options import Options
from components.aws.stack.problems import problems
from components.aws.stack.web import Web
from components.blocks.subnets import PRIVATE
from components.deployment.on_hosts import HostsDeployment
from components.hosts.database_host import PORTS, Final, finish
from components.hosts.random_secret import RandomSecret
from components.hosts.site import Site
from components.release import core
from components.release import store as release_store
from components.rollout import domain
from components.rollout.resource import Rollout, RolloutArgs
from components.settings import Settings, report, target_options
from components.target import Need, Place, Takes, TargetComponent

__all__ = ["TAKES", "THIS_MACHINE", "Options", "Target", "deploy", "deployment", "needs"]

THIS_MACHINE = False
TAKES = Takes()


class Target(TargetComponent):
    """Everything of a stack, in one region."""

    def __init__(self, name: str, settings: Settings, place: Place, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:AwsEc2", name, None, opts)
        options = _options(settings)
        planned = core.plan(
            settings, place.folder, ("80 default_server",), settings.domain or "localhost", _described(settings, options, place)
        )
        ground = Ground(self, settings, place, options)
        database = databases.make(ground)
        key = RandomSecret(f"{name}-key", ground.own)
        final = finish(planned, key.value, settings.secret_env, database.told if database else None)
        made = _fleet(ground, final) if options.is_fleet else web.server(ground)
        if options.logs:
            _logs(ground, options.logs, made, database)
        if options.email:
            _alarms(ground, options.email, made, database)
        rollout = _rollout(ground, final, made, database)
        self.put_out(settings, final.release, rollout.require(), pulumi.Output.all(made.address))


def _described(settings: Settings, options: Options, place: Place) -> Fleet:
    """The servers as their release has to know them. TLS is a load balancer's where there is one."""
    roles = ("web", "database") if settings.database.placement == "own-host" else ("web",)
    group = agents.log_group(settings.app.name, place.stack) if options.logs else None
    return Fleet(
        settings.manager,
        settings.front,
        settings.database.engine,
        ssh_from=options.ssh,
        database=OwnHost(PORTS[settings.database.engine], PRIVATE) if "database" in roles else None,
        tls=None if options.is_fleet else domain.tls(settings),
        roles=roles,
        placement=settings.database.placement,
        balancer=Balancer(PRIVATE, idle_timeout(settings.server.timeout)) if options.is_fleet else None,
        more={role: agents.more(settings, options.region, role, group) for role in roles},
    )


def _fleet(ground: Ground, final: Final) -> Web:
    """Each part of Amazon's SDK that is imported costs a plan a tenth of a second: so only where it is needed."""
    from components.aws.stack import fleet

    return fleet.make(ground, final)


def _logs(ground: Ground, days: int, made: Web, database: Database | None) -> None:
    from components.aws.blocks.logs import Logs, LogsArgs

    roles = {"web": made.role.name, **({"database": database.role.name} if database and database.role else {})}
    args = LogsArgs(group=agents.log_group(ground.name, ground.place.stack), days=days, roles=roles, tags=ground.tags)
    Logs(f"{ground.name}-logs", args, ground.child)


def _alarms(ground: Ground, email: str, made: Web, database: Database | None) -> None:
    from components.aws.blocks.alarms import Alarms, AlarmsArgs

    servers = {**made.watched.get("servers", {})}
    if database and database.server:
        servers["database"] = database.server.instance_id
    args = AlarmsArgs(
        email=email,
        region=ground.options.region,
        tags=ground.tags,
        servers=servers,
        load_balancer=made.watched.get("load_balancer"),
        target_group=made.watched.get("target_group"),
        database=database.managed.identifier if database and database.managed else None,
        storage=ground.options.database.disk,
    )
    Alarms(f"{ground.name}-alarms", args, ground.child)


def _rollout(ground: Ground, final: Final, made: Web, database: Database | None) -> Rollout:
    expected = [*made.expected, *(database.expected if database else ())]
    needed = [
        ground.store,
        *made.made,
        *([database.told] if database else []),
        *([database.server] if database and database.server else []),
    ]
    args = RolloutArgs(
        **vars(final),
        store=ground.store.address,
        url=made.address.apply(lambda address: _url(ground.settings, address)),
        expected=pulumi.Output.all(*expected),
        fewest=made.fewest,
        addresses=pulumi.Output.all(made.address),
    )
    return Rollout(f"{ground.name}-rollout", args, pulumi.ResourceOptions.merge(ground.own, pulumi.ResourceOptions(depends_on=needed)))


def deploy(settings: Settings, place: Place) -> Target:
    """The component of this target."""
    return Target(settings.app.name, settings, place)


def needs(settings: Settings) -> list[Need]:
    """Nothing on this machine but Python's packages."""
    return []


def deployment(settings: Settings, place: Place) -> HostsDeployment:
    """The servers that there are now; AWS keeps and removes their data."""
    options = _options(settings)
    found = fleet_hosts.find(options.region, place.project, place.stack, settings.app.name)
    hosts, fixed = [one for one in found.hosts if one.role == "web"], not options.is_fleet
    way_in = hosts[0].address if fixed and hosts else None if fixed else fleet_hosts.balancer(options.region, place.project, place.stack)
    site = Site(
        release_store.connect(found.store),
        found.hosts,
        _url(settings, way_in or "none-yet.invalid"),
        follow=True,
        expected=tuple(one.host for one in found.hosts) if fixed else (),
        fewest=options.instances.min,
        addresses=tuple(one.address for one in hosts) if fixed else (way_in,) if way_in else (),
    )
    return HostsDeployment(site)


def _url(settings: Settings, address: str) -> str:
    return f"https://{settings.domain}" if settings.domain else f"http://{address}"


def _options(settings: Settings) -> Options:
    options = target_options(settings, Options, "aws-ec2")
    if found := list(problems(settings, options)):
        raise report.error(settings.stack, found)
    return options
