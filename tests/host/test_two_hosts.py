"""A database host beside a web host, over the loopback address: clients that come and go, a restore over both, kills in its middle."""

import contextlib
import subprocess

import pytest
import two_hosts
from test_databases import needs

from components.deployment.on_hosts import HostsDeployment
from components.hosts import certificates

ENGINES = ("postgres", "mysql")
pytestmark = pytest.mark.launch


@pytest.fixture(params=ENGINES)
def hosts(request):
    needs(request.param)
    made = two_hosts.made(request.param)
    try:
        assert made.boot()["ok"]
        yield made
    finally:
        made.end()


def pid(hosts):
    return next(one["pid"] for one in hosts.database.run(["status"])["processes"] if one["name"] == hosts.engine)


def test_clients_and_a_certificate_change_while_connections_stay(hosts):
    assert hosts.roll(hosts.release(0)).ok
    assert hosts.ask("/rows", b"x") == "1"
    assert "denied" in hosts.ask("/ddl")
    before = pid(hosts)
    hosts.clients, hosts.pair = ["127.0.0.0/24", "10.9.8.0/24"], certificates.server(hosts.authority, hosts.address)
    refused = hosts.roll(hosts.release(1, extra={"wsgi.py": "raise SystemExit('no')"}))
    assert not refused.ok
    assert hosts.in_force()["clients"] == ["127.0.0.1/32"]
    release = hosts.release(2)
    assert hosts.database.run(["prepare", "90", release])["ok"]
    assert hosts.in_force()["clients"] == ["127.0.0.0/24", "10.9.8.0/24", "127.0.0.1/32"]
    assert hosts.roll(release).ok
    assert hosts.in_force()["clients"] == ["127.0.0.0/24", "10.9.8.0/24"]
    assert (hosts.ask(), hosts.ask("/rows"), pid(hosts)) == ("2", "1", before)


def test_a_restore_over_both_hosts_and_one_whose_caller_was_killed(hosts):
    assert hosts.roll(hosts.release(0)).ok
    hosts.ask("/rows", b"x")
    made = hosts.database.run(["backup", "--reason", "by hand"])["backup"]["id"]
    hosts.ask("/rows", b"y")
    told = HostsDeployment(hosts.day).restore(made, False)
    assert told.ok, told
    assert hosts.ask("/rows") == "1"
    assert told.first in {one["id"] for one in hosts.database.run(["backups"])["backups"]}
    missing = HostsDeployment(hosts.day).restore("20200101-000000", False)
    assert "wanted a backup of this host" in missing.message
    assert hosts.ask() == "0"
    # Whoever restores is killed: the web host held, the database host in the middle of it.
    assert hosts.host.run(["hold", told.first])["ok"]
    tool = subprocess.Popen(hosts.database.tool(["restore", told.first]), stdout=subprocess.PIPE, text=True)
    for line in tool.stdout:
        if '"load"' in line:
            break
    tool.kill()
    tool.wait()
    assert hosts.ask().startswith("503")
    assert hosts.database.run(["status"])["restore"]["running"] is False
    assert hosts.database.run(["boot"])["ok"]
    assert hosts.host.run(["boot"])["ok"]
    assert (hosts.ask(), hosts.ask("/rows")) == ("0", "2")
    assert hosts.host.run(["status"])["restore"] is None


@pytest.mark.parametrize("hosts", ENGINES[:1], indirect=True)
def test_folders_of_the_web_host_come_back_with_the_rows(hosts):
    """Launched: that both hosts have the same moment again shows where both ran."""
    assert hosts.roll(hosts.release(0, data=["up"])).ok
    up = hosts.folder / ".slipway/t/srv/slipway/demo/shared/app/up"
    deployment = HostsDeployment(hosts.day)

    def there():
        for _ in range(12):  # after a kill the app isn't waited for: the first requests may wait for its imports
            with contextlib.suppress(TimeoutError):
                hosts.ask()
                break
        return hosts.ask("/rows"), {path.name: path.read_text() for path in up.iterdir()}

    (up / "a").write_text("a")
    hosts.ask("/rows", b"x")
    made = deployment.backup("by hand")
    assert made.ok, made
    assert made.backup
    (up / "a").write_text("late")
    (up / "b").write_text("b")
    hosts.ask("/rows", b"y")
    told = deployment.restore(made.backup.id, False)
    assert told.ok, told
    assert told.first
    assert there() == ("1", {"a": "a"})
    back = deployment.restore(told.first, False)
    assert back.ok, back
    assert there() == ("2", {"a": "late", "b": "b"})
    # Whoever restores is killed while the folders come back: whatever runs next finishes that.
    assert hosts.host.run(["hold", made.backup.id])["ok"]
    tool = subprocess.Popen(hosts.host.tool(["let-go", "--load="]), stdout=subprocess.PIPE, text=True)
    for line in tool.stdout:
        if '"load"' in line:
            break
    tool.kill()
    tool.wait()
    assert hosts.host.run(["boot"])["ok"]
    assert there() == ("2", {"a": "a"})
    # Not restored there, nothing comes back here; without a backup that is said.
    (up / "a").write_text("new")
    assert not deployment.restore("20200101-000000", False).ok
    subprocess.run(["rm", "-r", str(up.parents[2] / "backups")], check=True)
    assert hosts.host.run(["hold", made.backup.id])["ok"]
    events = []
    assert hosts.host.run(["let-go", "--load="], events.append)["ok"]
    assert [one["text"] for one in events if one["event"] == "note"] == [
        "the app's folders here stay as they are: there is no backup of them"
    ]
    assert there() == ("2", {"a": "new"})


@pytest.mark.family("two hosts")
@pytest.mark.parametrize("hosts", ENGINES[:1], indirect=True)
def test_nightly_backups_go_to_the_store_and_come_back_from_it(hosts):
    assert hosts.roll(hosts.release(0)).ok
    hosts.ask("/rows", b"x")
    first = hosts.database.run(["backup", "--nightly"])["backup"]["id"]
    assert hosts.store.get(f"backups/data/{first}/backup.json")
    folder = hosts.tree / "srv/slipway/demo/backups"
    subprocess.run(["rm", "-r", str(folder / first)], check=True)
    listed = hosts.database.run(["backups"])["backups"]
    assert [one["id"] for one in listed] == [first]
    hosts.ask("/rows", b"y")
    assert HostsDeployment(hosts.day).restore(first, False).ok
    assert hosts.ask("/rows") == "1"
