"""The folder for people who run docker by hand, to the last word of what compose reads. real_hosts/test_docker.py has it served."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.errors import SlipwayError
from components.settings import parse
from components.targets import docker

CONFINED = {"restart": "always", "read_only": True, "tmpfs": ["/tmp"], "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
ASKED = "${{{}:?write it into .env}}".format


def bundled(folder: Path, **config: Any) -> dict[str, str]:
    """The files of a bundle by their paths."""
    (folder / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    (folder / "requirements.txt").write_text("flask==3.1.0\n")
    app = {"name": "shop", **config.pop("app", {})}
    raw = {"slipway:target": "docker", "slipway:app": app, **{f"slipway:{name}": value for name, value in config.items()}}
    made = docker.bundle(parse(raw, ["slipway:secretEnv"], "dev"), folder)
    return {file.path: file.content for file in made.manifest.files}


def test_the_least(tmp_path):
    files = bundled(tmp_path, app={"env": {"PRICE": "$5 'a' \"b\": #c", "SHA": "1234e56"}})
    compose = yaml.safe_load(files["compose.yaml"])
    environment = ["PRICE=$$5 'a' \"b\": #c", "SHA=1234e56", f"SECRET_KEY={ASKED('SECRET_KEY')}"]
    assert compose == {
        "services": {
            "web": {
                "build": {"context": ".", "target": "web"},
                **CONFINED,
                "environment": environment,
                "volumes": ["data:/data"],
                "init": True,
                "ports": ["127.0.0.1:8080:8000"],
            },
        },
        "volumes": {"data": {}},
    }
    assert files["env.template"].splitlines()[1:] == ["SECRET_KEY="]
    assert "FROM python:3.13-slim AS web" in files["Dockerfile"]
    assert "hunter2" not in json.dumps(files)


def test_a_database_of_theirs_a_release_command_and_processes(tmp_path):
    app = {"releaseCommand": "flask db upgrade && echo $HOME", "processes": {"worker": "celery -A shop worker"}, "data": ["var", "shop.db"]}
    given = {"database": {"engine": "postgres"}, "secretEnv": {"KEY": "hunter2"}, "docker": {"public": True, "port": 80}}
    files = bundled(tmp_path, app=app, **given)
    services = yaml.safe_load(files["compose.yaml"])["services"]
    assert sorted(services) == ["release", "web", "worker"]
    assert f"DATABASE_URL={ASKED('DATABASE_URL')}" in services["web"]["environment"]
    assert services["release"]["restart"] == "no"
    assert services["release"]["command"] == ["/bin/sh", "-c", "flask db upgrade && echo $$HOME"]
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"release": {"condition": "service_completed_successfully"}}
    assert services["worker"]["command"] == ["/bin/sh", "-c", "celery -A shop worker"]
    assert services["web"]["ports"] == ["0.0.0.0:80:8000"]
    assert files["env.template"].splitlines()[1:] == ["DATABASE_URL=", "KEY=", "SECRET_KEY="]
    assert "ln -s /data/shop.db /app/src/shop.db" in files["Dockerfile"]
    assert "else mkdir /data/var" in files["Dockerfile"]
    assert "mkdir /data/shop.db" not in files["Dockerfile"]
    assert "hunter2" not in json.dumps(files)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"http": {"path": "/shop"}}, "http.path"),
        ({"http": {"allow": ["10.0.0.0/8"]}}, "http.allow"),
        ({"http": {"trustedProxies": ["10.0.0.0/8"]}}, "http.trustedProxies"),
        ({"database": {"engine": "postgres"}, "app": {"env": {"URL": "${database.url}"}}}, "app.env.URL"),
    ],
)
def test_what_compose_does_not_know_is_refused(tmp_path, config, name):
    with pytest.raises(SlipwayError, match=f"^bundle: slipway:{name}: wanted none"):
        bundled(tmp_path, **config)
