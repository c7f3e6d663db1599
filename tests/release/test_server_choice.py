"""The application server of an app, and what the plan says of it."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.release import core
from components.settings import parse


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The server for an app with these requirements and settings, and the lines that were said."""
    (tmp_path / "wsgi.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    said: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, said.append)

    def choose(requirements: str, **server: Any) -> Any:
        (tmp_path / "requirements.txt").write_text(requirements)
        settings = parse({"slipway:target": "local", "slipway:app": {"name": "shop"}, "slipway:server": server}, [], "dev")
        said.clear()
        found = core.core(settings, tmp_path).server
        return (found.kind, found.worker_class, found.workers, found.threads), [line.removeprefix("slipway:server") for line in said]

    return choose


def test_an_app_with_websockets_gets_a_server_that_has_them(chosen: Any) -> None:
    assert chosen("flask\n") == (("uwsgi", None, None, 4), [".kind: auto is uwsgi"])
    assert chosen("flask-sock==0.7.0\nflask\n") == (
        ("gunicorn", None, None, 100),
        [".kind: auto is gunicorn, for the WebSockets of flask-sock", ".threads: 100, as each WebSocket holds one"],
    )
    server, said = chosen("simple-websocket==1.1.0\nFlask_SocketIO>=5\n")
    assert server == ("gunicorn", None, 1, 100)
    assert said[-1] == ".workers: 1, as Flask-SocketIO keeps a client's session in one worker"


@pytest.mark.parametrize("name", ["flask-sockets-admin==1", "my-flask-sock==1", "flask # flask-sock", "flask-socketio-helpers==1"])
def test_no_other_package_is_taken_for_one(chosen: Any, name: str) -> None:
    assert chosen(f"{name}\n")[0][0] == "uwsgi"


def test_what_is_set_counts(chosen: Any) -> None:
    assert chosen("flask-socketio\n", workers=3, threads=8)[0] == ("gunicorn", None, 3, 8)
    assert chosen("flask-socketio\n", workerClass="gevent")[0] == ("gunicorn", "gevent", 1, 4)
    for server in ({"kind": "uwsgi"}, {"kind": "granian"}, {"workerClass": "sync"}):
        assert ": wanted gunicorn's gthread or gevent for the WebSockets of flask-sock; leave it out" in chosen("flask-sock\n", **server)[1]
