"""The example app on one host, its database on another: who gets in, what a reboot and an absence do, backups and the way back."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from components.hosts import certificates
from components.hosts.database_host import PORTS, addresses
from real_hosts.apps import STATEMENT
from real_hosts.network import Network
from real_hosts.pair import Pair

_AWAY = "table inet away { chain input { type filter hook input priority -10; tcp dport PORT reject with tcp reset; }; }"
_USERS = [{"name": f"User {number}", "email": f"user{number}@example.com"} for number in range(20)]
_SUM = {
    "postgres": "SELECT count(*), md5(string_agg(u::text, '|' ORDER BY id)) FROM user_info u",
    "mysql": "SELECT count(*), md5(group_concat(id, name, email ORDER BY id)) FROM user_info",
}
_DROP = {
    "postgres": "psql -qd shop -c 'DROP SCHEMA public CASCADE'",
    "mysql": "mariadb -u owner shop -e 'DROP DATABASE shop; CREATE DATABASE shop'",
}


@pytest.fixture(params=[("postgres", 600_000_000, "systemd"), ("mysql", None, "supervisor")], ids=["postgres", "mysql"])
def pair(network: Network, request: pytest.FixtureRequest) -> Iterator[Pair]:
    made = Pair(network, *request.param)
    yield made
    for name, host in made.hosts.items():  # shown where the test fails
        print(f"== {name}\n{host.journal('slipway*')[-6000:]}")


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"  {text}")


def statement(pair: Pair, text: str, **url: Any) -> str:
    return pair.in_app(STATEMENT.replace("STATEMENT", text), **url)


def test_a_web_host_and_a_database_host(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    first = pair.publish(1)
    pair.want(first)
    pair.web.wait_for(lambda: pair.ask()[0], (200).__eq__, 400)
    say(capsys, f"\n  {pair.engine}: boot of both to first 200: {time.monotonic() - pair.web.started:.1f} s")
    for user in _USERS:
        assert pair.ask("/api/users", user)[0] == 201
    who_gets_in(pair)
    if pair.database.volume:
        assert pair.database.shell("findmnt -no FSTYPE /srv/slipway/shop/data") == "ext4\n"
    second = a_new_certificate(pair, first)
    backup_and_back(pair)
    killed(pair, capsys)
    reboot(pair, capsys)
    away(pair, capsys)
    assert pair.told("web", "heartbeat")["live"] == pair.told("database", "heartbeat")["live"] == second


def who_gets_in(pair: Pair) -> None:
    """The app's role on the web host, by TLS and the right authority: nobody else, nothing else."""
    assert "denied" in statement(pair, "CREATE TABLE mischief (x integer)")
    url = addresses("shop", pair.engine, pair.passwords, pair.database.address)["DATABASE_URL"]
    assert statement(pair, "SELECT 1", url=url) == "[(1,)]"
    plain = url.partition("?")[0] + {"postgres": "?sslmode=disable", "mysql": "?ssl_disabled=1"}[pair.engine]
    assert any(word in statement(pair, "SELECT 1", url=plain) for word in ("no encryption", "insecure transport"))
    other = "/tmp/other-ca.pem"
    pair.web.write(other, certificates.authority("other").certificate)
    refused = statement(pair, "SELECT 1", url=url.replace("/etc/slipway/shop/database-ca.pem", other))
    assert "verify failed" in refused or "certificate" in refused, refused
    closed = f"timeout 5 bash -c '</dev/tcp/{pair.database.address}/{PORTS[pair.engine]}'"
    assert pair.third.run(["bash", "-c", closed], check=False).returncode
    assert pair.web.run(["bash", "-c", closed], check=False).returncode == 0
    listening = pair.database.shell("ss -Hltn").split()
    assert f"{pair.database.address}:{PORTS[pair.engine]}" in listening
    assert not any(one in listening for one in (f"0.0.0.0:{PORTS[pair.engine]}", f"*:{PORTS[pair.engine]}", f"[::]:{PORTS[pair.engine]}"))
    assert pair.database.shell("stat -c '%a %U' /etc/slipway/shop/database/server.key") == "600 slipway-db\n"


def a_new_certificate(pair: Pair, first: str) -> str:
    """In force by the release that brings it; the server that runs is the same one."""
    before = main_process(pair)
    pair.pair = certificates.server(pair.authority, pair.database.address)
    second = pair.publish(2)
    pair.roll(first, second)
    assert main_process(pair) == before
    assert pair.ask("/api/users")[0] == 200
    assert pair.database.read("/etc/slipway/shop/database/server.crt").decode() == pair.pair.certificate
    return second


