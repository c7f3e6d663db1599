"""An app as a folder for people who run docker by hand: Dockerfile, compose.yaml, a template of the
environment. Nothing of Slipway's is needed there, and a database is one of theirs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from cloud_init import system, templating
from cloud_init.host.contracts.manifest import File
from cloud_init.host.data.folders import FILES
from cloud_init.host.release import templates
from components.docker.store import TOOLS
from components.errors import UsageError
from components.release import bundle, core
from components.release.bundle import Bundle
from components.release.ids import SECRET_KEY
from components.settings import Settings

_TEMPLATE = "# Copy this file to .env, which nobody else should read; write values in single quotes.\n"
_ASK = "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], headers={'Host': sys.argv[2]}), timeout=5)"


def plan(settings: Settings, folder: Path, base: str, published: str) -> core.Release[Bundle]:
    """The bundle of a stack. `published`: the address and port of the front server, as compose has
    them. Raises `SlipwayError` as `core.plan` does, and for what compose can't do."""
    app, http, engine = settings.app, settings.http, settings.database.engine
    unknown: dict[str, Any] = {"path": http.path, "allow": http.allow, "trustedProxies": http.trusted_proxies}
    unknown = {f"http.{name}": value for name, value in unknown.items()} | {"secretLogins": settings.logins}
    unknown |= {f"app.env.{name}": templates.are_in(value) for name, value in app.env.items()}
    for name in (name for name, value in unknown.items() if value):
        raise UsageError(f"bundle: slipway:{name}: wanted none, which compose doesn't know, found one; leave it out, or launch by `up`")
    made = bundle.plan(settings, folder, "localhost")
    packages, asked = sorted(app.packages), {*settings.given, SECRET_KEY, *(["DATABASE_URL"] if engine in system.ENGINES else [])}
    asked -= app.env.keys()
    web = next(file.content for file in made.manifest.files if file.path == "Procfile").removeprefix("web: ").strip()
    # What the app writes is in a volume: it serves that itself.
    static = sorted(one for one in app.static.items() if not any(f"{one[1]}/".startswith(f"{data}/") for data in app.data))
    known = {
        "base": base, "packages": packages, "kept": [one for one in packages if one not in TOOLS], "front": system.FRONTS["nginx"],
        "data": app.data, "files": [one for one in app.data if one.endswith(FILES)], "static": static, "web": web,
        "health": ["python3", "-c", _ASK, f"http://127.0.0.1:8000{made.manifest.health.path}", made.manifest.health.host],
        "start": app.start_timeout, "max_body": http.max_body, "timeout": settings.server.timeout + 5,
    }  # fmt: skip
    compose = {"services": _services(made.manifest, sorted(asked), engine == "sqlite", published), "volumes": {"data": {}}}
    more = {name: templating.render(f"docker/bundle/{name}.j2", **known) for name in ("Dockerfile", "front.conf")}
    more["compose.yaml"] = yaml.safe_dump(json.loads(json.dumps(compose)), sort_keys=False)  # without references
    more["env.template"] = _TEMPLATE + "".join(f"{name}=\n" for name in sorted(asked))
    files = (*made.manifest.files, *(File(path, text) for path, text in more.items()))
    return replace(made, manifest=replace(made.manifest, files=files))


def _services(made: Bundle, asked: list[str], has_sqlite: bool, published: str) -> dict[str, Any]:
    """Containers. A dollar that compose should leave alone is written twice; the environment is in
    words, so that what looks like a number stays a text."""
    confined = {"restart": "always", "read_only": True, "tmpfs": ["/tmp"], "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
    words = [f"{name}={value.replace('$', '$$')}" for name, value in made.environment.items()]
    words += [f"{name}=${{{name}:?write it into .env}}" for name in asked] + ["DATABASE_URL=sqlite:////data/app.db"] * has_sqlite
    image = {"build": {"context": ".", "target": "web"}, **confined, "environment": words, "volumes": ["data:/data"], "init": True}
    commands = {**({"release": made.release_command} if made.release_command else {}), "web": "", **made.processes}
    first = {"depends_on": {"release": {"condition": "service_completed_successfully"}}} if made.release_command else {}
    services: dict[str, Any] = {}
    for name, command in commands.items():
        runs = {"command": ["/bin/sh", "-c", command.replace("$", "$$")], "working_dir": "/app/src"} if command else {}
        services[name] = {**image, **runs, **({"restart": "no"} if name == "release" else first)}
    front = {"build": {"context": ".", "target": "front"}, **confined, "ports": [f"{published}:8080"], "depends_on": ["web"]}
    return {"front": front, **services}
