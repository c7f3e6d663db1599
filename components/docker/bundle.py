"""An app as a folder for people who run docker by hand: Dockerfile, compose.yaml, a template of the
environment. Nothing of Slipway's is needed there."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from cloud_init import system, templating
from cloud_init.host.contracts.manifest import File
from cloud_init.host.data.folders import FILES
from components.docker.image import TOOLS
from components.release import bundle, core
from components.release.bundle import Bundle
from components.release.ids import SECRET_KEY
from components.settings import Settings

_DATABASES = {  # image, scheme, where its files are, its environment, how it is asked
    "postgres": ("postgres:17", "postgresql", "/var/lib/postgresql/data", "POSTGRES", "pg_isready --username app"),
    "mysql": ("mariadb:11", "mysql", "/var/lib/mysql", "MARIADB", "healthcheck.sh --connect"),
}
_PASSWORD = "DATABASE_PASSWORD"
_TEMPLATE = "# Copy this file to .env, and write the values, which nobody else should read.\n"


def plan(settings: Settings, folder: Path, base: str, port: int, public: bool) -> core.Release[Bundle]:
    """The bundle of a stack; `port` of the engine's machine is published, on 127.0.0.1 unless
    `public`. Raises `SlipwayError` as `core.plan` does."""
    made = bundle.plan(settings, folder, "localhost")
    app, health, packages = settings.app, made.manifest.health, sorted(settings.app.packages)
    ask = "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], headers={'Host': sys.argv[2]}), timeout=5)"
    texts = {file.path: file.content for file in made.manifest.files}
    dockerfile = templating.render(
        "docker/bundle/Dockerfile.j2", base=base, packages=packages, kept=[one for one in packages if one not in TOOLS],
        data=app.data, files=[one for one in app.data if one.endswith(FILES)], static=sorted(set(app.static.values())),
        health=["python3", "-c", ask, f"http://127.0.0.1:8000{health.path}", health.host], start=app.start_timeout,
        web=texts["Procfile"].removeprefix("web: ").strip(), front=system.FRONTS["nginx"],
    )  # fmt: skip
    front = templating.render(
        "docker/bundle/front.conf.j2",
        max_body=settings.http.max_body,
        static=sorted(app.static.items()),
        timeout=settings.server.timeout + 5,
    )
    asked = sorted({*settings.given, SECRET_KEY} - app.env.keys())
    services, volumes = _services(settings, made.manifest, asked)
    services["front"]["ports"] = [f"{'' if public else '127.0.0.1:'}{port}:8080"]
    if _PASSWORD in str(services):
        asked.append(_PASSWORD)
    compose = {"services": services, "volumes": {name: {} for name in volumes}}
    more = {"Dockerfile": dockerfile, "front.conf": front, "compose.yaml": yaml.safe_dump(json.loads(json.dumps(compose)), sort_keys=False)}
    more["env.template"] = _TEMPLATE + "".join(f"{name}=\n" for name in asked)
    files = (*made.manifest.files, *(File(path, text) for path, text in more.items()))
    return replace(made, manifest=replace(made.manifest, files=files))


def _services(settings: Settings, made: Bundle, asked: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Containers and volumes. A dollar that compose should leave alone is written twice."""
    confined = {"restart": "always", "read_only": True, "tmpfs": ["/tmp"], "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
    environment = {name: value.replace("$", "$$") for name, value in made.environment.items()}
    environment |= {name: f"${{{name}:?write it into .env}}" for name in asked}
    engine, needed, volumes = settings.database.engine, dict[str, Any](), ["data"]
    services: dict[str, Any] = {"front": {"build": {"context": ".", "target": "front"}, **confined}}
    if engine == "sqlite":
        environment["DATABASE_URL"] = "sqlite:////data/app.db"
    elif engine in _DATABASES and settings.database.placement != "external":
        image, scheme, place, prefix, ready = _DATABASES[engine]
        password = f"${{{_PASSWORD}:?write it into .env}}"
        environment["DATABASE_URL"] = f"{scheme}://app:{password}@database/app"
        own = {f"{prefix}_{name}": value for name, value in {"USER": "app", "PASSWORD": password}.items()}
        own |= {f"{prefix}_{'DB' if engine == 'postgres' else 'DATABASE'}": "app"}
        own |= {} if engine == "postgres" else {"MARIADB_RANDOM_ROOT_PASSWORD": "1"}
        asks = {"test": ["CMD-SHELL", ready], "interval": "5s", "retries": 24}
        services["database"] = {
            "image": image,
            "restart": "always",
            "environment": own,
            "volumes": [f"database:{place}"],
            "healthcheck": asks,
        }
        needed, volumes = {"database": {"condition": "service_healthy"}}, ["data", "database"]
    of_app = {"build": {"context": ".", "target": "web"}, **confined, "environment": environment, "volumes": ["data:/data"], "init": True}
    if made.release_command:
        once = {**of_app, "restart": "no", "command": _command(made.release_command), "working_dir": "/app/src"}
        services["release"] = {**once, **({"depends_on": dict(needed)} if needed else {})}
        needed["release"] = {"condition": "service_completed_successfully"}
    for name, command in {"web": "", **made.processes}.items():
        runs = {"command": _command(command), "working_dir": "/app/src"} if command else {}
        services[name] = {**of_app, **runs, **({"depends_on": needed} if needed else {})}
    services["front"]["depends_on"] = ["web"]
    return services, volumes


def _command(command: str) -> list[str]:
    return ["/bin/sh", "-c", command.replace("$", "$$")]
