"""Rendered host files: golden for reading, and taken by the real programs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_init.bundle import tool
from cloud_init.host_files import Front, HostFileError, Server, WebHost
from cloud_init.render import host_files, server_requirements

GOLDEN = Path(__file__).parent.parent / "golden"
PLAIN = WebHost("wsgi:app", front=Front(listen=("127.0.0.1:8080",)))
FULL = WebHost(
    "shop.wsgi:make_app()",
    Server("gunicorn", "sync", 3, 4, 120),
    Front("nginx", ("80 default_server", "[::]:80 default_server"), 5_000_000, ("https://a.example", "*")),
    {"/static": "static", "/media files": "shop/media"},
)


def content(host: WebHost, path: str) -> str:
    return next(file.content for file in host_files(host) if file.path == path)


@pytest.mark.parametrize(("name", "host"), [("plain", PLAIN), ("full", FULL)])
def test_nginx_as_the_golden_file(name: str, host: WebHost) -> None:
    assert content(host, "etc/nginx.conf") == (GOLDEN / f"nginx-{name}.conf").read_text()


@pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin"), reason="nginx is not on this machine")
@pytest.mark.parametrize("host", [PLAIN, FULL])
def test_nginx_takes_it(host: WebHost, tmp_path: Path) -> None:
    (tmp_path / "front").mkdir()
    path = tmp_path / "nginx.conf"
    text = content(host, "etc/nginx.conf").replace("listen 80 ", "listen 8471 ").replace("listen [::]:80 ", "listen [::]:8471 ")
    path.write_text(text.replace("@@RUN@@", str(tmp_path)).replace("@@LIB@@", str(tmp_path)))
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    done = subprocess.run([nginx, "-t", "-e", "stderr", "-c", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_equal_settings_give_equal_bytes_and_no_place_of_a_host() -> None:
    assert host_files(FULL) == host_files(FULL)
    assert all("/work" not in file.content and "/srv" not in file.content for file in host_files(FULL))
    assert json.loads(content(FULL, "files/server.json")) == {
        "module": "shop.wsgi:make_app()", "worker_class": "sync", "workers": 3, "threads": 4, "timeout": 120,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("host", "said"),
    [
        (WebHost("a:b", Server("uwsgi")), "slipway:server.kind: uwsgi is not served yet; today: gunicorn"),
        (WebHost("a:b", front=Front("apache")), "slipway:front: apache is not served yet; today: nginx"),
        (WebHost("a:b", static={"/a$b": "x"}), "wanted text without '$'"),
        (WebHost("a:b", static={"/a\nb": "x"}), "without control characters"),
        (WebHost("a:b", static={"/@@RUN@@": "x"}), "wanted text without '@@'"),
    ],
)
def test_what_cannot_be_rendered_is_refused(host: WebHost, said: str) -> None:
    with pytest.raises(HostFileError, match=said.replace("$", r"\$")):
        host_files(host)


@pytest.mark.parametrize("worker_class", ["gthread", "sync", "gevent"])
def test_gunicorn_takes_it(worker_class: str, tmp_path: Path) -> None:
    if worker_class == "gevent":
        pytest.importorskip("gevent")
    for file in host_files(WebHost("site_app:make()", Server("gunicorn", worker_class))):
        path = tmp_path / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_text(file.content)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/site_app.py").write_text("def make():\n    return lambda environ, start: [b'']\n")
    command = [sys.executable, str(tmp_path / "files/start.py"), str(tmp_path / "app.sock"), "--check-config"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "src/site_app.py").write_text("raise RuntimeError('broken')\n")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_the_server_is_pinned() -> None:
    assert "gunicorn==" in server_requirements(PLAIN)
    assert "gevent==" in server_requirements(WebHost("a:b", Server("gunicorn", "gevent")))


def test_the_tool_is_one_file_of_equal_bytes() -> None:
    first = tool()
    tool.cache_clear()
    assert tool() == first
    assert len(first) < 250_000
