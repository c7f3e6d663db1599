"""The release that a stack's settings ask for: its core, and the manifest that hosts take of it.
components/release/bundle.py makes what a platform takes."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import pulumi

from cloud_init import fleet, host_tool, render
from cloud_init.host import contracts
from cloud_init.host.contracts.manifest import Code, DatabasePart, File, Health, Manifest, Tls
from cloud_init.host.data.databases import network
from cloud_init.host.processes.programs import CRON
from cloud_init.host_files import ERROR_PAGES, Door, Front, HostFileError, Server, WebHost
from cloud_init.render import agent_files, host_files, idle_timeout, server_requirements
from cloud_init.system import host_part
from cloud_init.templating import pinned
from components.errors import UsageError
from components.release.ids import SECRET_KEY, app_key, release_id
from components.settings import Settings
from components.source import AppSource, find_app, pitfalls
from components.source.archive import build, collect
from components.source.declared import metadata

_WEBSOCKETS = re.compile(r"(?im)^\s*(flask[-_.]socketio|flask[-_.]sock|simple[-_.]websocket)(?![\w.-])")
_GEVENT = re.compile(r"(?im)^\s*gevent(-websocket)?(?![\w.-])")


class Document(Protocol):
    """A release as it is written: a `Manifest` for hosts, a `Bundle` for a platform."""

    @property
    def code(self) -> Code: ...

    @property
    def environment(self) -> Mapping[str, str]: ...


Kind = TypeVar("Kind", bound=Document)


@dataclass(frozen=True)
class Core:
    """What a release is wherever it runs: the app in its folder, its code, its server."""

    source: AppSource
    code: Code
    server: Server


@dataclass(frozen=True)
class Release(Generic[Kind]):
    """`manifest` is without its id; `source` is the app's folder."""

    manifest: Kind
    source: Path

    @property
    def manifest_json(self) -> str:
        """Without the values of the environment being secret: those travel apart."""
        return json.dumps(contracts.document(self.manifest), sort_keys=True)

    def secrets(self, key: pulumi.Input[str], given: pulumi.Input[Mapping[str, str]]) -> pulumi.Output[dict[str, str]]:
        """The secret environment that is `given`, with a `SECRET_KEY` of the stack's where no part
        of the environment has one. A first preview knows all but that, which `whole` waits for."""
        own = SECRET_KEY in self.manifest.environment
        made: dict[str, Any] = {} if own else {SECRET_KEY: pulumi.Output.from_input(key).apply(app_key)}
        return pulumi.Output.secret(pulumi.Output.from_input(given).apply(lambda known: {**made, **known}))

    def id(self, key: pulumi.Input[str], secret_environment: pulumi.Input[dict[str, str]]) -> pulumi.Output[str]:
        """The release id: public, as the stack's key keeps the environment out of it."""
        known = pulumi.Output.all(key, whole(secret_environment))
        return pulumi.Output.unsecret(known.apply(lambda values: identity(values[0], self.manifest, values[1])))


def whole(environment: pulumi.Input[dict[str, str]]) -> pulumi.Output[dict[str, str]]:
    """The environment with each of its values known."""
    return pulumi.Output.from_input(environment).apply(pulumi.Output.from_input)


def identity(key: str, manifest: Document, secret_environment: Mapping[str, str]) -> str:
    """The id of a release, under the stack's `key`."""
    environment = {**manifest.environment, **secret_environment}
    return release_id(key, manifest.code.id, contracts.document(manifest), environment)


def core(settings: Settings, folder: Path, auto: str | None = None) -> Core:
    """Reads the app's folder, below the project's `folder`. `auto`: what `server.kind: auto` is if
    hosts have another. Raises `SlipwayError` for a folder that is no app."""
    app, dry = settings.app, pulumi.runtime.is_dry_run()
    build(folder / app.path, app, dry)
    source = find_app(folder / app.path, app.module, app.requirements)
    for sentence in source.sentences:
        pulumi.log.info(sentence)
    for pitfall in pitfalls.find(source.folder, settings.given):
        pulumi.log.warn(pitfall)
    code = collect(source.folder, app.built, keep=not dry)
    return Core(source, code, _server(settings, source, auto))


