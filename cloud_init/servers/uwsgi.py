"""uWSGI, spoken to by HTTP as every server is."""

from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import Server, WebHost
from cloud_init.servers import common, refuse_worker_class
from cloud_init.templating import pinned, text


def files(host: WebHost) -> list[File]:
    refuse_worker_class(host)
    return [*common(host), File("files/start.py", text("uwsgi/start.py")), File("files/chunked.py", text("uwsgi/chunked.py"))]


def requirements(server: Server) -> str:
    return pinned("uwsgi.txt")
