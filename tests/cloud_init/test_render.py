"""Rendered host files: golden for reading, and taken by the real programs."""

import io
import json
import pkgutil
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import documents
import pytest

from cloud_init import host_tool, render, system, templating
from cloud_init.fleet import Balancer
from cloud_init.host.base import places as installed
from cloud_init.host.data import databases
from cloud_init.host.front import configuration as host_fronts
from cloud_init.host.processes import managers
from cloud_init.host.release import files as materialise
from cloud_init.host_files import Front, HostFileError, Server, WebHost
from cloud_init.host_tool import tool
from cloud_init.render import host_files, idle_timeout, server_requirements
from components.settings import Settings

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


UWSGI = WebHost("a:b", Server("uwsgi"), Front(listen=("127.0.0.1:8080",)))
BALANCER = Balancer(("10.0.0.0/20", "10.0.16.0/20", "2001:db8::/56"), idle_timeout(30))
BALANCED = WebHost("a:b", front=Front(listen=("80 default_server",), domain="www.example.com", balancer=BALANCER))
HOSTS = {"plain": PLAIN, "full": FULL, "uwsgi": UWSGI, "balanced": BALANCED}
PROGRAMS = {front: shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin") for front, name in installed.FRONTS.items()}


def behind(front: str, host: WebHost) -> WebHost:
    return replace(host, front=replace(host.front, kind=front))


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("front", PROGRAMS)
def test_fronts_as_the_golden_files(front: str, name: str) -> None:
    assert content(behind(front, HOSTS[name]), f"etc/{front}.conf") == (GOLDEN / f"{front}-{name}.conf").read_text()


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("front", PROGRAMS)
def test_the_program_takes_it(front: str, name: str, tmp_path: Path) -> None:
    if not PROGRAMS[front]:
        pytest.skip(f"{front} is not on this machine")
    (tmp_path / "front").mkdir()
    path = tmp_path / f"{front}.conf"
    text = content(behind(front, HOSTS[name]), f"etc/{front}.conf")
    for old, new in (("listen 80 ", "listen 8471 "), ("listen [::]:80 ", "listen [::]:8471 "), ("Listen 80", "Listen 8471")):
        text = text.replace(old, new)
    path.write_text(
        materialise.fill(text, documents.places(tmp_path, {"app": "a", "run": str(tmp_path)})).replace(
            f"{tmp_path}/var/lib/slipway/a", str(tmp_path)
        )
    )
    user = {"apache": ["-C", "User nobody", "-C", "Group nogroup", "-f"], "nginx": ["-e", "stderr", "-c"]}[front]
    done = subprocess.run([str(PROGRAMS[front]), *user, str(path), "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_equal_settings_give_equal_bytes_and_no_place_of_a_host() -> None:
    assert host_files(FULL) == host_files(FULL)
    assert all("/work" not in file.content and "/srv" not in file.content for file in host_files(FULL))
    assert json.loads(content(FULL, "files/server.json")) == {
        "module": "shop.wsgi:make_app()", "worker_class": "sync", "workers": 3, "threads": 4, "timeout": 120,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("host", "said"),
    [
        (WebHost("a:b", Server("waitress")), "slipway:server.kind: waitress is not served yet; today: gunicorn, uwsgi"),
        (WebHost("a:b", Server("uwsgi", "sync")), "workerClass: wanted none with the server uwsgi .it is gunicorn's., found sync"),
        (WebHost("a:b", front=Front("caddy")), "slipway:front: caddy is not served yet; today: apache, nginx"),
        (WebHost("a:b", front=Front("apache"), static={"/a%{ENV:x}b": "x"}), "wanted text without '$', '%' and '\"'"),
        (WebHost("a:b", front=Front("apache", cors=("https://a$1",))), "wanted text without '$', '%' and '\"'"),
        (WebHost("a:b", front=Front("apache", cors=("a\nServerName b",))), "without control characters"),
        (WebHost("a:b", front=Front("apache", cors=("@@RUN@@",))), "wanted text without '@@'"),
        (
            WebHost("a:b", front=Front(balancer=Balancer(("10.0.0.0/8; x",), 60))),
            "the load balancer's networks: wanted such as 10.0.0.0/16, found: '10",
        ),
        (WebHost("a:b", static={"/a$b": "x"}), "wanted text without '$'"),
        (WebHost("a:b", static={"/a\nb": "x"}), "without control characters"),
        (WebHost("a:b", static={"/@@RUN@@": "x"}), "wanted text without '@@'"),
    ],
)
def test_what_cannot_be_rendered_is_refused(host: WebHost, said: str) -> None:
    with pytest.raises(HostFileError, match=said.replace("$", r"\$")):
        host_files(host)


def accepted(setting: str) -> set[str]:
    """The words that a setting takes, such as `server.kind`."""
    model: Any = Settings
    *sections, name = setting.split(".")
    for section in sections:
        model = model.model_fields[section].annotation
    return {*get_args(model.model_fields[name].annotation)}


def modules(folder: ModuleType) -> set[str]:
    return {module.name for module in pkgutil.iter_modules(folder.__path__)}


@pytest.mark.parametrize(
    ("setting", "apart", "there"),
    [
        ("front", set(), {*render.kinds(render.FRONT)}),
        ("front", set(), {*host_fronts.SERVERS}),
        ("front", set(), {*system.FRONTS}),
        ("front", set(), {*installed.FRONTS}),
        ("server.kind", {"auto"}, {*render.kinds(render.SERVER)}),
        ("manager", set(), modules(managers) - {"contract", "docker"}),  # which the target docker alone has
        ("database.engine", {"none"}, modules(databases) & accepted("database.engine")),
        ("database.engine", {"none", "sqlite"}, {*system.ENGINES}),
    ],
)
def test_every_word_of_a_setting_is_served(setting: str, apart: set[str], there: set[str]) -> None:
    assert accepted(setting) - apart == there


@pytest.mark.parametrize("front", PROGRAMS)
def test_what_an_editor_or_a_desktop_leaves_is_in_no_release(front: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, kinds = host_files(behind(front, PLAIN)), render.kinds(render.FRONT)
    folder = shutil.copytree(templating.FOLDER, tmp_path / "templates")
    monkeypatch.setattr(render, "FOLDER", folder)
    monkeypatch.setattr(templating, "FOLDER", folder)
    templating._environment.cache_clear()
    for name in (".DS_Store", f"{front}.conf.j2.orig", f".{front}.conf.j2.swp", f".#{front}.conf.j2", ".live.txt", f"{front}.conf.j2~"):
        (folder / front / name).write_bytes(b"{{ left }}\xff")
    for name in (".#start.py", ".start.py"):
        (folder / "gunicorn" / name).write_bytes(b"\xff")
    (folder / "release/.left.conf.j2").write_text("")
    assert host_files(behind(front, PLAIN)) == before
    assert render.kinds(render.FRONT) == kinds
    templating._environment.cache_clear()


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
    assert "pyuwsgi==" in server_requirements(UWSGI)
    assert "gevent==" in server_requirements(WebHost("a:b", Server("gunicorn", "gevent")))


def test_the_tool_is_one_file_of_equal_bytes() -> None:
    first = tool()
    tool.cache_clear()
    assert tool() == first
    assert len(first) < 500_000


def test_what_an_editor_or_a_desktop_left_is_no_part_of_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = zipfile.ZipFile(io.BytesIO(tool())).namelist()
    there = {f"host/{one.relative_to(host_tool._FOLDER).as_posix()}" for one in host_tool._FOLDER.rglob("*") if one.is_file()}
    assert {*names} == {"__main__.py", *(one for one in there if "__pycache__" not in one)}, "all that is in the repository"
    shutil.copytree(host_tool._FOLDER, tmp_path / "host")
    for name in (".DS_Store", "base/.files.py.swp", "base/files.py.orig", "base/files.py~", "base/._files.py", "base/files.py.rej"):
        (tmp_path / "host" / name).write_text("left")
    monkeypatch.setattr(host_tool, "_FOLDER", tmp_path / "host")
    tool.cache_clear()
    try:
        assert zipfile.ZipFile(io.BytesIO(tool())).namelist() == names
    finally:
        tool.cache_clear()


@pytest.mark.parametrize(("timeout", "idle", "kept"), [(30, 60, 65), (50, 60, 65), (51, 61, 66), (600, 610, 615)])
@pytest.mark.parametrize(("front", "line"), [("nginx", "keepalive_timeout {}s;"), ("apache", "KeepAliveTimeout {}")])
def test_a_front_keeps_connections_longer_than_a_load_balancer(timeout: int, idle: int, kept: int, front: str, line: str) -> None:
    """Else a request meets a connection that is just being closed."""
    files = host_files(WebHost("wsgi:app", Server(timeout=timeout), Front(front, balancer=Balancer(("10.0.0.0/8",), idle))))
    assert idle_timeout(timeout) == idle > timeout + 5
    assert any(line.format(kept) in file.content for file in files)


@pytest.mark.parametrize("front", PROGRAMS)
def test_a_front_believes_the_header_that_its_load_balancer_says_a_client_in(front: str) -> None:
    files = host_files(behind(front, replace(BALANCED, front=replace(BALANCED.front, balancer=replace(BALANCER, header="X-Client")))))
    (text,) = (file.content for file in files if file.path == f"etc/{front}.conf")
    (told,) = re.findall(r"(?m)^ *(?:real_ip_header|RemoteIPHeader) ([\w-]+)", text)
    assert told == "X-Client"
