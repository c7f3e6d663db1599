"""The application server of an app, and what the plan says of it."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.release import core
from components.settings import parse

AT_ONCE = ".threads: 128 requests at once in each worker, which may open as many database connections; workers of a host: "


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The server for an app with these requirements and settings, and what was said after module and requirements."""
    said: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, said.append)

    def choose(requirements: str, first: str = "", database: Any = None, **server: Any) -> Any:
        (tmp_path / "wsgi.py").write_text(f"{first}\nfrom flask import Flask\napp = Flask(__name__)\n")
        (tmp_path / "requirements.txt").write_text(requirements)
        config = {"slipway:target": "local", "slipway:app": {"name": "shop"}, "slipway:database": database or {}, "slipway:server": server}
        settings = parse(config, [], "dev")
        said.clear()
        found = core.core(settings, tmp_path).server
        return (found.kind, found.worker_class, found.workers, found.threads), [line.removeprefix("slipway:server") for line in said[2:]]

    return choose


def test_an_app_with_websockets_gets_a_server_that_has_them(chosen: Any) -> None:
    assert chosen("flask\n") == (("uwsgi", None, None, 128), [".kind: auto is uwsgi", AT_ONCE + "one for each core, two at least"])
    assert chosen("flask-sock==0.7.0\nflask\n") == (
        ("gunicorn", None, None, 128),
        [".kind: auto is gunicorn, for the WebSockets of flask-sock", AT_ONCE + "one for each core, two at least"],
    )
    server, said = chosen("simple-websocket==1.1.0\nFlask_SocketIO>=5\n")
    assert server == ("gunicorn", None, 1, 128)
    assert said[-2:] == [".workers: 1, as Flask_SocketIO keeps a client's session in one worker", AT_ONCE + "1"]


def test_the_plan_says_how_many_connections_the_database_takes(chosen: Any) -> None:
    """Both numbers, so that a person sees which one is too low."""
    most = chosen("flask\n", database={"engine": "postgres"}, workers=8)[1][-1]
    assert most == AT_ONCE + "8; the database takes 600: an app that opens more, without a pool, wants fewer threads"
    for database in ({"engine": "sqlite"}, {"engine": "postgres", "placement": "external"}):
        assert chosen("flask\n", database=database)[1][-1] == AT_ONCE + "one for each core, two at least"


@pytest.mark.parametrize("name", ["flask-sockets-admin==1", "my-flask-sock==1", "flask # flask-sock", "flask-socketio-helpers==1"])
def test_no_other_package_is_taken_for_one(chosen: Any, name: str) -> None:
    assert chosen(f"{name}\n")[0][0] == "uwsgi"


def test_what_is_set_counts(chosen: Any) -> None:
    assert chosen("flask-socketio\n", workers=3, threads=8)[0] == ("gunicorn", None, 3, 8)
    assert chosen("flask-socketio\n", workerClass="gevent")[0] == ("gunicorn", "gevent", 1, 128)
    assert chosen("flask-sock\n", kind="uwsgi")[0] == ("uwsgi", None, None, 128)


@pytest.mark.parametrize("more", ["gevent==26.9.0", "gevent-websocket"])
def test_gevent_that_socketio_takes_is_the_servers_too(chosen: Any, more: str) -> None:
    server, said = chosen(f"flask-socketio\n{more}\n")
    assert server == ("gunicorn", "gevent", 1, 128)
    assert ".workerClass: gevent, which flask-socketio takes where it is installed" in said
    assert chosen(f"flask\n{more}\n")[0][1] is None
    assert chosen("flask-socketio\ngeventhttpclient\n")[0][1] is None


PATCH = "import os\nif not os.getenv('X'):\n    from gevent import monkey\n    monkey.patch_all()"


def test_an_app_that_patches_itself_gets_gevent(chosen: Any) -> None:
    """Threads of a server would find its sockets bound to another one."""
    server, said = chosen("flask\ngevent\n", PATCH)
    assert (server[:2], said[0]) == (("gunicorn", "gevent"), ".workerClass: gevent, which wsgi:app puts in the place of threads")
    assert chosen("flask\n", PATCH, workerClass="gthread")[0][:2] == ("gunicorn", "gthread")
    assert chosen("flask\ngevent\n", "# monkey.patch_all() of gevent")[0][0] == "uwsgi"
