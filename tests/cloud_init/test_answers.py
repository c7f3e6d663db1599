"""What the wrapper makes of an app's answer: streams, files that it names, WebSockets."""

import runpy
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloud_init.host_files import WebHost
from cloud_init.render import host_files

APP = """
def app(environ, start):
    start(environ["status"], environ["headers"])
    return [b"own"]
"""
Answer = tuple[str, dict[str, str], bytes]


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release's folder on a host, with a shared folder that leads out by a link."""
    folder = tmp_path / "srv/releases/abc"
    for file in host_files(WebHost("own_app:app")):
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_text(file.content)
    (folder / "src").mkdir()
    (folder / "src/own_app.py").write_text(APP)
    (folder / "src/a b.txt").write_text("0123456789")
    shared = tmp_path / "srv/shared"
    shared.mkdir(mode=0o750)
    (shared / "out").symlink_to("/etc/passwd")
    (shared / "private").write_text("kept")
    (shared / "private").chmod(0o600)
    (tmp_path / "srv/releases/abc/env.json").write_text("{}")
    monkeypatch.setenv("SLIPWAY_SHARED", str(shared))
    monkeypatch.delenv("SLIPWAY_RELEASE", raising=False)
    monkeypatch.syspath_prepend(str(folder / "files"))
    for name in ("slipway_files", "slipway_sockets"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return folder


@pytest.fixture
def ask(release: Path) -> Callable[..., Answer]:
    """Asks the wrapped app."""
    module = runpy.run_path(str(release / "files/slipway_wsgi.py"))

    def asked(*headers: tuple[str, str], status: str = "200 OK", **environ: str) -> Answer:
        got: list[Any] = []
        given: dict[str, Any] = {"REQUEST_METHOD": "GET", "status": status, "headers": [*headers], "wsgi.errors": got, **environ}
        given["wsgi.errors"] = type("Log", (), {"write": print})
        body = module["application"](given, lambda *said: got.extend(said))
        return got[0], dict(got[1]), b"".join(body)

    return asked


def test_an_answer_without_a_length_is_not_held(ask: Callable[..., Answer]) -> None:
    assert ask(("Content-Type", "text/event-stream"))[1]["X-Accel-Buffering"] == "no"
    assert "X-Accel-Buffering" not in ask(("content-length", "3"))[1]
    assert ask(("x-accel-buffering", "yes"))[1] == {"x-accel-buffering": "yes", "X-Release-Id": "unknown"}


def test_a_file_is_sent_from_here(ask: Callable[..., Answer], release: Path) -> None:
    file = ("X-Sendfile", str(release / "src/a b.txt"))
    length = ("Content-Length", "10")
    assert ask(file, length) == ("200 OK", {"Content-Length": "10", "X-Release-Id": "unknown"}, b"0123456789")
    status, headers, body = ask(file, ("Content-Length", "3"), ("Content-Range", "bytes 2-4/10"), status="206 PARTIAL CONTENT")
    assert (status[:3], headers["Content-Range"], headers["Content-Length"], body) == ("206", "bytes 2-4/10", "3", b"234")
    assert ask(file, length, REQUEST_METHOD="HEAD")[1:] == ({"Content-Length": "10", "X-Release-Id": "unknown"}, b"")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "shared/out", "releases/abc/env.json", "releases/abc/src/../env.json", "shared", "shared/no"]
)
def test_no_other_file_goes_out(ask: Callable[..., Answer], release: Path, path: str, capfd: Any) -> None:
    status, headers, body = ask(("X-Sendfile", str(release.parents[1] / path)), ("Content-Length", "5"))
    assert (status, headers, body) == ("404 Not Found", {"Content-Length": "0", "X-Release-Id": "unknown"}, b"")
    assert "wanted a file in the app's folders" in capfd.readouterr().out


def test_an_apps_own_word_to_nginx_goes_nowhere(ask: Callable[..., Answer]) -> None:
    assert "X-Accel-Redirect" not in ask(("X-Accel-Redirect", "/-/error/x"))[1]


def test_a_websocket_keeps_its_headers_and_is_told_to_go(release: Path) -> None:
    sockets = runpy.run_path(str(release / "files/slipway_sockets.py"))
    here, there = socket.socketpair()
    assert sockets["is_wanted"]({"HTTP_UPGRADE": "WebSocket", "gunicorn.socket": here})
    assert not sockets["is_wanted"]({"HTTP_UPGRADE": "h2c", "gunicorn.socket": there})
    sockets["let_go"]()
    assert there.recv(10) == b"\x88\x02" + (1001).to_bytes(2, "big")
    there.close()
    sockets["let_go"]()  # whoever has gone is no problem
