"""The real AWS provider with the target aws-beanstalk: made, planned again without a change, released into, changed, destroyed.

Elastic Beanstalk is beanstalk_standin.py on moto, which refuses a version and settings in one update, and tells of each update.
"""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cases
import pytest
from aws_emulated import REGION, client
from aws_provider import AWS
from buckets import logged_in
from cases import ROOT
from clouds import terraform as terraforms
from clouds.configuration import joined, written
from clouds.launch import Launch
from clouds.recording import record
from test_beanstalk_platform import ONE, TWO, bundle
from test_real_provider import account as emulated

from components import platforms
from components.aws.control import account
from components.platforms import Sendable
from components.source import archive
from ops.stack.project import Project

ODD = {"COLOUR": "red", "LIST": "b, a,c", "QUOTED": "\"x' = y", "DOLLAR": "$5 ${PORT}"}
FLEET = cases.read(ROOT / "stacks/aws-beanstalk.yaml").with_({"slipway:aws-beanstalk.logs": 30, "slipway:app.env": ODD})
pytestmark = [pytest.mark.cost, pytest.mark.skipif(bool(terraforms.missing(AWS)), reason=terraforms.missing(AWS))]


def fleet(changes):
    """With a network that is given to it the rest is quick; nothing is kept."""
    return FLEET.with_({"slipway:keepData": False, "slipway:lastSnapshot": False, **changes})


def single(changes):
    case = fleet({"slipway:aws-beanstalk.instances": {"max": 1}, "slipway:database": {"engine": "postgres", "placement": "external"}})
    config = {key: value for key, value in case.config.items() if key != "slipway:domain"}
    own = {key: value for key, value in config["slipway:aws-beanstalk"].items() if key not in ("zone", "email", "logs", "database")}
    app = {**config["slipway:app"], "name": "alone"}
    secrets = {**config["slipway:secretEnv"], "DATABASE_URL": "postgresql://x"}
    whole = {**config, "slipway:aws-beanstalk": own, "slipway:app": app, "slipway:secretEnv": secrets}
    return cases.Case("single", whole).with_(changes)


@contextmanager
def users(endpoint, name):
    """An address that answers with the environment's version."""
    service = client("elasticbeanstalk", endpoint, REGION)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("X-Release-Id", service.describe_environments(EnvironmentNames=[name])["Environments"][0]["VersionLabel"])
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_stack_is_launched_released_into_changed_and_destroyed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    project, folder = Project("slipway", ROOT), tmp_path / "app"
    folder.mkdir()
    (folder / "wsgi.py").write_text("app = None\n")
    with emulated(tmp_path) as (endpoint, _), terraforms.started(AWS, tmp_path / "terraform") as terraform:
        schema = terraform.schema()

        def recorded(changes):
            return [record(name, project, dict(case(changes).config), schema) for name, case in (("fleet", fleet), ("single", single))]

        launch = Launch(terraform, schema, endpoint, recorded({}))
        launch.apply()
        assert launch.wrongly_listed() == []
        launch.again()

        logged_in(monkeypatch)
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setattr("components.platforms.beanstalk._POLL", 0.2)
        account.forget()
        found = {
            one["instances"][0]["attributes"]["name"]: one["name"] for one in resources(terraform, "aws_elastic_beanstalk_environment")
        }
        buckets = {one["name"].partition("__")[0]: one["instances"][0]["attributes"]["id"] for one in resources(terraform, "aws_s3_bucket")}
        (name,) = (name for name, label in found.items() if label.startswith("fleet__"))
        facts: dict[str, Any] = {"platform": "beanstalk", "name": name, "region": REGION, "bucket": buckets["fleet"], "python": "3.14"}
        platform = platforms.connect({**facts, **dict.fromkeys(("account", "profile"))})
        code = archive.collect(folder, keep=True)

        def deploy(identity, proven):
            return platforms.deploy(platform, url, Sendable(identity, bundle(code), folder, {}), proven)

        with users(endpoint, name) as url:
            first = deploy(ONE, None)
            assert first.ok, first.message
            launch.again()  # a version that moved is no change
            (tmp_path / "fail").write_text("Command failed on instance.")
            refused = deploy(TWO, ONE)
            assert (refused.ok, refused.live) == (False, ONE)
            (tmp_path / "fail").unlink()
            assert deploy(TWO, ONE).ok
        launch.again()
        before = len(updates(tmp_path))
        secrets = {**FLEET.config["slipway:secretEnv"], "SECRET_KEY": "rotated"}  # it reaches the secret alone
        changes = {"slipway:app.env": {**ODD, "COLOUR": "blue"}, "slipway:aws-beanstalk.splitTraffic": True, "slipway:secretEnv": secrets}
        changed = [record("fleet", project, dict(fleet(changes).config), schema), recorded({})[1]]
        launch._configure(joined(written(one, schema) for one in changed))
        launch._run("a setting", "apply", "-auto-approve", "-input=false")
        launch.again()
        releases, settings = updates(tmp_path)[:before], updates(tmp_path)[before:]
        assert [(one["version"], one["settings"]) for one in releases] == [(ONE, []), (TWO, []), (TWO, [])]
        assert settings == [
            {
                "version": None,
                "settings": [
                    "aws:elasticbeanstalk:application:environment COLOUR",
                    "aws:elasticbeanstalk:command DeploymentPolicy",
                ],
                "removed": 0,
                "platform": None,
            }
        ]
        assert platform.live() == TWO
        launch._destroy("destroy")
        assert launch.left() == set()
    account.forget()
    with capsys.disabled():
        print("\n" + ", ".join(f"{what} {seconds:.0f} s" for what, seconds in launch.seconds.items()))


def resources(terraform, type):
    return [one for one in terraform.state["resources"] if one["type"] == type]


def updates(folder):
    return [json.loads(line) for line in (folder / "updates").read_text().splitlines()]
