"""gunicorn's configuration: the release's values, and what this host can carry."""

import json
import signal
import sys
from pathlib import Path

_files = Path(__file__).resolve().parent
sys.path.insert(0, str(_files))

import capacity  # noqa: E402
import slipway_sockets  # noqa: E402

if (_files / "slipway_secrets.py").is_file():  # before the workers, which inherit the environment
    import slipway_secrets

    slipway_secrets.bring()

_values = json.loads((_files / "server.json").read_text(encoding="utf-8"))
_limits = json.loads((_files / "limits.json").read_text(encoding="utf-8"))

worker_class = _values["worker_class"] or "gthread"
workers = _values["workers"] or capacity.workers(worker_class)
threads = _values["threads"] if worker_class == "gthread" else 1
timeout = _values["timeout"]
http_parser = "auto"  # the one in C where the app's own requirements brought it
graceful_timeout = 30
_platform = _files / "platform.json"
keepalive = json.loads(_platform.read_text(encoding="utf-8"))["keep_alive"] if _platform.is_file() else 5
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # heartbeats to a disk can stall a worker that is well
pythonpath = str(_files)
chdir = str(_files.parent / "src")
forwarder_headers = ""  # no header changes path or scheme here: `slipway_wsgi.py` alone hears what a front says
secure_scheme_headers = {}
# Above the front's own limits, to which it adds headers; it knows none of a line over 8190 bytes.
limit_request_line = 0
limit_request_fields = _limits["headers"] + 10
limit_request_field_size = _limits["line"] + 4
umask = 0o007
errorlog = "-"
accesslog = None
control_socket_disable = True  # it would be one socket in HOME for all apps and both colours


def post_worker_init(worker):
    """A worker waits for its requests to end, and a WebSocket's would not."""
    end = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *given: (slipway_sockets.let_go(), end(*given)))
