"""This machine: the production path, unprivileged, under .slipway/STACK in the project folder."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pulumi
from pydantic import Field

from cloud_init import system
from cloud_init.host import contracts
from cloud_init.host.base import places as installed
from cloud_init.host.contracts.facts import FrontFacts, HostFacts
from components import owner
from components.errors import UsageError, one_line
from components.hosts.machine import SUPERVISOR, app_runtime, uv_binary
from components.hosts.resources import Host, RandomSecret
from components.hosts.site import Site
from components.hosts.transports.local import LocalTransport, run_folder
from components.release import core
from components.release.store import connect, in_folder
from components.rollout.resources import Rollout, RolloutArgs, finish
from components.settings import Model, Settings, number, target_options
from components.target import Need, StackPlace, Takes, TargetComponent

if TYPE_CHECKING:
    from components.deployment.on_hosts import HostsDeployment

_ADDRESS = "127.0.0.1"
# To nginx, Apache or Supervisor these mean something even in quotes: `[` and `*` find others.
_REFUSED = re.compile(r"[\"'$%;<>{}\\?#@*|\[\]]")


THIS_MACHINE = True
TAKES = Takes(managers=("supervisor",), placements=("same-host", "external"), domain=False, certificate=False)


class Options(Model):
    """slipway:local"""

    port: Annotated[int, number(1, 65535)] = Field(8080, description="The port of 127.0.0.1 that the app is served on.")


class Target(TargetComponent):
    """The app on this machine: processes under Supervisor, data under the tree's `shared`."""

    def __init__(self, name: str, settings: Settings, place: StackPlace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:Local", name, None, opts)
        options = target_options(settings, Options, "local")
        planned = core.plan(settings, place.folder, (f"{_ADDRESS}:{options.port}",), f"{_ADDRESS}:{options.port}")
        facts = _facts(settings, place, options)
        child = pulumi.ResourceOptions(parent=self)
        key = RandomSecret(f"{name}-key", child)
        host = Host(f"{name}-host", facts, owner.current(place.project, place.stack), child)
        release = finish(planned, key.value, settings.secret_env)
        rollout = Rollout(
            f"{name}-rollout",
            RolloutArgs(
                **vars(release),
                hosts=pulumi.Output.json_dumps([contracts.document(facts)]),
                store=facts.store,
                url=_url(options),
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[host]),
        )
        self.put_out(settings, release.release, rollout.require(), [_ADDRESS])


def needs(settings: Settings) -> list[Need]:
    """The front server, for which a relay stands in, and a database's programs on this machine."""
    why = "the front server: static files, slow clients, limits; without it a plain relay passes connections on"
    front = Need(installed.FRONTS[settings.front], why, system.FRONTS[settings.front], settings.front in installed.fronts(), required=False)
    engine = settings.database.engine
    if settings.database.placement != "same-host" or engine not in system.ENGINES:
        return [front]
    package, why = system.ENGINES[engine], f"slipway:database.engine is {engine}, on the same host"
    return [front, Need(package, why, (package,), engine in installed.databases(), required=True)]


def deployment(settings: Settings, place: StackPlace) -> "HostsDeployment":
    """What `up` launched here."""
    # Late, because a preview asks nothing that was launched and would read 20 files for this.
    from components.deployment.on_hosts import HostsDeployment

    options = target_options(settings, Options, "local")
    facts = _facts(settings, place, options)
    host = LocalTransport(facts)
    return HostsDeployment(Site(connect(facts.store), (host,), _url(options)), launched=(host,))


def takes(folder: Path) -> bool:
    """True for a folder that every program here can be told of."""
    return str(folder).isprintable() and not _REFUSED.search(str(folder))


def _url(options: Options) -> str:
    return f"http://{_ADDRESS}:{options.port}"


def _facts(settings: Settings, place: StackPlace, options: Options) -> HostFacts:
    """This machine."""
    root = place.tree
    if not takes(root):
        wanted = "wanted a folder name of letters that can be seen, without quotes and $ % ; < > { } [ ] \\ ? # @ * |"
        raise UsageError(f"{one_line(str(place.folder))}: {wanted}, found another; move the project")
    python, user = app_runtime(root, settings.app.python)
    return HostFacts(
        transport="local",
        app=settings.app.name,
        host="local",
        root=str(root),
        run=str(run_folder(root, settings.app.name)),
        user=user,
        python=python,
        uv=uv_binary(),
        store=in_folder(root / "store"),
        front=FrontFacts((_ADDRESS, options.port), installed.fronts()),
        databases=installed.databases(),
        supervisor=SUPERVISOR,
    )