def backup_and_back(pair: Pair) -> None:
    """By the timer's own service; everything dropped; back with equal rows and checksums. The web host has the page up meanwhile."""
    before = statement(pair, _SUM[pair.engine])
    assert before.startswith("[(20, ")
    assert "slipway-backup.timer" in pair.database.shell("systemctl list-timers --all --no-legend")
    pair.database.run(["systemctl", "start", "slipway-backup.service"])
    made = pair.tool(pair.database, "backups")["backups"][0]
    assert (made["reason"], made["rows"]["user_info"]) == ("nightly", 20)
    assert pair.shelves["database"].store.get(f"backups/database/{made['id']}/backup.json")
    drop = {"postgres": "PGHOST=/run/slipway/shop/database PGUSER=owner PGPASSWORD=", "mysql": "MYSQL_PWD="}[pair.engine] + pair.passwords[
        "owner"
    ]
    socket = " -S /run/slipway/shop/database/mysqld.sock" if pair.engine == "mysql" else ""
    program = "" if pair.engine == "mysql" else "PATH=/usr/lib/postgresql/17/bin:$PATH "
    pair.database.shell(f"{program}{drop} {_DROP[pair.engine].replace('mariadb -u', f'mariadb --no-defaults{socket} -u')}")
    assert pair.ask()[0] == 503
    assert pair.tool(pair.web, "hold", made["id"])["ok"]
    assert (pair.ask("/")[0], pair.ask("/-/live")[0]) == (503, 200)
    restored = pair.tool(pair.database, "restore", made["id"])
    assert restored["ok"], restored
    assert pair.tool(pair.web, "let-go")["ok"]
    assert pair.ask()[0] == 200
    assert statement(pair, _SUM[pair.engine]) == before


def main_process(pair: Pair) -> str:
    """The database server's own, the oldest of them; empty where there is none."""
    program = {"postgres": "postgres", "mysql": "mariadbd"}[pair.engine]
    return pair.database.run(["pgrep", "-o", "-u", "slipway-db", program], check=False).stdout.strip()


def killed(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    """Back by itself, with its data."""
    before = main_process(pair)
    pair.database.run(["kill", "-9", before])
    began = time.monotonic()
    pair.database.wait_for(lambda: main_process(pair), lambda now: now not in ("", before), 60)
    pair.web.wait_for(lambda: pair.ask("/api/users")[0], (200).__eq__, 60)
    say(capsys, f"{pair.engine}: kill -9 of the database server to the app's next 200: {time.monotonic() - began:.1f} s")
    assert statement(pair, "SELECT count(*) FROM user_info") == "[(20,)]"


def reboot(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    """It comes up by itself, with its data, and the app with it."""
    if pair.database.volume:  # a part of udev's, which containers don't have
        uuid = pair.database.shell("findmnt -no UUID /srv/slipway/shop/data || blkid -so value -p " + pair.database.volume).strip()
        pair.database.write(
            "/etc/tmpfiles.d/disk.conf", f"d /dev/disk/by-uuid\nL /dev/disk/by-uuid/{uuid} - - - - {pair.database.volume}\n"
        )
    began = time.monotonic()
    pair.database.reboot()
    pair.web.wait_for(lambda: pair.ask("/api/users")[0], (200).__eq__, 120)
    say(capsys, f"{pair.engine}: reboot of the database host to the app's next 200: {time.monotonic() - began:.1f} s")
    assert statement(pair, "SELECT count(*) FROM user_info") == "[(20,)]"


def away(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    """30 seconds: 503 from the app itself, well again without anybody's help."""
    pair.database.in_network(["nft", _AWAY.replace("PORT", str(PORTS[pair.engine]))])
    began, seen = time.monotonic(), set()
    while time.monotonic() < began + 30:
        seen.add(pair.ask()[0])
        time.sleep(1)
    pair.database.in_network(["nft", "delete table inet away"])
    resumed = time.monotonic()
    assert 503 in seen, seen
    pair.web.wait_for(lambda: pair.ask()[0], (200).__eq__, 60)
    say(capsys, f"{pair.engine}: away for 30 s: answers {sorted(seen)}; well again {time.monotonic() - resumed:.1f} s after its return")
