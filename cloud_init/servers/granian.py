"""granian: HTTP in Rust around Python's threads. It has no time-out of a request."""

from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import Server, WebHost
from cloud_init.servers import common, refuse_worker_class
from cloud_init.templating import pinned, text


def files(host: WebHost) -> list[File]:
    refuse_worker_class(host)
    return [*common(host), File("files/start.py", text("granian/start.py"))]


def requirements(server: Server) -> str:
    return pinned("granian.txt")
