"""Target `ssh` on the Pulumi CLI. Runs where `pulumi` is on PATH."""

import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pulumi_cli import PulumiCli

from real_hosts.servers import DRIVERS, Servers

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")

_APP = """
import os, psycopg
from flask import Flask

app = Flask(__name__)
VERSION = "one"

@app.get("/")
def home():
    with psycopg.connect(os.environ["DATABASE_URL"]) as base:
        return VERSION + str(base.execute("SELECT 1").fetchone()[0])
"""


def test_a_web_and_a_database_server(servers: Callable[..., Servers]) -> None:
    site = servers("web-1", database="db-1")
    assert site.database
    site.write_files({"wsgi.py": _APP, "requirements.txt": f"flask==3.1.3\n{DRIVERS['postgres']}"})
    site.write_stack(database={"engine": "postgres", "placement": "own-host"})
    pulumi = PulumiCli(site)
    pulumi("preview")
    pulumi("up", "--yes")
    assert site.ask()[:2] == (200, "one1")
    pulumi("preview", "--expect-no-changes")
    no_secret_in_the_state(site, pulumi)
    first = site.ask()[2]
    site.edit('"one"', '"two"')
    pulumi("up", "--yes")
    assert site.ask()[:2] == (200, "two1")
    assert site.run("rollback").returncode == 0
    assert site.ask() == (200, "one1", first)
    assert "rolled back by" in pulumi("preview", "--diff")
    site.edit("VERSION = ", "raise RuntimeError('broken')\nVERSION = ")
    told = pulumi("up", "--yes", code=None)
    assert "RuntimeError: broken" in told
    assert site.ask() == (200, "one1", first)
    pulumi("destroy", "--yes")
    for host in (site.web[0], site.database):
        assert not host.run(["pgrep", "-f", "postgres|nginx|host.pyz|supervisord"], check=False).stdout


def no_secret_in_the_state(site: Servers, pulumi: PulumiCli) -> None:
    """What the hosts' stores hold as secrets: in no file of the state, in no export."""
    secrets = set()
    for host in site.network.machines.values():
        for path in host.shell("find / -xdev -path '*/secrets/*/*.json'").split():
            held = [value for value in strings(json.loads(host.read(path))) if "BEGIN CERTIFICATE" not in value]
            secrets |= {line for value in held for line in value.splitlines()}
    hidden = {one for one in secrets if len(one) > 15 and "-----" not in one}
    assert any("PRIVATE KEY" in one for one in secrets)
    assert any(one.startswith("postgresql") for one in hidden)
    texts = [path.read_text(errors="replace") for path in pulumi.backend.rglob("*") if path.is_file()]
    for text in (*texts, pulumi("stack", "export")):
        assert [secret for secret in hidden if secret in text] == []


def strings(value: Any) -> Iterator[str]:
    """All that stand in a JSON value."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(one)
