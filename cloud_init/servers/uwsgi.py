"""uWSGI: HTTP on `app.sock`, and its own protocol for fronts on `app.uwsgi`."""

from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import Server, Upstream, WebHost
from cloud_init.servers import common, refuse_worker_class
from cloud_init.templating import pinned, text

UPSTREAM = Upstream("uwsgi", "app.uwsgi")


def files(host: WebHost) -> list[File]:
    refuse_worker_class(host)
    return [*common(host), File("files/start.py", text("uwsgi/start.py")), File("files/chunked.py", text("uwsgi/chunked.py"))]


def requirements(server: Server) -> str:
    return pinned("uwsgi.txt")
