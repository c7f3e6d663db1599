"""uWSGI for one colour: `start.py SOCKET`, run by the release's Python in its environment."""

import json
import sys
from pathlib import Path

import pyuwsgi

FILES = Path(__file__).resolve().parent
BACKLOG = 1024

sys.path.insert(0, str(FILES))
import capacity  # noqa: E402


def options(socket, values):
    """uWSGI's options."""
    threads = values["threads"]
    return {
        "master": True,
        "need-app": True,
        "lazy-apps": True,
        "single-interpreter": True,
        "pythonpath": FILES,
        "module": "slipway_wsgi:application",
        "http-socket": socket,
        "chmod-socket": "660",
        "listen": min(BACKLOG, int(Path("/proc/sys/net/core/somaxconn").read_text())),
        "processes": values["workers"] or capacity.workers("sync" if threads == 1 else "gthread"),
        "threads": threads,
        "enable-threads": True,
        # With threads uWSGI 2.0 ends workers that aren't late, too: the front's time-out is left.
        **({"harakiri": values["timeout"]} if threads == 1 else {}),
        # TERM lets requests in flight finish; uWSGI's own answer to it would be a reload.
        "hook-master-start": "unix_signal:15 gracefully_kill_them_all",
        "worker-reload-mercy": 30,
        "buffer-size": 65535,  # all headers of a request, more than a front lets through
        "max-vars": 256,
        "post-buffering": 65536,  # a body that the app leaves unread would reset the connection
        "disable-logging": True,
        "ignore-sigpipe": True,
        "ignore-write-errors": True,
        "disable-write-exception": True,
    }


def words(settings):
    """The options as a command line has them."""
    for name, value in settings.items():
        yield f"--{name}" if value is True else f"--{name}={value}"


sys.argv = ["uwsgi", *words(options(Path(sys.argv[1]), json.loads((FILES / "server.json").read_text(encoding="utf-8"))))]
sys.exit(pyuwsgi.run())