def _server(settings: Settings, source: AppSource, auto: str | None) -> Server:
    """The application server, which says what was chosen for whom. What is set counts."""
    chosen, database = settings.server, settings.database
    sockets, worker_class = _WEBSOCKETS.findall(source.requirements), chosen.worker_class
    socketio = next((name for name in sockets if "socketio" in name.lower()), None)
    taken = f"{source.module} puts in the place of threads" if pitfalls.patches_gevent(source.folder, source.module) else ""
    if socketio and _GEVENT.search(source.requirements):
        taken = taken or f"{socketio} takes where it is installed"
    if taken and worker_class is None and chosen.kind in ("auto", "gunicorn"):
        worker_class = "gevent"
        pulumi.log.info(f"slipway:server.workerClass: gevent, which {taken}")
    kind: str = chosen.kind
    if kind == "auto":  # WebSockets reach an app on gunicorn alone; else by measurement (docs/decisions/0010)
        kind = auto or ("gunicorn" if worker_class or sockets else "uwsgi")
        pulumi.log.info(f"slipway:server.kind: auto is {kind}" + (f", for the WebSockets of {sockets[0]}" if sockets else ""))
    workers, threads = chosen.workers if isinstance(chosen.workers, int) else None, chosen.threads
    if socketio and workers is None:
        workers = 1
        pulumi.log.info(f"slipway:server.workers: 1, as {socketio} keeps a client's session in one worker")
    if worker_class in (None, "gthread"):
        of_host = workers or "one for each core, two at least"
        at_once = f"{threads} requests at once in each worker, which may open as many database connections"
        held = network.TAKEN.get(database.placement) if database.engine in ("postgres", "mysql") else None
        most = f"; the database takes {held}: an app that opens more, without a pool, wants fewer threads" if held else ""
        pulumi.log.info(f"slipway:server.threads: {at_once}; workers of a host: {of_host}{most}")
    return Server(kind, worker_class, workers, threads, chosen.timeout)


def plan(
    settings: Settings, folder: Path, listen: tuple[str, ...], health_host: str, servers: fleet.Fleet | None = None
) -> Release[Manifest]:
    """The release for hosts, with their files. `listen`: addresses as front servers write them;
    `health_host`: the name that the app is asked by; `servers`: those that Slipway sets up.

    Raises `SlipwayError` for a folder that is no app, `UsageError` for what can't be rendered."""
    known = core(settings, folder)
    with settings_told(settings):
        host = _web_host(settings, known, listen, servers, _snippet(settings, folder))
        manifest = _manifest(settings, known, host, health_host, servers)
    return Release(manifest, known.source.folder)


@contextmanager
def settings_told(settings: Settings) -> Iterator[None]:
    """Names the stack file where a setting can't be rendered."""
    try:
        yield
    except HostFileError as error:
        raise UsageError(f"Pulumi.{settings.stack}.yaml: {error}") from None


def tls(settings: Settings, peers: Sequence[str] = ()) -> Tls | None:
    """TLS as web hosts themselves have it; None without a domain. `peers`: all their addresses."""
    if settings.domain is None:
        return None
    wanted, own, names = settings.tls, settings.certificate, settings.http.redirect_domains
    others = tuple(peers) if len(peers) > 1 and not own else ()
    return Tls(settings.domain, wanted.directory, wanted.email, others, wanted.strict, aliases=names, certificate=own)


def _web_host(settings: Settings, known: Core, listen: tuple[str, ...], servers: fleet.Fleet | None, snippet: str) -> WebHost:
    tls, balancer = (servers.tls, servers.balancer) if servers else (None, None)
    if trusted := settings.http.trusted_proxies:
        near = balancer or fleet.Balancer((), idle_timeout(settings.server.timeout))
        balancer = replace(near, networks=(*near.networks, *trusted), chain=True)
    domain = settings.domain if tls or balancer else None
    front = Front(
        settings.front, listen, settings.http.max_body, tuple(settings.http.cors), domain, tls, balancer, settings.http.redirect_domains
    )
    front = replace(front, static_age=settings.http.static_age, error_pages=tuple(_error_pages(settings, known)), snippet=snippet)
    door = make_door(settings)
    return WebHost(known.source.module, known.server, front, () if door.static else tuple(static_urls(settings)), door)


