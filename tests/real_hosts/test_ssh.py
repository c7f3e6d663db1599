"""A web and a database server with real sshd, used by their owner alone: from bare to serving, every command, and bare again.

What the app writes on the web server is there after releases, a rollback and a reboot, and comes back with the database's rows."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from folder_app import DATA, WRITER, told

from real_hosts.machine import Machine
from real_hosts.servers import DRIVERS, Servers

_APP = f"""
import psycopg
{WRITER.replace('"NUMBER"', "VERSION")}
VERSION = "one"

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
    write(site, "1.txt")
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
    write(site, "late.txt")
    assert site.ask("/rows")[1] == "2"
    restored = site.run("restore", backup[1], "--yes")
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert "web-1: the app's folders here are those of backup " in restored.stdout + restored.stderr
    assert (site.ask("/rows")[1], site.ask("/read")[1]) == ("1", told("1.txt"))
    written, key = ["1.txt"], site.ask("/key")[1]
    for number in range(2, 6):
        first = site.ask()
        site.edit(f'VERSION = "{first[1]}"', f'VERSION = "{number}"')
        site.up()
        assert site.ask()[:2] == (200, str(number))
        written.append(write(site, f"{number}.txt"))
    assert site.run("rollback").returncode == 0
    assert (site.ask(), site.ask("/key")[1], site.ask("/read")[1]) == (first, key, told(*written))
    web.reboot()
    site.seconds_until()
    assert (site.ask(), site.ask("/key")[1], site.ask("/read")[1]) == (first, key, told(*written))
    assert "web-1 | " in site.run("logs", "-n", "5").stdout
    assert "Nothing to do" in site.up().stdout or site.ask()[1] == "5"
    gone_when_destroyed(site, web, database)


def write(site: Servers, name: str) -> str:
    """The app writes that name in all of its folders."""
    assert site.ask("/write", data=name)[:2] == (200, "done")
    return name


def refused_until_pinned(site: Servers) -> None:
    """Servers that nobody knows are told with the line to pin; with those lines it goes on."""
    lines = []
    for host in (*site.web, site.database):
        assert host
        kind, key = host.read("/etc/ssh/ssh_host_ed25519_key.pub").decode().split()[:2]
        lines.append(f"{host.address} {kind} {key}")
    database = {"engine": "postgres", "placement": "own-host"}
    more = {"database": database, "app": {"name": "shop", "path": "./app", "releaseCommand": "python migrate.py", "data": DATA}}
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
    assert (site.ask("/rows")[1], site.ask("/read")[1]) == ("1", told(*(f"{number}.txt" for number in range(1, 6))))
    done = site.run("destroy", "--yes", "--with-data", "shop")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Last backup: " in done.stdout
    folders = re.search(r"web-1: last backup of its folders: (\S+)", done.stdout + done.stderr)
    assert folders
    assert (Path(folders[1]) / "folders.tar.gz").is_file()
    for host in hosts:
        assert not host.run(["ls", "/srv/slipway"], check=False).stdout
