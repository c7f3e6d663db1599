"""A web and a database server with real sshd, used by their owner alone: from bare to serving, every command, and bare again."""

import re
from collections.abc import Callable

import pytest

from real_hosts.machine import Machine
from real_hosts.servers import DRIVERS, Servers

_APP = """
import os, psycopg
from flask import Flask

app = Flask(__name__)
VERSION = "one"

@app.get("/")
def home():
    return VERSION

@app.post("/rows")
def add():
    with psycopg.connect(os.environ["DATABASE_URL"]) as base:
        base.execute("INSERT INTO rows (text) VALUES ('row')")
    return "added"

@app.get("/rows")
def rows():
    with psycopg.connect(os.environ["DATABASE_URL"]) as base:
        return str(base.execute("SELECT count(*) FROM rows").fetchone()[0])
"""
_MIGRATE = """
import os, psycopg
with psycopg.connect(os.environ.get("DATABASE_OWNER_URL", os.environ["DATABASE_URL"])) as base:
    base.execute("CREATE TABLE IF NOT EXISTS rows (id serial PRIMARY KEY, text text)")
"""
_LEFT = "find / -xdev -name '*slipway*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/srv/slipway*'; nft list tables"


@pytest.mark.family("servers over SSH")
def test_a_web_and_a_database_server_of_ones_own(servers: Callable[..., Servers]) -> None:
    site = servers("web-1", database="db-1")
    [web], database = site.web, site.database
    assert database
    site.write_files({"wsgi.py": _APP, "migrate.py": _MIGRATE, "requirements.txt": f"flask==3.1.3\n{DRIVERS['postgres']}"})
    refused_until_pinned(site)
    site.up(600)
    assert site.ask()[:2] == (200, "one")
    assert site.ask("/rows", data="row")[0] == 200
    status = site.status()
    assert [(one["host"], bool(one["live"])) for one in status["hosts"]] == [
        ("web-1", True),
        ("db-1", status["hosts"][1]["live"] is not None),
    ]
    done = site.run("exec", "--", "python", "-c", "import os; print(os.getuid() > 0, 'DATABASE_OWNER_URL' in os.environ)")
    assert (done.returncode, done.stdout) == (0, "True False\n")
    assert site.run("exec", "--", "sh", "-c", "cat >&2; exit 9", input="words").returncode == 9
    backup = re.search(r"backup (\d{8}-\d{6})", site.run("backup").stdout)
    assert backup
    site.ask("/rows", data="row")
    assert site.ask("/rows")[1] == "2"
    assert site.run("restore", backup[1], "--yes").returncode == 0
    assert site.ask("/rows")[1] == "1"
    first = site.ask()[2]
    site.edit('"one"', '"two"')
    site.up()
    assert site.ask()[:2] == (200, "two")
    assert site.run("rollback").returncode == 0
    assert site.ask() == (200, "one", first)
    assert "web-1 | " in site.run("logs", "-n", "5").stdout
    assert "Nothing to do" in site.up().stdout or site.ask()[1] == "two"
    gone_when_destroyed(site, web, database)


def refused_until_pinned(site: Servers) -> None:
    """Servers that nobody knows are told with the line to pin; with those lines it goes on."""
    lines = []
    for host in (*site.web, site.database):
        assert host
        kind, key = host.read("/etc/ssh/ssh_host_ed25519_key.pub").decode().split()[:2]
        lines.append(f"{host.address} {kind} {key}")
    database = {"engine": "postgres", "placement": "own-host"}
    more = {"database": database, "app": {"name": "shop", "path": "./app", "releaseCommand": "python migrate.py"}}
    hosts = {"web": [{"name": "web-1", "address": site.web[0].address}], "database": {"name": "db-1", "address": site.database.address}}
    given = {"hosts": hosts, "user": "admin", "key": str(site.key)}
    site.write_stack(**more, ssh=given)
    done = site.run("up", "--yes")
    assert done.returncode == 1
    assert any(f"pin it in slipway:ssh.hostKeys: '{line}'" in done.stderr for line in lines), done.stderr
    site.write_stack(**more, ssh={**given, "hostKeys": lines})


def gone_when_destroyed(site: Servers, *hosts: Machine) -> None:
    """Data first stays, where it was said to be; then it goes, and a copy of it is here."""
    done = site.run("destroy", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Stays: db-1:/srv/slipway/shop/data" in done.stdout
    for host in hosts:
        assert host.shell(_LEFT).split() == []
        assert not host.run(["pgrep", "-f", "postgres|nginx|host.pyz|supervisord"], check=False).stdout
    assert hosts[1].shell("ls /srv/slipway/shop/data") == "passwords\npostgres\n"
    site.up(600)
    assert site.ask("/rows")[1] == "1"
    done = site.run("destroy", "--yes", "--with-data", "shop")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Last backup of the database: " in done.stdout
    for host in hosts:
        assert not host.run(["ls", "/srv/slipway"], check=False).stdout
