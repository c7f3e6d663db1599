"""A release as a bundle: an app as a platform takes it, which builds and runs it by itself.

    requirements.txt  .python-version  Procfile    what platforms look for at the root
    files/            the server's configuration, and `release`: the id that every answer carries
    src/              the app, so that its own lock files are not at the root

No secret is in it."""

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from cloud_init.host.contracts.manifest import Code, File, Health
from cloud_init.host_files import WebHost
from cloud_init.render import port_command, server_files, server_requirements
from cloud_init.templating import pinned
from components.release import core
from components.settings import Settings
from components.source.archive import write_bundle

_HASH = re.compile(r"\s--hash[= ]\S+")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


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

    header: str = "X-Real-Ip"
    """The header that ends with the client's address, written by the router alone."""
    keep_alive: int = 5
    """Seconds that an idle connection is kept: more than the router itself keeps it."""
    static: bool = False
    """The app's own process answers the URLs of `app.static`: no front of the platform does."""


def plan(settings: Settings, folder: Path, health_host: str, runs: Runs = Runs()) -> core.Release[Bundle]:
    """The release for a platform. Without a domain it is asked by `health_host` over plain HTTP;
    where that is empty, by its address with TLS. Raises `SlipwayError` as `core.plan` does."""
    known = core.core(settings, folder, auto="gunicorn")
    app, scheme = settings.app, "http" if health_host and not settings.domain else "https"
    with core.settings_told(settings):
        host = WebHost(known.source.module, known.server, door=core.make_door(settings))
        web = port_command(known.server)
        files = [*server_files(host), File("Procfile", f"web: {web}\n")]
        static = dict(app.static) if runs.static or host.door.static else {}
        told = {"client": runs.header, "keep_alive": runs.keep_alive, "static": static, "static_age": settings.http.static_age}
        files.append(File("files/platform.json", json.dumps(told, sort_keys=True)))
        servers = server_requirements(host) + (pinned("whitenoise.txt") if static else "")
        wanted = joined(known.source.requirements, servers)
    if known.source.constraints:
        wanted = f"-c constraints.txt\n{wanted}"
        files.append(File("constraints.txt", joined(known.source.constraints, servers)))
    files += [File("requirements.txt", wanted), *core.about(known.source)]
    if app.python:
        files.append(File(".python-version", f"{app.python}\n"))
    made = Bundle(
        code=known.code,
        files=tuple(sorted(files, key=lambda file: file.path)),
        environment=dict(app.env),
        health=core.make_health(settings, host.door, settings.domain or health_host, scheme),
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
