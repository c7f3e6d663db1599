"""Any Docker engine, here or over SSH: what is constant is a plan of containers, what a release
changes the host tool makes there."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from operator import itemgetter
from typing import Annotated, Any
from urllib.parse import urlsplit

import pulumi
import pulumi_docker as docker

from cloud_init import system
from cloud_init.fleet import Fleet
from cloud_init.host import contracts
from cloud_init.host.base import files
from cloud_init.host.contracts.facts import ContainerFacts, FrontFacts, HostFacts
from cloud_init.host.front import configuration
from cloud_init.host.processes.managers.docker import GRACE
from cloud_init.host.server.setup import USERS
from components import owner
from components.deployment.on_hosts import HostsDeployment
from components.docker import store
from components.docker.engine import Engine
from components.hosts.resources import Host, RandomSecret
from components.hosts.site import Site
from components.hosts.transports.docker import PYTHON, ROOT, STORE, TOOL, DockerTransport
from components.release import core
from components.rollout.resources import Rollout, RolloutArgs, finish
from components.settings import Model, Settings, kinds, number, target_options
from components.settings.kinds import setting
from components.settings.report import Problem
from components.target import Need, StackPlace, Takes, TargetComponent

THIS_MACHINE = False
TAKES: Takes = {"manager": (), "database.placement": ("same-host", "external"), "domain": False}
_PORT = 8080  # of the front server, inside
_HOST = kinds.matching(
    "engine's address", "an engine's address, such as ssh://deploy@203.0.113.9 or unix:///run/docker.sock", r"(ssh|unix)://[^\s]+"
)
_IMAGE = kinds.matching("image", "an image's name, such as python:3.13-slim", r"[a-z0-9][a-zA-Z0-9._/:@-]+")
_REGISTRY = kinds.matching(
    "repository",
    "a repository of a registry, without a tag, such as ghcr.io/example/shop, or example/shop for docker.io",
    r"(?!(?:index\.)?docker\.io/)(?:[A-Za-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*",
)
_CONTEXT = kinds.matching("context", "a context of docker's client", r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_STOPS = {"postgres": "INT", "mysql": "TERM"}
_SHARED = 256  # megabytes of shared memory, which PostgreSQL's parallel queries need


class Options(Model):
    """slipway:docker"""

    host: Annotated[str, _HOST] | None = setting(None, "The engine's address; left out: as docker's client finds it.")
    context: Annotated[str, _CONTEXT] | None = setting(None, "A context of docker's client.")
    port: Annotated[int, number(1, 65535)] = setting(8080, "The port of the engine's machine that the app is served on.")
    public: Annotated[bool, kinds.SWITCH] = setting(
        False, "Everybody reaches that port, whatever a firewall of the machine says; else 127.0.0.1 alone."
    )
    base: Annotated[str, _IMAGE] | None = setting(None, "The image that images are made from: Debian with Python; python:VERSION-slim.")
    registry: Annotated[str, _REGISTRY] | None = setting(
        None, "A repository of a registry: images of releases are built by the client's own engine, pushed there, pulled by digest."
    )
    memory: Annotated[int, number(64, 1_000_000)] = setting(512, "Megabytes that one container may hold.")


def _problems(_settings: Settings, options: Options) -> Iterator[Problem]:
    if options.host and options.context:
        yield "slipway:docker.host", "wanted an address or a context, found both; leave out slipway:docker.context, or this"
    if options.context and options.public:
        yield (
            "slipway:docker.context",
            "wanted an address that users reach, as slipway:docker.public is true; set slipway:docker.host instead",
        )


class Target(TargetComponent):
    """A network, a volume for the tree and one for a database, the front server, the database."""

    def __init__(self, name: str, settings: Settings, place: StackPlace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:Docker", name, None, opts)
        options = target_options(settings, Options, "docker", _problems)
        facts, text = _facts(settings, options, place)
        site, child = facts["site"], pulumi.ResourceOptions(parent=self)
        if options.public:
            pulumi.log.warn("slipway:docker.public: a published port passes the machine's firewall; slipway:http.allow says who comes in")
        described = Fleet("docker", settings.front, settings.database.engine, roles=())
        planned = core.plan(settings, place.folder, (f"{_PORT} default_server",), f"{facts['address']}:{options.port}", described)
        if options.host or options.context:
            provider = docker.Provider(f"{name}-engine", host=options.host, context=options.context, opts=child)
            child = pulumi.ResourceOptions(parent=self, provider=provider)
        kept = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(retain_on_delete=True))
        said = {"owner": "slipway", "project": place.project, "slipway.site": site, "stack": place.stack}
        labels: list[Any] = [{"label": label, "value": value} for label, value in said.items()]
        network = docker.Network(f"{name}-network", name=site, labels=labels, opts=child)
        tree = docker.Volume(f"{name}-tree", name=site, labels=labels, opts=kept)
        data = docker.Volume(f"{name}-data", name=f"{site}-data", labels=labels, opts=kept)
        context = f".slipway/{place.stack}/host"
        files.write(place.tree / "host/Dockerfile", text.encode())
        programs = docker.Image(
            f"{name}-host",
            image_name=facts["image"],
            build={"context": context, "dockerfile": f"{context}/Dockerfile"},
            skip_push=True,
            opts=child,
        )
        key = RandomSecret(f"{name}-key", pulumi.ResourceOptions(parent=self))
        made = pulumi.ResourceOptions(parent=self, depends_on=[network, tree, data, programs])
        host = Host(f"{name}-host", facts, owner.current(place.project, place.stack), made)

        def container(program: str, user: str, stop: str, **more: Any) -> docker.Container:
            numbers = {one: store.FIRST_ID + number for number, one in enumerate(USERS)}
            more_labels: list[Any] = sorted([*labels, {"label": "slipway.program", "value": program}], key=itemgetter("label"))
            return docker.Container(
                f"{name}-{program}",
                name=f"{site}-{program}",
                image=facts["image"],
                command=[*TOOL, "launch", program],
                user=f"{numbers[user]}:{numbers[user]}",
                group_adds=[str(numbers["slipway-app"])],
                labels=more_labels,
                networks_advanced=[{"name": site}],
                mounts=[
                    {"type": "volume", "source": site, "target": str(ROOT)},
                    {"type": "volume", "source": f"{site}-data", "target": str(ROOT / "srv/slipway" / name / "data")},
                ],
                restart="always",  # one that is only not stopped stays down where the engine was killed
                init=True,
                read_only=True,
                tmpfs={"/tmp": "mode=1777"},
                capabilities={"drops": ["ALL"]},
                security_opts=["no-new-privileges:true"],
                memory=options.memory,
                memory_swap=options.memory,  # equal, or the provider sees another one at each plan
                log_driver="json-file",
                log_opts={"max-size": "10m", "max-file": "3"},
                stop_signal=f"SIG{stop}",
                stop_timeout=GRACE,
                must_run=True,
                opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[host], delete_before_replace=True)),
                **more,
            )

        ports = [{"internal": _PORT, "external": options.port, "ip": _interface(options)}]
        running = [container("front", "slipway-front", configuration.SERVERS[settings.front].stop, ports=ports)]
        if settings.database.engine in system.ENGINES and settings.database.placement == "same-host":
            running.append(container(settings.database.engine, "slipway-db", _STOPS[settings.database.engine], shm_size=_SHARED))
        release = finish(planned, key.value, settings.secret_env)
        rollout = Rollout(
            f"{name}-rollout",
            RolloutArgs(**vars(release), hosts=json.dumps([facts]), store=store.address(facts), url=_url(facts, options)),
            pulumi.ResourceOptions(parent=self, depends_on=[host, *running]),
        )
        self.put_out(settings, release.release, rollout.require(), [facts["address"]])


def needs(settings: Settings) -> list[Need]:
    """Docker's client, and an engine that answers it."""
    client = Need("docker", "the client of the engine", ("docker.io",), shutil.which("docker") is not None, required=True)
    if not client.present:
        return [client]
    options = target_options(settings, Options, "docker", _problems)
    problem = Engine(options.host or "", options.context or "").problem()
    return [client, Need("engine", problem or "answers, and is new enough", (), not problem, required=True)]


