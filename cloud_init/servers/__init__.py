"""Application servers, a file each; the folder is the registry.

Each has `files(host)` and `requirements(server)`. Among the files is `files/start.py`:
the release's Python runs it with the path of the socket, and it becomes the server, which speaks
HTTP there. `PORT_COMMAND`, if there is one, serves a bundle on a platform's port."""

import json
from dataclasses import asdict

from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import LIMITS, SAID, WITHHELD, Door, HostFileError, WebHost
from cloud_init.templating import text


def common(host: WebHost, **more: object) -> list[File]:
    """The files that every `start.py` reads: values, capacity of the host, wrapped app."""
    server = host.server
    values = {"module": host.module, "workers": server.workers, "threads": server.threads, "timeout": server.timeout, **more}
    parts = ["files", "sockets", "wsgi"]
    if host.door != Door():
        values["door"] = {**asdict(host.door), "static_age": host.front.static_age}
        parts.append("door")
    return [
        File("files/server.json", json.dumps(values, indent=1, sort_keys=True) + "\n"),
        File("files/limits.json", json.dumps({**asdict(LIMITS), "withheld": WITHHELD, "said": SAID}, indent=1, sort_keys=True) + "\n"),
        File("files/capacity.py", text("release/capacity.py")),
        *(File(f"files/slipway_{name}.py", text(f"release/slipway_{name}.py")) for name in parts),
    ]


def refuse_worker_class(host: WebHost) -> None:
    """Raises `HostFileError` for a worker class: gunicorn alone has them."""
    if host.server.worker_class is not None:
        raise HostFileError(
            f"slipway:server.workerClass: wanted none with the server {host.server.kind} (it is gunicorn's), "
            f"found {host.server.worker_class}; leave it out, or set slipway:server.kind to gunicorn"
        )
