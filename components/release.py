"""The release that a stack's settings ask for, as far as it is known before anything is built."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from cloud_init import bundle, cron, fleet, server_manifest
from cloud_init.databases import agent_files, driver
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
    """`manifest` as the architecture page lists it, without its id; `source` is the app's folder."""

    manifest: dict[str, Any]
    source: Path

    @property
    def code(self) -> str:
        """The code id, known in every preview."""
        return str(self.manifest["code"]["id"])

    @property
    def manifest_json(self) -> str:
        """Without the values of the environment being secret: those travel apart."""
        return json.dumps(self.manifest, sort_keys=True)

    def id(self, key: pulumi.Input[str], secret_environment: pulumi.Input[dict[str, str]]) -> pulumi.Output[str]:
        """The release id. It is public: the stack's key keeps it from telling anything about the environment."""

        def derive(values: list[Any]) -> str:
            environment = {**self.manifest["environment"], **values[1]}
            return release_id(values[0], self.code, self.manifest, environment)

        return pulumi.Output.unsecret(pulumi.Output.all(key, secret_environment).apply(derive))


def plan(settings: Settings, folder: Path, listen: tuple[str, ...], health_host: str, servers: fleet.Fleet | None = None) -> Release:
    """Reads the app's folder and renders its host files. `servers`: those that Slipway sets up. Raises `UsageError`."""
    source = find_app(folder / settings.app.path, settings.app.module)
    for sentence in source.found:
        pulumi.log.debug(sentence)
    code = collect(source.folder)
    try:
        host = _web_host(settings, source, listen, servers)
        manifest = _manifest(settings, source, host, health_host) | _servers(servers)
    except HostFileError as error:
        raise UsageError(f"Pulumi.{settings.stack}.yaml: {error}") from None
    return Release({**manifest, "code": {"id": code.id, "sha256": code.sha256, "bytes": code.bytes}}, source.folder)


def _servers(servers: fleet.Fleet | None) -> dict[str, Any]:
    return {"host": None, "tls": None} if servers is None else server_manifest.parts(servers)


def _web_host(settings: Settings, source: AppSource, listen: tuple[str, ...], servers: fleet.Fleet | None) -> WebHost:
    chosen = settings.server
    workers = chosen.workers if isinstance(chosen.workers, int) else None
    kind = resolve_auto(chosen.kind, chosen.worker_class)
    if chosen.kind == "auto":
        pulumi.log.info(f"slipway:server.kind: auto is {kind}")
    server = Server(kind, chosen.worker_class, workers, chosen.threads, chosen.timeout)
    tls, balancer = (servers.tls, servers.balancer) if servers else (None, None)
    front = Front(settings.front, listen, settings.http.max_body, tuple(settings.http.cors), tls, balancer)
    return WebHost(source.module, server, front, dict(settings.app.static))


def _manifest(settings: Settings, source: AppSource, host: WebHost, health_host: str) -> dict[str, Any]:
    app, engine = settings.app, settings.database.engine
    jobs = {name: job.model_dump() for name, job in app.cron.items()}
    files = [*host_files(host), *agent_files(engine), *(cron.files(jobs) if jobs else ())]
    return {
        "schema": 1,
        "tool": bundle.tool_id(),
        "module": source.module,
        "files": [{"path": file.path, "content": file.content, "mode": file.mode} for file in files],
        "requirements": [source.requirements, server_requirements(host), *([cron.requirements()] if jobs else ())],
        "python": app.python,
        "environment": dict(app.env),
        "database": {"engine": engine, "placement": settings.database.placement, "driver": driver(engine)},
        "processes": {**app.processes, **({cron.PROCESS: cron.COMMAND} if jobs else {})},
        "release_command": app.release_command,
        "health": {"path": app.health_path, "timeout": _HEALTH_SECONDS, **_asked_as(settings.domain, host.front, health_host)},
        "static": dict(app.static),
        "socket": front_socket(host),
    }


def _asked_as(domain: str | None, front: Front, health_host: str) -> dict[str, str]:
    """The name by which the app is asked whether it is well: an app may refuse others, and plain HTTP. TLS may be a load balancer's."""
    return {"host": domain, "scheme": "https"} if domain and (front.tls or front.balancer) else {"host": health_host}
