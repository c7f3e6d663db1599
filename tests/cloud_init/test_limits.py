"""The one table of limits and headers, as the parts that need no launch hold to it."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]

from cloud_init.host_files import LIMITS, SAID, WITHHELD, Front, Server, WebHost
from cloud_init.render import host_files

APP = "def app(environ, start):\n    start('200 OK', [])\n    return [environ]\n"


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables as servers have them."""
    monkeypatch.syspath_prepend(str(tmp_path / "files"))
    for name in ("slipway_files", "slipway_sockets"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def laid_down(folder: Path) -> Path:
    for file in host_files(WebHost("site_app:app", Server("gunicorn"))):
        path = folder / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_text(file.content)
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src/site_app.py").write_text(APP)
    return folder / "files"


@pytest.fixture
def asked(tmp_path: Path) -> Any:
    """gunicorn's own parser, told as a release tells it; the request is from a front, by a unix socket."""
    config = Config()
    for name, value in runpy.run_path(str(laid_down(tmp_path) / "gunicorn.conf.py")).items():
        if name in config.settings:
            config.set(name, value)
    return lambda head: next(RequestParser(config, iter([head.encode("latin-1") + b"\r\n\r\n"]), ""))


def test_gunicorn_takes_what_a_front_lets_through(asked: Any) -> None:
    line, name = "GET /?" + "q" * (LIMITS.line - 20) + " HTTP/1.1", "X-A: "
    assert len(asked(f"{line}\r\nHost: x").query) == LIMITS.line - 20
    assert asked(f"GET / HTTP/1.1\r\n{name}{'a' * (LIMITS.line - len(name))}").headers
    many = "\r\n".join(f"X-{number}: 1" for number in range(LIMITS.headers + 8))
    assert len(asked(f"GET / HTTP/1.1\r\n{many}").headers) == LIMITS.headers + 8
    with pytest.raises(ParseException):
        asked(f"GET / HTTP/1.1\r\n{name}{'a' * (LIMITS.line + 10)}")


def test_gunicorn_takes_neither_path_nor_scheme_from_a_header(asked: Any) -> None:
    request = asked("GET /a HTTP/1.1\r\nSCRIPT_NAME: /a\r\nPATH_INFO: /b\r\nX-Forwarded-Ssl: on\r\nX-Forwarded-Proto: http\r\nX-A: 1")
    assert [name for name, _ in request.headers] == ["X-FORWARDED-SSL", "X-FORWARDED-PROTO", "X-A"]
    assert request.scheme == "http"


def key(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


def test_what_a_client_says_in_the_fronts_place_reaches_no_app(tmp_path: Path) -> None:
    application = runpy.run_path(str(laid_down(tmp_path) / "slipway_wsgi.py"))["application"]
    keys = [
        "HTTP_" + name.upper().replace("-", "_") for name in (*WITHHELD, "X-Forwarded-Prefix", "X-Forwarded-Whatever", "X-Forwarded-User")
    ]
    said = {"HTTP_" + name.upper().replace("-", "_"): "http" for name in SAID} | {"HTTP_HOST": "[::1]:8080", "HTTP_X_A": "1"}
    [seen] = application({**dict.fromkeys(keys, "x"), **said, "HTTP_X_FORWARDED_PORT": "8080"}, lambda *_: None)
    assert {name for name in seen if name.startswith("HTTP_")} == {*said, "HTTP_X_FORWARDED_PORT"}
    assert (seen["SERVER_NAME"], seen["SERVER_PORT"], seen["wsgi.url_scheme"]) == ("::1", "8080", "http")


@pytest.fixture
def on_platform(tmp_path: Path) -> Any:
    """A bundle's wrapped app on a platform, which tells it so much."""

    def made(told: dict[str, Any]) -> Any:
        files = laid_down(tmp_path)
        (files / "release").write_text("abc\n")
        (files / "platform.json").write_text(json.dumps(told))
        return runpy.run_path(str(files / "slipway_wsgi.py"))["application"]

    return made


def test_a_platforms_own_front_is_heard(on_platform: Any) -> None:
    said = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_REAL_IP": "192.0.2.1", "HTTP_X_REMOTE_USER": "root", "PATH_INFO": "//evil"}
    [seen] = on_platform({})(said, lambda *_: None)
    assert (seen["wsgi.url_scheme"], seen["REMOTE_ADDR"], seen["PATH_INFO"]) == ("https", "192.0.2.1", "/evil")
    assert "HTTP_X_REMOTE_USER" not in seen


def test_a_clients_address_is_the_last_that_the_router_wrote(on_platform: Any) -> None:
    said = {"HTTP_X_FORWARDED_FOR": "198.51.100.1, 192.0.2.1", "HTTP_X_REAL_IP": "198.51.100.2", "REMOTE_ADDR": "10.0.0.1"}
    application = on_platform({"client": "X-Forwarded-For"})
    assert application(dict(said), lambda *_: None)[0]["REMOTE_ADDR"] == "192.0.2.1"
    assert application({"REMOTE_ADDR": "10.0.0.1"}, lambda *_: None)[0]["REMOTE_ADDR"] == "10.0.0.1"


def test_static_files_without_a_front_that_has_them(on_platform: Any, tmp_path: Path) -> None:
    (tmp_path / "src/assets").mkdir(parents=True)
    (tmp_path / "src/assets/a.css").write_text("p {}")
    (tmp_path / "src/secret.py").write_text("x = 1")
    heads: list[tuple[str, dict[str, str]]] = []
    application = on_platform({"static": {"/files": "assets"}, "static_age": 600})

    def get(path: str) -> Any:
        asked = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
        answer = application(asked, lambda status, headers, _=None: heads.append((status, dict(headers))))
        return b"".join(answer) if "Last-Modified" in heads[-1][1] else answer[0]["PATH_INFO"]  # of what the app was asked

    assert get("/files/a.css") == b"p {}"
    (status, headers) = heads.pop()
    assert (status, headers["X-Release-Id"], headers["Cache-Control"]) == ("200 OK", "abc", "max-age=600, public")
    assert get("/files/../secret.py") == "/files/../secret.py"


def test_connections_and_workers_as_a_platform_says(on_platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_platform({"keep_alive": 100})
    monkeypatch.delitem(sys.modules, "capacity", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    conf = str(tmp_path / "files/gunicorn.conf.py")
    assert runpy.run_path(conf)["keepalive"] == 100
    for name, value, workers in (("WEB_CONCURRENCY", "5", 5), ("GAE_MEMORY_MB", "384", 2), ("GAE_MEMORY_MB", "200", 1)):
        with monkeypatch.context() as told:
            told.setenv(name, value)
            assert runpy.run_path(conf)["workers"] == workers


WORDS = """import argparse, os, sys
argparse.ArgumentParser().parse_args()
class holder:
    @staticmethod
    def make(*words, **more):
        seen = [*words, *more.values(), [*sys.argv], os.path.basename(os.getcwd())]
        return lambda environ, start: seen
"""


@pytest.mark.parametrize(
    ("module", "seen"),
    [
        ("words:holder.make('it\\'s', 2, debug=[True])", ["it's", 2, [True], ["words"], "here"]),
        ("back/words:holder.make()", [["words"], "back"]),
    ],
)
def test_an_app_that_parses_arguments_is_made_with_literal_ones(tmp_path, monkeypatch, module, seen) -> None:
    files = laid_down(tmp_path)
    for folder in ("here", "src/back"):
        (tmp_path / folder).mkdir()
    (tmp_path / "src/words.py").write_text(WORDS)
    (tmp_path / "src/back/words.py").write_text(WORDS)
    (files / "server.json").write_text(json.dumps({"module": module}))
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("sys.argv", ["gunicorn", "--bind", "unix:x"])
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.delitem(sys.modules, "words", raising=False)
    assert runpy.run_path(str(files / "slipway_wsgi.py"))["application"]({}, lambda *_: None) == seen


@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_every_limit_is_in_a_fronts_configuration(front: str) -> None:
    text = next(file.content for file in host_files(WebHost("a:b", front=Front(front))) if file.path == f"etc/{front}.conf")
    for value in (LIMITS.head_seconds, LIMITS.pause_seconds, LIMITS.idle_seconds, LIMITS.connections, LIMITS.answer):
        assert str(value) in text
    assert json.loads(next(file.content for file in host_files(WebHost("a:b")) if file.path == "files/limits.json"))["head"] == LIMITS.head
