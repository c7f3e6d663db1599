"""slipway:ssh: what it takes, and one line for each thing that is wrong."""
# ruff: noqa: E501  a row of the table is a setting and what is said of it

from pathlib import Path

import pytest

from components import settings, target
from components.errors import UsageError
from components.ssh import bring_up
from components.target import StackPlace
from components.targets import ssh

APP = {"name": "shop", "path": "."}


def given(ssh_options, **more):
    raw = {"target": "ssh", "app": APP, "ssh": ssh_options, **more}
    return settings.parse({f"slipway:{key}": value for key, value in raw.items()}, (), "dev")


def site(tmp_path, ssh_options, **more):
    return ssh.deployment(given(ssh_options, **more), StackPlace(tmp_path, "project", "dev")).site


def problems(ssh_options, **more):
    read = given(ssh_options, **more)
    with pytest.raises(UsageError) as caught:
        target.chosen(read).deployment(read, StackPlace(Path("/nowhere"), "project", "dev"))
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


OWN = {"engine": "postgres", "placement": "own-host"}


@pytest.mark.parametrize(
    ("options", "more", "wanted"),
    [
        ({}, {}, "slipway:ssh.hosts: wanted a value (docs/settings.md says which), found nothing"),
        ({"hosts": {"web": []}}, {}, "slipway:ssh.hosts.web: wanted at least one server, found none"),
        ({"hosts": {"web": ["a"], "databse": "b"}}, {}, "slipway:ssh.hosts.databse: no such setting; docs/settings.md has"),
        ({"hosts": {"web": [{"address": "a", "prot": 1}]}}, {}, "slipway:ssh.hosts.web[0].prot: no such setting; docs/settings.md has"),
        ({"hosts": {"web": ["a b"]}}, {}, "slipway:ssh.hosts.web[0].address: wanted a host's name or address, such as web.example.com or 203.0.113.5, found 'a b'"),
        ({"hosts": {"web": ["-oProxyCommand=sh"]}}, {}, "slipway:ssh.hosts.web[0].address: wanted a host's name or address"),
        ({"hosts": {"web": [7]}}, {}, "slipway:ssh.hosts.web[0]: wanted a host's name or address, such as web.example.com or 203.0.113.5, or a mapping, found 7"),
        ({"hosts": {"web": [{"address": "a", "name": "../x"}]}}, {}, "slipway:ssh.hosts.web[0].name: wanted a name of letters"),
        ({"hosts": {"web": ["a", "b", "a"]}}, {}, "slipway:ssh.hosts.web[2]: wanted a name that no other server has, found 'a' again"),
        ({"hosts": {"web": ["a"]}, "user": "x; rm"}, {}, "slipway:ssh.user: wanted a user's name, such as admin, found 'x; rm'"),
        ({"hosts": {"web": ["a"]}, "port": 0}, {}, "slipway:ssh.port: wanted a whole number from 1 to 65535, found 0"),
        ({"hosts": {"web": ["a"]}, "hostKeys": ["ssh-ed25519 AAAA"]}, {}, "slipway:ssh.hostKeys[0]: wanted a line as in known_hosts"),
        ({"hosts": {"web": ["a"]}, "sshFrom": ["10.0.0.0/33"]}, {}, "slipway:ssh.sshFrom[0]: wanted an address or network, such as 203.0.113.0/24"),
        ({"hosts": {"web": ["a"]}, "store": "file:///srv"}, {}, "slipway:ssh.store: wanted the address of a bucket"),
        ({"hosts": {"web": ["a", "b"]}}, {"database": {"engine": "sqlite"}}, "slipway:database.placement: wanted own-host or external (postgres or mysql), as several"),
        ({"hosts": {"web": ["a", "b"]}}, {"database": {"engine": "mysql"}}, "slipway:database.placement: wanted own-host or external (mysql), as several"),
        ({"hosts": {"web": ["a"]}}, {"database": {**OWN, "placement": "managed"}}, "slipway:database.placement: wanted same-host, own-host or external"),
        ({"hosts": {"web": ["10.0.0.1"]}}, {"database": OWN}, "slipway:ssh.hosts.database: wanted a server for the database"),
        ({"hosts": {"web": ["10.0.0.1"], "database": "10.0.0.2"}}, {}, "slipway:ssh.hosts.database: wanted none, as slipway:database.placement is same-host"),
        ({"hosts": {"web": ["a"], "database": "10.0.0.2"}}, {"database": OWN}, "slipway:ssh.hosts.web[0].privateAddress: wanted an IP address"),
        ({"hosts": {"web": [{"address": "a", "volume": "/dev/sdb"}]}}, {}, "slipway:ssh.hosts.web[0].volume: no such setting"),
        ({"hosts": {"web": ["10.0.0.1"], "database": {"address": "10.0.0.2", "volume": "sdb"}}}, {"database": OWN}, "slipway:ssh.hosts.database.volume: wanted the path of a disk"),
        ({"hosts": {"web": ["10.0.0.1"], "database": "10.0.0.1"}}, {"database": OWN}, "slipway:ssh.hosts.database: wanted a name that no other server has"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_a_line(options, more, wanted):
    found = problems(options, **more)
    assert len(found) == 1
    assert found[0].startswith(wanted)


def test_a_server_is_an_address_or_says_more(tmp_path):
    hosts = {"web": ["203.0.113.5", {"address": "web.example.com", "name": "two", "user": "root", "port": "2222"}, "2001:db8::1"]}
    reach = site(tmp_path, {"hosts": hosts, "user": "admin"})
    assert [(one.host, one.role, one.way.login.address, one.way.login.user, one.way.login.port) for one in reach.hosts] == [
        ("203.0.113.5", "web", "203.0.113.5", "admin", 22),
        ("two", "web", "web.example.com", "root", 2222),
        ("2001-db8--1", "web", "2001:db8::1", "admin", 22),
    ]
    assert (reach.url, reach.follow, reach.expected) == ("http://203.0.113.5", False, ("203.0.113.5", "two", "2001-db8--1"))


def test_servers_with_a_bucket_follow_it_by_themselves_others_are_driven(tmp_path):
    for store, transport in (("s3://bucket/shop?region=eu-west-1", ""), ("file:///var/lib/slipway/store", "ssh")):
        [host] = site(tmp_path, {"hosts": {"web": ["203.0.113.5"]}}).hosts
        assert bring_up.boot({**host.facts, "store": store}).transport == transport


def test_the_database_is_asked_where_it_is(tmp_path):
    reach = site(tmp_path, {"hosts": {"web": ["10.0.0.1"], "database": "10.0.0.2"}}, database=OWN)
    assert (reach.database_host.host, [one.host for one in reach.web]) == ("10.0.0.2", ["10.0.0.1"])


def test_nothing_is_asked_of_a_server_to_reach_it(tmp_path):
    """A plan and the settings need no connection."""
    assert site(tmp_path, {"hosts": {"web": ["203.0.113.5"]}}).store.address.startswith("ssh:")


def test_the_program_that_reaches_servers_is_looked_for(monkeypatch):
    for path, present in (("/usr/bin", True), ("/nowhere", False)):
        monkeypatch.setenv("PATH", path)
        assert [(one.program, one.present) for one in target.find("ssh").needs(given({"hosts": {"web": ["a"]}}))] == [("ssh", present)]
