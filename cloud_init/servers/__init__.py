"""Application servers, a file each: `UPSTREAM`, `files(host)` and `requirements(server)`.

A release brings `files/start.py`, which is run with the socket's path by the release's own Python and becomes the server.
`PORT_COMMAND`, where there is one, is what serves a bundle on a platform's port.
"""

import json
from pathlib import Path

from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import HostFileError, WebHost
from cloud_init.templating import text

_REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def common(host: WebHost, **more: object) -> list[File]:
    """What every server's `start.py` reads: the values, the capacity of the host, the wrapped app."""
    server = host.server
    values = {"module": host.module, "workers": server.workers, "threads": server.threads, "timeout": server.timeout, **more}
    return [
        File("files/server.json", json.dumps(values, indent=1, sort_keys=True) + "\n"),
        File("files/capacity.py", text("release/capacity.py")),
        File("files/slipway_wsgi.py", text("release/slipway_wsgi.py")),
    ]


def refuse_worker_class(host: WebHost) -> None:
    """For servers that have none."""
    if host.server.worker_class is not None:
        raise HostFileError(
            f"slipway:server.workerClass: wanted none with the server {host.server.kind} (it is gunicorn's), "
            f"found {host.server.worker_class}; leave it out, or set slipway:server.kind to gunicorn"
        )


def pinned(name: str) -> str:
    """One of the files in requirements/."""
    return (_REQUIREMENTS / name).read_text(encoding="utf-8")
