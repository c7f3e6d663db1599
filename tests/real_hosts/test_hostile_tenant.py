"""A hostile program as the app's user, on a booted server: what it tries, in and beside the app's sandbox, and that it gets nothing.

Only a booted server has the managers' sandboxes, the firewall, and processes of all users side by side.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from real_hosts.apps import ROWS
from real_hosts.machine import Machine
from real_hosts.metadata import metadata
from real_hosts.network import Network
from real_hosts.servers import Servers

_PROGRAM = Path(__file__).with_name("tenant.py").read_text(encoding="utf-8")
_ROUTE = """
@app.get("/tenant")
def hostile():
    import json, tenant
    return json.dumps(tenant.run())
"""
_SLOW = "import time; time.sleep(8)\n"
# What this kind of server has not, so that root gets it no more than others do.
_ABSENT = {
    "read the account at the certificate authority", "read the kernel's memory", "read disks past their file systems",
    "read what the front server keeps of requests", "change kernel settings", "lift its own limits", "read root's environment",
    "change the library for buckets, which root runs",
}  # fmt: skip


@pytest.mark.parametrize("manager", ["systemd", "supervisor"])
def test_it_gets_nothing(servers: Callable[..., Servers], network: Network, manager: str) -> None:
    with metadata(network) as told:
        site = servers()
        [host] = site.web
        told.trees[host.address] = {}
        site.write_files({**ROWS, "wsgi.py": ROWS["wsgi.py"] + _ROUTE, "tenant.py": _PROGRAM})
        site.write_stack(
            manager=manager, database={"engine": "postgres"}, app={"name": "shop", "path": "./app", "releaseCommand": "python migrate.py"}
        )
        site.up()
        assert site.run("backup").returncode == 0
        host.shell(_MADE)
        status, body, _ = site.ask("/tenant")
        assert status == 200, body
        assert got(json.loads(body)) == {}
        assert got(beside(host)) == {}
        assert "AccessKeyId" in host.shell(_ASKED_BY_ROOT)
        watching(site, host)
        host.shell(_MADE)
        by_root = json.loads(host.run(["python3", "-", "files"], text=_PROGRAM).stdout)
        assert {name for name, what in by_root.items() if what is None} <= _ABSENT


# What not every server has, with the rights that Slipway gives it.
_MADE = """
install -D -o root -g slipway-front -m 640 /etc/hostname /var/lib/slipway/shop/certificates/shop.example.org/key.pem
install -D -m 600 /etc/hostname /var/lib/slipway/store/secrets/web/x.json
install -m 644 /etc/hostname /var/log/slipway/shop/tool.log
"""
_ASKED_BY_ROOT = """
token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
curl -s -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/iam/security-credentials/server
"""


def watching(site: Servers, host: Machine) -> None:
    """A release whose command takes its time, as the tenant looks for the owner's password among all processes."""
    site.edit("import os", f"{_SLOW}import os", "migrate.py")
    with subprocess.Popen([*host._enter(as_app()), "env", "TENANT_WAIT=60", "python3", "-"], stdin=-1, stdout=-1, text=True) as tenant:
        assert tenant.stdin
        tenant.stdin.write(_PROGRAM)
        tenant.stdin.close()
        up = site.start_up()
        ran_by = host.wait_for(
            lambda: host.shell("ps -o user= -C python | sort -u; ps -eo user:20,args | grep '[m]igrate.py' || true"),
            lambda text: "migrate.py" in text,
            120,
        )
        assert "slipway-release" in ran_by
        assert "slipway-app" not in [line.split()[0] for line in ran_by.splitlines() if "migrate.py" in line]
        assert up.wait(300) == 0
        assert tenant.stdout
        assert got(json.loads(tenant.stdout.read())) == {}


def as_app() -> list[str]:
    return ["setpriv", "--reuid=slipway-app", "--regid=slipway-app", "--clear-groups", "--"]


def beside(host: Machine) -> dict[str, Any]:
    """What it gets without the manager's sandbox."""
    found: dict[str, Any] = json.loads(host.run([*as_app(), "python3", "-"], text=_PROGRAM).stdout)
    return found


def got(answers: dict[str, Any]) -> dict[str, Any]:
    """Only what it got."""
    assert len(answers) >= 60
    return {name: what for name, what in answers.items() if what is not None}
