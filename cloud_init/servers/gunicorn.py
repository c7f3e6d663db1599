"""gunicorn with gthread, sync or gevent workers on a unix socket."""

import json
from pathlib import Path

from cloud_init.host_files import HostFile, Server, WebHost
from cloud_init.templating import text

_REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def files(host: WebHost) -> list[HostFile]:
    """The launcher, gunicorn's configuration and the values both read."""
    server = host.server
    values = {
        "module": host.module,
        "worker_class": server.worker_class,
        "workers": server.workers,
        "threads": server.threads,
        "timeout": server.timeout,
    }
    return [
        HostFile("files/server.json", json.dumps(values, indent=1, sort_keys=True) + "\n"),
        HostFile("files/start.py", text("gunicorn/start.py")),
        HostFile("files/gunicorn.conf.py", text("gunicorn/gunicorn.conf.py")),
        HostFile("files/capacity.py", text("release/capacity.py")),
        HostFile("files/slipway_wsgi.py", text("release/slipway_wsgi.py")),
    ]


def requirements(server: Server) -> str:
    """Pinned: gunicorn, and gevent where its workers are asked for."""
    name = "gunicorn-gevent.txt" if server.worker_class == "gevent" else "gunicorn.txt"
    return (_REQUIREMENTS / name).read_text(encoding="utf-8")
