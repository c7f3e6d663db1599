"""The settings of a web host made into the files and requirements of its release.

A front is a folder of templates/ with NAME.conf.j2. An application server is one with start.py, and
requirements/NAME.txt: the release's Python runs `files/start.py` with the path of the socket, and
it becomes the server, which speaks HTTP there."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from cloud_init import fronts
from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import LIMITS, SAID, WITHHELD, Door, HostFileError, Server, WebHost
from cloud_init.templating import FOLDER, pinned, render, text

CRON_COMMAND = "python ../files/cron.py"
FRONT, SERVER = "*.conf.j2", "start.py"


def kinds(sign: str) -> list[str]:
    """The fronts, or the application servers, by the file that makes a folder one."""
    return sorted({path.parent.name for path in FOLDER.glob(f"*/{sign}")})


def host_files(host: WebHost) -> list[File]:
    """All rendered files of a release, sorted by path. Raises `HostFileError`."""
    folder, values = _folder("slipway:front", host.front.kind, FRONT), fronts.values(host)
    names = [path.name for path in folder.iterdir() if path.name[0] != "_"]  # those are parts of others
    files = [File(f"etc/{name.removesuffix('.j2')}", render(f"{folder.name}/{name}", **values)) for name in names]
    return sorted([*server_files(host), *files], key=lambda file: file.path)


def server_files(host: WebHost) -> list[File]:
    """The files of the application server alone, for a platform that has its own front: values,
    capacity of the host, wrapped app, and what the server itself is told by."""
    server = host.server
    folder = _folder("slipway:server.kind", server.kind, SERVER)
    if server.worker_class is not None and server.kind != "gunicorn":
        raise HostFileError(
            f"slipway:server.workerClass: wanted none with the server {server.kind} (it is gunicorn's), "
            f"found {server.worker_class}; leave it out, or set slipway:server.kind to gunicorn"
        )
    values = {"module": host.module, **asdict(server)}
    del values["kind"]
    names = ["capacity", "slipway_files", "slipway_sockets", "slipway_wsgi"]
    if host.door != Door():
        values["door"] = {**asdict(host.door), "static_age": host.front.static_age}
        names.append("slipway_door")
    limits = {**asdict(LIMITS), "withheld": WITHHELD, "said": SAID}
    files = [File(f"files/{name}.json", _json(known)) for name, known in (("server", values), ("limits", limits))]
    texts = [*(f"release/{name}.py" for name in names), *(f"{folder.name}/{path.name}" for path in folder.glob("*.py"))]
    return sorted([*files, *(_copied(name) for name in texts)], key=lambda file: file.path)


def port_command(server: Server) -> str:
    """The shell command that serves HTTP on `$PORT` from the root of a bundle. Raises
    `HostFileError` for a server without one."""
    if server.kind != "gunicorn":
        raise HostFileError(f"slipway:server.kind: wanted gunicorn on a platform, found {server.kind}; leave it out")
    return "gunicorn --config files/gunicorn.conf.py --bind 0.0.0.0:$PORT slipway_wsgi:application"


def server_requirements(host: WebHost) -> str:
    """The application server's own requirements, as the text of a requirements file."""
    return pinned("gunicorn-gevent.txt" if host.server.worker_class == "gevent" else f"{host.server.kind}.txt")


def cron_files(jobs: Mapping[str, Mapping[str, str]]) -> list[File]:
    """The scheduler and its jobs: name to `{"schedule", "command"}`."""
    return [File("files/cron.json", _json(jobs)), _copied("release/cron.py")]


def agent_files(engine: str) -> list[File]:
    """The agent by which the host tool asks a database that is a server; none for other engines."""
    files = {"agent": "database/agent.py", "engine": f"database/{engine}.py"} if _is_server(engine) else {}
    return [File(f"files/database/{name}.py", text(template)) for name, template in files.items()]


def agent_requirements(engine: str) -> str:
    """The driver of that agent, as a requirements text; empty where there is no agent."""
    return pinned(f"database-{engine}.txt") if _is_server(engine) else ""


def _is_server(engine: str) -> bool:
    return (FOLDER / f"database/{engine}.py").is_file()


def _folder(setting: str, kind: str, sign: str) -> Path:
    if kind not in (served := kinds(sign)):
        raise HostFileError(f"{setting}: {kind} is not served yet; today: {', '.join(served)}")
    return FOLDER / kind


def _copied(name: str) -> File:
    return File(f"files/{name.rpartition('/')[2]}", text(name))


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(values, indent=1, sort_keys=True) + "\n"
