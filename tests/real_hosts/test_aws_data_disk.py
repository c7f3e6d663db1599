"""Data on a disk of their own on booted hosts: the server is thrown away, with all but that disk, and another one goes on with them.

A launch: only there systemd mounts, users have other numbers, and the database's own server says whether it can read what it finds.
"""

from collections.abc import Iterator

import pytest

from real_hosts.apps import ROWS
from real_hosts.cloud_stack import Stack, on_amazon
from real_hosts.deployer import REGION
from real_hosts.machine import Machine
from real_hosts.network import Network

_UPLOADS = """
from pathlib import Path

@app.post("/uploads")
def upload():
    Path(os.environ["SLIPWAY_SHARED"], "upload").write_text("kept")
    return "kept"

@app.get("/uploads")
def uploaded():
    return Path(os.environ["SLIPWAY_SHARED"], "upload").read_text()
"""
_FOLDERS = ("shared", "snapshots", "data", "backups")
_LINK = "d /dev/disk/by-uuid\nL /dev/disk/by-uuid/{uuid} - - - - {device}\n"  # a part of udev's, which containers don't have


@pytest.fixture
def stack(network: Network, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with on_amazon(network, monkeypatch) as made:
        yield made


def write(stack: Stack, **options: object) -> None:
    app = {"name": "shop", "path": "./app", "releaseCommand": "python migrate.py"}
    stack.write(app=app, database={"engine": "postgres"}, **{"aws-ec2": {"region": REGION, "dataDisk": 20, **options}})


def launch(stack: Stack) -> str:
    """The address that serves."""
    done = stack.up()
    assert done.ok, done.error
    (address,) = done.outputs["addresses"]
    return str(address)


def numbers(host: Machine) -> dict[str, str]:
    """The numbers of the users that own data."""
    return {name: host.shell(f"id -u slipway-{name}").strip() for name in ("app", "db")}


def whole(stack: Stack, host: Machine, address: str, rows: str) -> None:
    """All data are there, on the disk, and belong to whom they should."""
    host.wait_for(lambda: stack.serving(host), bool, 180)
    # The app is up before PostgreSQL, which goes over its journal after a power cut.
    host.wait_for(lambda: stack.ask(address, "/rows")[:2], lambda found: found[0] == 200, 60)
    assert stack.ask(address, "/rows")[:2] == (200, rows)
    assert stack.ask(address, "/uploads")[:2] == (200, "kept")
    assert {host.shell(f"findmnt -no FSTYPE /srv/slipway/shop/{name}") for name in _FOLDERS} == {"ext4\n"}
    owners = host.shell("cd /srv/slipway/shop && stat -c '%U:%G' shared/upload data/postgres/PG_VERSION data/passwords/postgres/app.json")
    assert owners.split() == ["slipway-app:slipway-app", "slipway-db:slipway-db", "slipway-app:slipway-app"]
    (told,) = stack.told("status")["hosts"]
    assert told["problems"] == []


def test_another_server_goes_on_with_the_data(stack: Stack) -> None:
    stack.project.write_files({**ROWS, "wsgi.py": ROWS["wsgi.py"] + _UPLOADS})
    write(stack)
    address = launch(stack)
    stack.slipway(
        "exec", "--", "python", "-c", "import wsgi; c = wsgi.app.test_client(); [c.post('/rows'), c.post('/rows'), c.post('/uploads')]"
    )
    first, made = stack.hosts.of("web"), stack.told("backup")["backup"]
    whole(stack, first, address, "2")
    before = numbers(first)

    write(stack, instanceType="t3.small")
    assert launch(stack) == address
    second = stack.hosts.of("web")
    assert second is not first
    assert numbers(second) != before
    whole(stack, second, address, "2")
    assert second.shell("ls /srv/slipway/shop/backups").split() == [made["id"]]
    assert [one["id"] for one in stack.told("backups")["backups"]] == [made["id"]]

    uuid = second.shell("findmnt -no UUID /srv/slipway/shop/disk").strip()
    second.write("/etc/tmpfiles.d/disk.conf", _LINK.format(uuid=uuid, device=second.volume))
    second.reboot()
    whole(stack, second, address, "2")
    second.kill()
    second.start().wait_booted()
    whole(stack, second, address, "2")
