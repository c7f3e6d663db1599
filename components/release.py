"""The release that a stack's settings ask for, as far as it is known before anything is built."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from cloud_init import bundle, cron, fleet, server_manifest
from cloud_init.databases import agent_files, driver
from cloud_init.host import contracts
from cloud_init.host.contracts.manifest import Code, DatabasePart, Health, Manifest
from cloud_init.host_files import Front, HostFileError, Server, WebHost
from cloud_init.render import front_socket, host_files, resolve_auto, server_requirements
from components.archive import collect
from components.errors import UsageError
from components.ids import release_id
from components.settings import Settings
from components.source import AppSource, find_app

_HEALTH_SECONDS = 30


@dataclass(frozen=True)
class Release:
    """`manifest` is without its id; `source` is the app's folder."""

    manifest: Manifest
    source: Path

    @property
    def code(self) -> str:
        """The code id, known in every preview."""
        return self.manifest.code.id

    @property
    def manifest_json(self) -> str:
        """Without the values of the environment being secret: those travel apart."""
        return json.dumps(contracts.document(self.manifest), sort_keys=True)

    def id(self, key: pulumi.Input[str], secret_environment: pulumi.Input[dict[str, str]]) -> pulumi.Output[str]:
        """The release id. It is public: the stack's key keeps it from telling anything about the environment."""

        def derive(values: list[Any]) -> str:
            environment = {**self.manifest.environment, **values[1]}
            return release_id(values[0], self.code, contracts.document(self.manifest), environment)

        return pulumi.Output.unsecret(pulumi.Output.all(key, secret_environment).apply(derive))


def plan(settings: Settings, folder: Path, listen: tuple[str, ...], health_host: str, servers: fleet.Fleet | None = None) -> Release:
    """Reads the app's folder and renders its host files. `servers`: those that Slipway sets up. Raises `UsageError`."""
    source = find_app(folder / settings.app.path, settings.app.module)
    for sentence in source.found:
        pulumi.log.debug(sentence)
    try:
        host = _web_host(settings, source, listen, servers)
        manifest = _manifest(settings, source, host, health_host, servers)
    except HostFileError as error:
        raise UsageError(f"Pulumi.{settings.stack}.yaml: {error}") from None
    return Release(manifest, source.folder)


def _web_host(settings: Settings, source: AppSource, listen: tuple[str, ...], servers: fleet.Fleet | None) -> WebHost:
    chosen = settings.server
    workers = chosen.workers if isinstance(chosen.workers, int) else None
    kind = resolve_auto(chosen.kind, chosen.worker_class)
    if chosen.kind == "auto":
        pulumi.log.info(f"slipway:server.kind: auto is {kind}")
    server = Server(kind, chosen.worker_class, workers, chosen.threads, chosen.timeout)
    tls, balancer = (servers.tls, servers.balancer) if servers else (None, ())
    front = Front(settings.front, listen, settings.http.max_body, tuple(settings.http.cors), tls, balancer)
    return WebHost(source.module, server, front, dict(settings.app.static))


def _manifest(settings: Settings, source: AppSource, host: WebHost, health_host: str, servers: fleet.Fleet | None) -> Manifest:
    app, engine, code = settings.app, settings.database.engine, collect(source.folder)
    jobs = {name: job.model_dump() for name, job in app.cron.items()}
    return Manifest(
        tool=bundle.tool_id(),
        module=source.module,
        code=Code(code.id, code.sha256, code.bytes),
        files=(*host_files(host), *agent_files(engine), *(cron.files(jobs) if jobs else ())),
        requirements=(source.requirements, server_requirements(host), *([cron.requirements()] if jobs else ())),
        python=app.python,
        environment=dict(app.env),
        database=DatabasePart(engine, settings.database.placement, driver(engine)),
        processes={**app.processes, **({cron.PROCESS: cron.COMMAND} if jobs else {})},
        release_command=app.release_command,
        health=_health(settings, host.front, health_host),
        static=dict(app.static),
        socket=front_socket(host),
        host=server_manifest.host_part(servers) if servers else None,
        tls=servers.tls if servers else None,
    )


def _health(settings: Settings, front: Front, host: str) -> Health:
    """The name by which the app is asked whether it is well: an app may refuse others, and plain HTTP. TLS may be a load balancer's."""
    if settings.domain and (front.tls or front.balancer):
        return Health(settings.app.health_path, settings.domain, _HEALTH_SECONDS, "https")
    return Health(settings.app.health_path, host, _HEALTH_SECONDS)
