"""A web host's settings -> the files and requirements of its release."""

import importlib
import pkgutil
from types import ModuleType

import cloud_init.fronts
import cloud_init.servers
from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import HostFileError, Server, WebHost


def host_files(host: WebHost) -> list[File]:
    """Every rendered file of a release, sorted by path; equal settings give equal bytes."""
    files = [*_server(host.server).files(host)]
    files += _find(cloud_init.fronts, "slipway:front", host.front.kind).files(host, _server(host.server).UPSTREAM)
    return sorted(files, key=lambda file: file.path)


def server_files(host: WebHost) -> list[File]:
    """Those of the application server alone, where a platform has the front."""
    return sorted(_server(host.server).files(host), key=lambda file: file.path)


def port_command(server: Server) -> str:
    """What serves HTTP on `$PORT`, run by a shell at the root of a bundle. Raises `HostFileError` for a server
    that has no such command."""
    module = _server(server)
    if not hasattr(module, "PORT_COMMAND"):
        raise HostFileError(f"slipway:server.kind: wanted gunicorn on a platform, found {server.kind}; leave it out")
    return str(module.PORT_COMMAND)


def front_socket(host: WebHost) -> str:
    """The name of the socket that the rendered front configuration speaks to."""
    return str(_server(host.server).UPSTREAM.socket)


def server_requirements(host: WebHost) -> str:
    """What the application server itself needs, as a requirements text."""
    return str(_server(host.server).requirements(host.server))


def resolve_auto(kind: str, worker_class: str | None = None) -> str:
    """The server that `auto` stands for: uWSGI, or gunicorn where one of its worker classes is asked for.

    Measured (`python -m bench.servers`, two cores, behind nginx, medians of paired runs): gunicorn gthread 4,475 requests/s with 58 MB,
    gunicorn sync 1.0 times that with 104 MB, gevent 0.85 times with 68 MB, granian 1.8 times with 73 MB, uWSGI 2.6 times with 59 MB
    and the shortest p99. None loses a request in a release (`tests/host/test_pairs.py`). uWSGI is also spoken to in a protocol that
    leaves no second opinion on where a request ends, and has wheels for more Pythons and machines than granian.
    """
    if kind != "auto":
        return kind
    return "uwsgi" if worker_class is None else "gunicorn"


def _server(server: Server) -> ModuleType:
    return _find(cloud_init.servers, "slipway:server.kind", server.kind)


def _find(folder: ModuleType, setting: str, kind: str) -> ModuleType:
    served = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    if kind not in served:
        raise HostFileError(f"{setting}: {kind} is not served yet; today: {', '.join(served)}")
    return importlib.import_module(f"{folder.__name__}.{kind}")