def deployment(settings: Settings, place: StackPlace) -> HostsDeployment:
    """What serves on the engine."""
    options = target_options(settings, Options, "docker", _problems)
    facts, _ = _facts(settings, options, place)
    host = DockerTransport(facts)
    return HostsDeployment(Site(store.EngineStore(facts), (host,), _url(facts, options)), launched=(host,))


def _url(facts: dict[str, Any], options: Options) -> str:
    return f"http://{facts['address']}:{options.port}"


def _facts(settings: Settings, options: Options, place: StackPlace) -> tuple[dict[str, Any], str]:
    """The site as its transport has it, and the Dockerfile of the image with a host's programs."""
    app, site = settings.app.name, f"{settings.app.name}-{place.stack}"
    base = _base(settings, options)
    packages = [one for front in system.FRONTS.values() for one in front]  # a front that is to go serves until the flip
    if settings.database.placement == "same-host" and settings.database.engine in system.ENGINES:
        packages.append(system.ENGINES[settings.database.engine])
    text = store.host_file(base, tuple(sorted(packages)))
    named = urlsplit(options.host or "").hostname if options.public else None
    images = options.registry or site.lower()  # names of images are in small letters, those of stacks needn't be
    users = list(USERS)
    host = HostFacts(
        app=app,
        host=site,
        root=str(ROOT),
        run=str(ROOT / "run/slipway" / app),
        store=f"file://{STORE}",
        python=PYTHON,
        front=FrontFacts((f"{site}-front", _PORT)),
        user=users[0],
        database_user=users[1],
        front_user=users[2],
        release_user=users[3],
        stack=place.stack,
        containers=ContainerFacts(site, images, options.memory, 1024),
    )
    facts = {
        "transport": "docker",
        "app": app,
        "host": site,
        "stack": place.stack,
        "words": f"{app} in containers called {site}-…",
        "address": f"[{named}]" if named and ":" in named else named or "127.0.0.1",
        "site": site,
        "base": base,
        "image": f"{site.lower()}-host:{hashlib.sha256(text.encode()).hexdigest()[:12]}",
        "images": images,
        "registry": options.registry or "",
        "engine": {"host": options.host or "", "context": options.context or ""},
        "facts": contracts.document(host),
    }
    return facts, text


def _base(settings: Settings, options: Options) -> str:
    return options.base or f"python:{settings.app.python or '3.13'}-slim"


def _interface(options: Options) -> str:
    return "0.0.0.0" if options.public else "127.0.0.1"
