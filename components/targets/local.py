"""This machine: the production path, unprivileged, under .slipway/STACK in the project folder."""

import os
import pwd
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pulumi
from pydantic import Field
from uv import find_uv_bin

from cloud_init import system
from cloud_init.host import contracts
from cloud_init.host.base import places as installed
from cloud_init.host.contracts.facts import FrontFacts, HostFacts
from components import owner
from components.errors import UsageError, one_line
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

SUPERVISOR = (str(Path(sys.prefix) / "bin/python"), "-m", "supervisor.supervisord")
"""supervisord, by this program's own environment."""


THIS_MACHINE = True
TAKES: Takes = {
    "manager": ("supervisor",),
    "database.placement": ("same-host", "external"),
    "domain": False,
    "tls.certificate": False,
}


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
                url=f"http://{_ADDRESS}:{options.port}",
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[host]),
        )
        self.put_out(settings, release.release, rollout.require(), [_ADDRESS])


def needs(settings: Settings) -> list[Need]:
    """The front server and a database's programs on this machine."""
    why = "the front server: static files, slow clients, limits"
    front = Need(installed.FRONTS[settings.front], why, system.FRONTS[settings.front], settings.front in installed.fronts(), required=True)
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
    return HostsDeployment(Site(connect(facts.store), (host,), f"http://{_ADDRESS}:{options.port}"), launched=(host,))


def takes(folder: Path) -> bool:
    """True for a folder that every program here can be told of."""
    return str(folder).isprintable() and not _REFUSED.search(str(folder))


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
        uv=find_uv_bin(),
        store=in_folder(root / "store"),
        front=FrontFacts((_ADDRESS, options.port), installed.fronts()),
        databases=installed.databases(),
        supervisor=SUPERVISOR,
    )


def app_runtime(tree: Path, version: str | None) -> tuple[str, str | None]:
    """The Python for the environments of the app whose files are in `tree`, and the user that runs
    them; None: this one, as for root where no other user can read both, which it says. `version` as
    "3.13", None: any, as where uv is to bring one."""
    pythons = _pythons(version)
    if os.geteuid() != 0:
        return pythons[0], None
    owner = tree.parent.parent.stat().st_uid  # of the project
    names = [pwd.getpwuid(owner).pw_name] if owner else ["www-data", "nobody"]
    user = next((entry.pw_name for name in names for entry in pwd.getpwall() if entry.pw_name == name), None)
    for python in pythons:
        if user and _can_run(python, user, tree):
            return python, user
    pulumi.log.info(f"the app runs as root: no other user can read both {tree.parent} and a Python here")
    return pythons[0], None


def _pythons(version: str | None) -> list[str]:
    """This program's own first, then the system's."""
    own = os.path.realpath(sys.executable)
    if version is None:
        return list(dict.fromkeys([own, *filter(None, [_system("python3")])]))
    names = [own, shutil.which(f"python{version}"), _system(f"python{version}"), _system("python3")]
    there = [name for name in dict.fromkeys(filter(None, names)) if _version(name) == version]
    if not there:  # the host tool has uv bring it
        return _pythons(None)
    return [os.path.realpath(name) for name in there]


def _system(name: str) -> str | None:
    path = shutil.which(name, path="/usr/bin:/usr/local/bin")
    return os.path.realpath(path) if path else None


@cache
def _version(python: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.strip()


@cache
def _can_run(python: str, user: str, tree: Path) -> bool:
    """Tried, not guessed: that user starts that Python and lists the tree's project folder."""
    entry = pwd.getpwnam(user)
    folder = repr(str(tree.parent.parent))
    code = f"import os, ssl, sqlite3, venv; os.stat({folder}); os.access({folder}, os.X_OK) or exit(1)"
    try:
        done = subprocess.run(
            [python, "-I", "-c", code], user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], cwd="/", capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0
