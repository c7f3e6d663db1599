"""gunicorn with gthread, sync or gevent workers on a unix socket."""

from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import Server, WebHost
from cloud_init.servers import common
from cloud_init.templating import pinned, text

PORT_COMMAND = "gunicorn --config files/gunicorn.conf.py --bind 0.0.0.0:$PORT slipway_wsgi:application"


def files(host: WebHost) -> list[File]:
    return [
        *common(host, worker_class=host.server.worker_class or "gthread"),
        File("files/start.py", text("gunicorn/start.py")),
        File("files/gunicorn.conf.py", text("gunicorn/gunicorn.conf.py")),
    ]


def requirements(server: Server) -> str:
    return pinned("gunicorn-gevent.txt" if server.worker_class == "gevent" else "gunicorn.txt")
