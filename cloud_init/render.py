"""The settings of a web host made into the files and requirements of its release."""

import importlib
import json
import pkgutil
from collections.abc import Mapping
from types import ModuleType

import cloud_init.fronts
import cloud_init.servers
from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import HostFileError, Server, WebHost
from cloud_init.templating import FOLDER, pinned, text

CRON_COMMAND = "python ../files/cron.py"


def host_files(host: WebHost) -> list[File]:
    """All rendered files of a release, sorted by path. Raises `HostFileError`."""
    files = [*_server(host.server).files(host)]
    files += _find(cloud_init.fronts, "slipway:front", host.front.kind).files(host)
    return sorted(files, key=lambda file: file.path)


def server_files(host: WebHost) -> list[File]:
    """The files of the application server alone, for a platform that has its own front."""
    return sorted(_server(host.server).files(host), key=lambda file: file.path)


def port_command(server: Server) -> str:
    """The shell command that serves HTTP on `$PORT` from the root of a bundle. Raises
    `HostFileError` for a server without one."""
    module = _server(server)
    if not hasattr(module, "PORT_COMMAND"):
        raise HostFileError(f"slipway:server.kind: wanted gunicorn on a platform, found {server.kind}; leave it out")
    return str(module.PORT_COMMAND)


def server_requirements(host: WebHost) -> str:
    """The application server's own requirements, as the text of a requirements file."""
    return str(_server(host.server).requirements(host.server))


def cron_files(jobs: Mapping[str, Mapping[str, str]]) -> list[File]:
    """The scheduler and its jobs: name to `{"schedule", "command"}`."""
    content = json.dumps(jobs, indent=1, sort_keys=True) + "\n"
    return [File("files/cron.json", content), File("files/cron.py", text("release/cron.py"))]


def agent_files(engine: str) -> list[File]:
    """The agent by which the host tool asks a database that is a server; none for other engines."""
    files = {"agent": "database/agent.py", "engine": f"database/{engine}.py"} if _is_server(engine) else {}
    return [File(f"files/database/{name}.py", text(template)) for name, template in files.items()]


def agent_requirements(engine: str) -> str:
    """The driver of that agent, as a requirements text; empty where there is no agent."""
    return pinned(f"database-{engine}.txt") if _is_server(engine) else ""


def _is_server(engine: str) -> bool:
    return (FOLDER / f"database/{engine}.py").is_file()


def resolve_auto(kind: str, worker_class: str | None = None, websockets: bool = False) -> str:
    """The server that `auto` stands for: uWSGI, or gunicorn if one of its worker classes is asked
    for, or the app has WebSockets, which reach it on gunicorn alone.

    By measurement: docs/decisions/0010-auto-is-uwsgi-by-measurement.md."""
    if kind != "auto":
        return kind
    return "uwsgi" if worker_class is None and not websockets else "gunicorn"


def _server(server: Server) -> ModuleType:
    return _find(cloud_init.servers, "slipway:server.kind", server.kind)


def _find(folder: ModuleType, setting: str, kind: str) -> ModuleType:
    served = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    if kind not in served:
        raise HostFileError(f"{setting}: {kind} is not served yet; today: {', '.join(served)}")
    return importlib.import_module(f"{folder.__name__}.{kind}")
