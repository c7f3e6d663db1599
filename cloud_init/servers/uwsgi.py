"""uWSGI: HTTP on `app.sock` as every server, and its own protocol, which fronts speak to it, on `app.uwsgi`."""

from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import Server, Upstream, WebHost
from cloud_init.servers import common, pinned, refuse_worker_class
from cloud_init.templating import text

UPSTREAM = Upstream("uwsgi", "app.uwsgi")


def files(host: WebHost) -> list[File]:
    """The launcher and the values it reads."""
    refuse_worker_class(host)
    return [*common(host), File("files/start.py", text("uwsgi/start.py")), File("files/chunked.py", text("uwsgi/chunked.py"))]


def requirements(server: Server) -> str:
    """Pinned."""
    return pinned("uwsgi.txt")
