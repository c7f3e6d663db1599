"""A release as a bundle: an app as a platform takes it, which builds and runs it by itself.

    requirements.txt  .python-version  Procfile    what platforms look for at the root
    files/            the server's configuration, and `release`: the id that every answer carries
    src/              the app, so that its own lock files are not at the root

No secret is in it. For people who run docker by hand Dockerfile, compose.yaml and a
template of the environment are beside; nothing of Slipway's is needed there, and a database is one
of theirs."""

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name

from cloud_init import system, templating
from cloud_init.host.contracts.manifest import Code, File, Health
from cloud_init.host.data.folders import FILES
from cloud_init.host.release import templates
from cloud_init.host_files import WebHost
from cloud_init.render import port_command, server_files, server_requirements
from cloud_init.templating import pinned
from components.errors import UsageError
from components.release import core
from components.release.ids import SECRET_KEY
from components.settings import Settings
from components.source.archive import write_bundle

_HASH = re.compile(r"\s--hash[= ]\S+")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
BUILD_TOOLS = {"build-essential", "gcc", "g++", "make", "cmake", "cargo", "rustc", "clang", "gfortran", "pkg-config", "git"}
"""Packages that an image has only while it is built."""
_TEMPLATE = "# Copy this file to .env, which nobody else should read; write values in single quotes.\n"
_ASK = "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], headers={'Host': sys.argv[2]}), timeout=5)"


@dataclass(frozen=True)
class Bundle:
    """A release as a platform takes it, without its id and its secrets."""

    code: Code
    files: tuple[File, ...]
    """All but the app's own; paths from the root of the bundle."""
    environment: dict[str, str]
    """The public part."""
    health: Health
    release_command: str = ""
    processes: dict[str, str] = field(default_factory=dict)
    """Shell commands by name, run in `src/`, where a platform keeps any beside the web server."""

    def pack(self, identity: str, source: Path, path: Path) -> None:
        """Writes a tar.gz with the release's id in it. `source`: the app's folder."""
        texts = {file.path: file.content for file in self.files}
        write_bundle({**texts, "files/release": f"{identity}\n"}, self.code, source, path)


@dataclass(frozen=True)
class Runs:
    """How a platform runs a bundle, where what is in it has to know."""

    client: str = "X-Real-Ip"
    """The header that ends with the client's address, written by the router alone."""
    keep_alive: int = 5
    """Seconds that an idle connection is kept: more than the router itself keeps it."""
    static: bool = False
    """The app's own process answers the URLs of `app.static`: no front of the platform does."""


def plan(settings: Settings, folder: Path, health_host: str, runs: Runs = Runs()) -> core.Release[Bundle]:
    """The release for a platform. `health_host`: the name that the app is asked by. Raises
    `SlipwayError` as `core.plan` does."""
    known = core.core(settings, folder, auto="gunicorn")
    app = settings.app
    with core.settings_told(settings):
        host = WebHost(known.source.module, known.server, door=core.make_door(settings))
        web = port_command(known.server)
        files = [*server_files(host), File("Procfile", f"web: {web}\n")]
        static = dict(app.static) if runs.static or host.door.static else {}
        told = {"client": runs.client, "keep_alive": runs.keep_alive, "static": static, "static_age": settings.http.static_age}
        files.append(File("files/platform.json", json.dumps(told, sort_keys=True)))
        servers = server_requirements(host) + (pinned("whitenoise.txt") if static else "")
        wanted = joined(known.source.requirements, servers)
    if known.source.constraints:
        wanted = f"-c constraints.txt\n{wanted}"
        files.append(File("constraints.txt", _HASH.sub("", known.source.constraints)))
    files += [File("requirements.txt", wanted), *core.about(known.source)]
    if app.python:
        files.append(File(".python-version", f"{app.python}\n"))
    made = Bundle(
        code=known.code,
        files=tuple(sorted(files, key=lambda file: file.path)),
        environment=dict(app.env),
        health=core.make_health(settings, host.door, settings.domain or health_host, "https"),
        release_command=app.release_command or "",
        processes=dict(app.processes),
    )
    return core.Release(made, known.source.folder)


def with_files(made: core.Release[Bundle], *files: File) -> core.Release[Bundle]:
    """The release with more files at the root, each in the place of one of its path."""
    every = {file.path: file for file in (*made.manifest.files, *files)}
    return replace(made, manifest=replace(made.manifest, files=tuple(every[path] for path in sorted(every))))


def joined(apps: str, servers: str) -> str:
    """One requirements file, in which the server's lines win over the app's of the same package.
    Hashes go, because pip wants one for each line or for none."""
    theirs = {_package(line) for line in servers.splitlines()}
    lines = [_HASH.sub("", line) for line in apps.splitlines() if _package(line) not in theirs]
    return "\n".join([*lines, *(line.partition("#")[0].strip() for line in servers.splitlines())]) + "\n"


def _package(line: str) -> str:
    name = _NAME.match(line)
    return canonicalize_name(name[0]) if name else line


def compose(settings: Settings, folder: Path, base: str, published: str) -> core.Release[Bundle]:
    """The bundle of a stack. `published`: the address and port of the app, as compose has them.
    Raises `SlipwayError` as `core.plan` does, and for what compose can't do."""
    app, http, engine = settings.app, settings.http, settings.database.engine
    unknown: dict[str, Any] = {"path": http.path, "allow": http.allow, "trustedProxies": http.trusted_proxies}
    unknown = {f"http.{name}": value for name, value in unknown.items()} | {"secretLogins": settings.logins}
    unknown |= {f"app.env.{name}": templates.are_in(value) for name, value in app.env.items()}
    for name in (name for name, value in unknown.items() if value):
        raise UsageError(f"bundle: slipway:{name}: wanted none, which compose doesn't know, found one; leave it out, or launch by `up`")
    made = plan(settings, folder, "localhost")
    packages, asked = sorted(app.packages), {*settings.given, SECRET_KEY, *(["DATABASE_URL"] if engine in system.ENGINES else [])}
    asked -= app.env.keys()
    web = next(file.content for file in made.manifest.files if file.path == "Procfile").removeprefix("web: ").strip()
    known = {
        "base": base, "packages": packages, "kept": [one for one in packages if one not in BUILD_TOOLS],
        "data": app.data, "files": [one for one in app.data if one.endswith(FILES)], "web": web,
        "health": ["python3", "-c", _ASK, f"http://127.0.0.1:8000{made.manifest.health.path}", made.manifest.health.host],
        "start": app.start_timeout,
    }  # fmt: skip
    document = {"services": _services(made.manifest, sorted(asked), engine == "sqlite", published), "volumes": {"data": {}}}
    more = {"Dockerfile": templating.render("docker/bundle/Dockerfile.j2", **known)}
    more["compose.yaml"] = yaml.safe_dump(json.loads(json.dumps(document)), sort_keys=False)  # without references
    more["env.template"] = _TEMPLATE + "".join(f"{name}=\n" for name in sorted(asked))
    return with_files(made, *(File(path, text) for path, text in more.items()))


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
    services["web"]["ports"] = [f"{published}:8000"]
    return services
