"""A web host's settings -> the files and requirements of its release."""

import importlib
import pkgutil
from types import ModuleType

import cloud_init.fronts
import cloud_init.servers
from cloud_init.host_files import HostFile, HostFileError, Server, WebHost


def host_files(host: WebHost) -> list[HostFile]:
    """Every rendered file of a release, sorted by path; equal settings give equal bytes."""
    files = [*_server(host.server).files(host)]
    files += _find(cloud_init.fronts, "slipway:front", host.front.kind).files(host, _server(host.server).UPSTREAM)
    return sorted(files, key=lambda file: file.path)


def front_socket(host: WebHost) -> str:
    """The name of the socket that the rendered front configuration speaks to."""
    return str(_server(host.server).UPSTREAM.socket)


def server_requirements(host: WebHost) -> str:
    """What the application server itself needs, as a requirements text."""
    return str(_server(host.server).requirements(host.server))


def resolve_auto(kind: str) -> str:
    """The server that `auto` stands for."""
    return "gunicorn" if kind == "auto" else kind


def _server(server: Server) -> ModuleType:
    return _find(cloud_init.servers, "slipway:server.kind", server.kind)


def _find(folder: ModuleType, setting: str, kind: str) -> ModuleType:
    served = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    if kind not in served:
        raise HostFileError(f"{setting}: {kind} is not served yet; today: {', '.join(served)}")
    return importlib.import_module(f"{folder.__name__}.{kind}")
