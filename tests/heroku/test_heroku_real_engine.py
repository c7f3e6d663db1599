"""The same app by the Pulumi CLI. Runs where `pulumi` is on PATH."""

import json
import shutil
import urllib.request

import pytest
from fake_heroku import KEY
from heroku_shop import APP
from project import Project
from pulumi_cli import PulumiCli

pytestmark = [
    pytest.mark.launch,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH"),
]


@pytest.fixture
def project(heroku):
    made = Project()
    made.environment |= {"HEROKU_HOST": heroku.url, "HEROKU_API_KEY": KEY}
    made.write_files({"wsgi.py": APP, "requirements.txt": "flask==3.1.3\n"})
    app = {"name": "shop", "path": "./app", "module": "wsgi:app", "startTimeout": 5}
    made.write_config({"target": "heroku", "app": app, "database": {"engine": "postgres", "placement": "managed"}})
    yield made
    made.remove()


def asked(heroku):
    with urllib.request.urlopen(f"http://127.0.0.1:{heroku.apps['slipway-dev'].port}/", timeout=10) as answer:
        return answer.read().decode(), answer.headers["X-Release-Id"]


def test_up_no_change_code_failure_rollback_destroy(project, heroku):
    pulumi = PulumiCli(project)
    pulumi("config", "set", "--secret", "--path", "slipway:secretEnv.TOKEN", "tr0ub4dor")
    pulumi("preview")
    assert heroku.apps == {}
    pulumi("up", "--yes")
    words, first = asked(heroku)
    assert words == "one tr0ub4dor 203.0.113.9"
    assert "tr0ub4dor" not in pulumi("stack", "export")
    pulumi("preview", "--expect-no-changes")
    assert json.loads(pulumi("stack", "output", "--json"))["release"] == first
    project.edit('"one"', '"two"')
    heroku.calls.clear()
    pulumi("up", "--yes")
    assert heroku.changed() == ["POST /sources", "POST /apps/slipway-dev/builds"]
    words, second = asked(heroku)
    assert words == "two tr0ub4dor 203.0.113.9"
    project.edit("200 OK", "500 No")
    told = pulumi("up", "--yes", code=None)
    assert f"release {second} still serves" in told
    assert asked(heroku) == (words, second)
    project.edit("500 No", "200 OK")
    pulumi("up", "--yes")
    assert project.run("rollback", first).returncode == 0
    assert asked(heroku)[1] == first
    assert "wanted slipway:keepData: false" in pulumi("destroy", "--yes", code=None)
    assert asked(heroku)[1] == first
    pulumi("config", "set", "slipway:keepData", "false")
    pulumi("up", "--yes")
    pulumi("destroy", "--yes")
    assert heroku.apps == {}
