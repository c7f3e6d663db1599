"""Doors, mounts, pages and snippets, from the settings into a release."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloud_init.host.contracts.manifest import Manifest
from components.errors import UsageError
from components.release import bundle, core
from components.settings import parse

STATIC = {"name": "shop", "static": {"/static": "static"}, "healthPath": "/up"}


@pytest.fixture
def planned(tmp_path: Path) -> Any:
    """The manifest with these HTTP settings, and its files by path."""
    (tmp_path / "wsgi.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    (tmp_path / "requirements.txt").write_text("flask\n")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/502.html").write_text("sorry")
    (tmp_path / "front.conf").write_text("\nclient_body_timeout 7s;\n")
    (tmp_path / "hosts.conf").write_text("root @@RUN@@;")

    def plan(http: Any = None, logins: Any = None, make: Any = core.plan) -> tuple[Any, dict[str, str]]:
        raw = {"target": "local", "app": STATIC, "http": http or {}, "secretLogins": logins or {}}
        settings = parse({f"slipway:{key}": value for key, value in raw.items()}, ["slipway:secretLogins"], "dev")
        manifest = make(settings, tmp_path, *([("127.0.0.1:80",)] if make is core.plan else []), "a.example").manifest
        return manifest, {file.path: file.content for file in manifest.files}

    return plan


def door(files: dict[str, str]) -> Any:
    return json.loads(files["files/server.json"]).get("door")


def test_without_any_there_is_no_door(planned: Any) -> None:
    manifest, files = planned()
    assert (door(files), "files/slipway_door.py" in files) == (None, False)
    assert (manifest.health.path, manifest.health.public) == ("/up", None)
    assert 'location ^~ "/static/"' in files["etc/nginx.conf"]


def test_a_mount_moves_health_and_static_files(planned: Any) -> None:
    manifest, files = planned({"path": "/shop", "staticAge": 60})
    assert (manifest.health.path, manifest.health.public, manifest.static) == ("/shop/up", None, {"/shop/static": "static"})
    assert door(files)["path"] == "/shop"
    assert files["etc/nginx.conf"].count("expires 60s;") == 2
    assert 'location ^~ "/shop/static/"' in files["etc/nginx.conf"]


@pytest.mark.parametrize(
    ("http", "logins", "public"),
    [({"allow": ["10.0.0.1"]}, None, True), ({}, {"anna": "secret"}, True)],
    ids=["networks", "passwords"],
)
def test_static_files_go_through_a_door(planned: Any, http: Any, logins: Any, public: bool) -> None:
    manifest, files = planned(http, logins)
    assert door(files)["static"] == ["/static"]
    assert "location ^~ " + '"/static/"' not in files["etc/nginx.conf"]
    assert (manifest.health.public is not None) == public
    assert "secret" not in json.dumps(files)
    platform, _ = planned(http, logins, bundle.plan)
    assert isinstance(manifest, Manifest)
    assert (platform.health.public is not None) == public


def test_pages_and_a_snippet(planned: Any) -> None:
    manifest, files = planned({"errorPages": "pages", "snippet": "front.conf"})
    assert manifest.static == {"/static": "static", "/-/error": "pages"}
    assert "error_page 502 /-/error/502.html;" in files["etc/nginx.conf"]
    assert "error_page 413" not in files["etc/nginx.conf"]
    assert "\nclient_body_timeout 7s;\n" in files["etc/nginx.conf"]


@pytest.mark.parametrize(
    ("http", "words"),
    [
        ({"errorPages": "static"}, "slipway:http.errorPages: wanted a folder of the app with any of 400.html, .*, found 'static'; add one"),
        ({"snippet": "none.conf"}, "slipway:http.snippet: wanted a file of the project with nginx's configuration, found 'none.conf'"),
        ({"snippet": "pages"}, "found 'pages': .*directory"),
        ({"snippet": "hosts.conf"}, "found @@ in 'hosts.conf'; write it another way"),
    ],
)
def test_what_is_not_there_is_refused(planned: Any, http: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        planned(http)