def make_door(settings: Settings) -> Door:
    """The door of these settings; static files go through it too, but for a mount alone."""
    http = settings.http
    door = Door(http.path or "", http.allow, settings.logins)
    return replace(door, static=tuple(sorted(static_urls(settings)))) if door.closed else door


def static_urls(settings: Settings) -> dict[str, str]:
    """Folders of the app by URL path, as seen from outside."""
    return {f"{settings.http.path or ''}{path}": folder for path, folder in settings.app.static.items()}


def _error_pages(settings: Settings, known: Core) -> Iterator[int]:
    """The statuses that have a page. Raises `UsageError` where none has."""
    if (name := settings.http.error_pages) is None:
        return
    pages = [status for status in ERROR_PAGES if (known.source.folder / name / f"{status}.html").is_file()]
    if not pages:
        wanted = ", ".join(f"{status}.html" for status in ERROR_PAGES)
        raise UsageError(f"slipway:http.errorPages: wanted a folder of the app with any of {wanted}, found {name!r}; add one")
    yield from pages


def _snippet(settings: Settings, folder: Path) -> str:
    """The text of the file. Raises `UsageError` for none, and for one that a host would change."""
    if (name := settings.http.snippet) is None:
        return ""
    wanted = f"slipway:http.snippet: wanted a file of the project with {settings.front}'s configuration"
    try:
        text = (folder / name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{wanted}, found {name!r}: {error}") from None
    if "@@" in text:
        raise UsageError(f"{wanted}, found @@ in {name!r}; write it another way")
    return text.strip()


def _manifest(settings: Settings, known: Core, host: WebHost, health_host: str, servers: fleet.Fleet | None) -> Manifest:
    app, database, domain = settings.app, settings.database, host.front.domain
    if app.data and servers and servers.web_hosts > 1:
        own = f"each of up to {servers.web_hosts} servers has folders of its own: what one writes the others don't see"
        pulumi.log.warn(f"slipway:app.data: {own}{'' if servers.keeps_folders else ', and it goes with that server'}")
    jobs = {name: job.model_dump() for name, job in app.cron.items()}
    return Manifest(
        tool=host_tool.tool_id(),
        module=known.source.module,
        code=known.code,
        files=(*host_files(host), *agent_files(database.engine), *(render.cron_files(jobs) if jobs else ()), *about(known.source)),
        requirements=(known.source.requirements, server_requirements(host), *([pinned("cron.txt")] if jobs else ())),
        python=app.python,
        environment=dict(app.env),
        database=DatabasePart(
            database.engine,
            database.placement,
            render.agent_requirements(database.engine),
            extensions=database.extensions,
            app_may_migrate=database.app_may_migrate,
        ),
        processes={**app.processes, **({CRON: render.CRON_COMMAND} if jobs else {})},
        release_command=app.release_command,
        health=make_health(settings, host.door, domain or app.health_host or health_host, "https" if domain else "http"),
        static={**static_urls(settings), **({"/-/error": pages} if (pages := settings.http.error_pages) else {})},
        data=tuple(sorted(app.data)),
        host=host_part(servers) if servers else None,
        tls=servers.tls if servers else None,
        packages=app.packages,
        constraints=known.source.constraints,
    )


def about(source: AppSource) -> list[File]:
    """What the app's own project says of itself, where its Python looks for it."""
    return [File(f"src/{path}", content, "0444") for path, content in metadata(source.folder).items()]


def make_health(settings: Settings, door: Door, host: str, scheme: str) -> Health:
    """By the app's own name, with TLS where it is: an app may refuse others, and plain HTTP."""
    public = "/-/release" if door.closed else None
    return Health(door.path + settings.app.health_path, host, settings.app.start_timeout, scheme, public)
