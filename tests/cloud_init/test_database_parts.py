"""What a database host is made of, as pure functions: sizes, who may connect, which backups stay, packages and units."""

import datetime
import itertools
import re

import documents
import pytest

from cloud_init import system
from cloud_init.fleet import Fleet, OwnHost
from cloud_init.host.base.files import template
from cloud_init.host.base.outcome import Refused
from cloud_init.host.contracts import Wrong
from cloud_init.host.data import stored_backups
from cloud_init.host.data.databases import network
from cloud_init.templating import text

MB = network.MB
SIZES = [256 * MB, 512 * MB, 1024 * MB, 2048 * MB, 16384 * MB, 524288 * MB]


def megabytes(text):
    return int(text.rstrip("MB")) * MB


@pytest.mark.parametrize("size", SIZES)
def test_a_server_leaves_room_for_the_rest_of_its_host(size):
    host = max(size, 512 * MB)
    postgres, mariadb = network.postgres(size), network.mariadb(size)
    buffers, sorts = megabytes(postgres["shared_buffers"]), megabytes(postgres["work_mem"])
    assert buffers <= host // 4
    assert sorts >= 2 * MB
    assert megabytes(postgres["effective_cache_size"]) <= host * 3 // 4
    assert megabytes(mariadb["innodb-buffer-pool-size"]) <= host // 2
    assert 100 <= int(postgres["max_connections"]) == int(mariadb["max-connections"]) <= 1000


def test_more_memory_never_means_less():
    for engine in (network.postgres, network.mariadb):
        for small, large in itertools.pairwise(SIZES):
            before, after = engine(small), engine(large)
            assert all(int(before[name].rstrip("MB")) <= int(after[name].rstrip("MB")) for name in before)


def test_how_many_connections_it_takes_is_as_it_is_said():
    each, least, most = map(int, re.findall(r"\d+", network.TAKEN["own-host"].replace(",000", "000")))
    sizes = [megabyte * MB for megabyte in range(1, 20000, 7)]
    assert [network.connections(size) for size in sizes] == [max(least, min(size // (each * MB), most)) for size in sizes]


def test_the_rules_name_both_roles_for_each_network_by_tls_alone():
    lines = network.rules("shop", ["10.0.0.0/24", "fd00::/64"]).splitlines()
    assert lines == [
        "local all all scram-sha-256",
        'hostssl "shop" owner 10.0.0.0/24 scram-sha-256',
        'hostssl "shop" app 10.0.0.0/24 scram-sha-256',
        'hostssl "shop" owner fd00::/64 scram-sha-256',
        'hostssl "shop" app fd00::/64 scram-sha-256',
    ]
    assert not any(line.startswith("host ") for line in lines)


@pytest.mark.parametrize(
    "app", ['a" all all trust #', "a\nhost all all 0.0.0.0/0 trust", "all", "+all", "@file", 'x""y', "a\r\nlocal all all trust"]
)
def test_a_hostile_name_stays_a_name(app):
    lines = network.rules(app, ["10.0.0.1/32"]).splitlines()
    assert [line.split()[0] for line in lines] == ["local", "hostssl", "hostssl"]
    for line in lines[1:]:
        quoted = line.removeprefix('hostssl "')
        end = next(
            place
            for place in range(len(quoted))
            if quoted[place] == '"' and quoted[: place + 1].count('"') % 2 and quoted[place + 1] == " "
        )
        assert quoted[end + 1 :].split() in (["owner", "10.0.0.1/32", "scram-sha-256"], ["app", "10.0.0.1/32", "scram-sha-256"])


@pytest.mark.parametrize(
    "clients",
    [["all"], ["0.0.0.0/0 trust\nlocal all"], ["10.0.0.0/99"], [None], "10.0.0.0/8"],
    ids=["name", "line", "mask", "none", "text"],
)
def test_what_is_no_network_is_refused(clients):
    database = {"engine": "postgres", "address": ["10.0.0.5", 5432], "clients": clients}
    with pytest.raises((Refused, Wrong), match=r"wanted an address of this host|^database\.clients.*: wanted (a list|text), found"):
        network.wanted(documents.manifest(database=database))


def test_mariadb_is_told_networks_in_its_own_way():
    assert network.hosts(["10.0.0.0/24", "10.0.0.7/32", "fd00::7/128"]) == ["10.0.0.0/255.255.255.0", "10.0.0.7", "fd00::7"]
    with pytest.raises(Refused, match=r"fd00::/64"):
        network.hosts(["fd00::/64"])


def test_who_was_let_in_stays_so_until_the_commit():
    now = network.Network("10.0.0.5", 5432, ("10.0.0.0/24",))
    assert network.Network("10.0.0.5", 5432, ("10.1.0.0/24",)).letting(now.clients).clients == ("10.1.0.0/24", "10.0.0.0/24")
    assert now.letting(now.clients) == now


def nights(number, until=datetime.datetime(2026, 3, 1, 3)):
    return [(until - datetime.timedelta(days=day)).strftime("%Y%m%d-%H%M%S") for day in range(number)]


def test_seven_days_four_weeks_three_months_are_kept():
    kept = stored_backups.to_keep(nights(400))
    assert set(nights(7)) <= kept
    assert len(kept) <= 7 + 4 + 3
    oldest = datetime.datetime.strptime(min(kept), "%Y%m%d-%H%M%S")
    assert oldest.month == 1  # of three months the first one's last night
    weeks = {datetime.datetime.strptime(one, "%Y%m%d-%H%M%S").isocalendar()[:2] for one in kept}
    assert len(weeks) >= 4


def test_thinning_out_night_after_night_keeps_as_much_as_at_once():
    kept: set[str] = set()
    for night in reversed(nights(200)):
        kept = stored_backups.to_keep({*kept, night})
    assert set(nights(7)) <= kept
    assert len(kept) >= 7 + 2 + 2


def test_a_host_that_was_off_loses_nothing():
    old = nights(3, datetime.datetime(2025, 1, 10, 3))
    assert stored_backups.to_keep(old) == set(old)


def fleet(engine, placement, **more):
    own = OwnHost(5432, ("10.0.0.0/24",)) if placement == "own-host" else None
    return Fleet("systemd", "nginx", engine, database=own, roles=("web", "database"), placement=placement, **more)


@pytest.mark.parametrize(
    ("engine", "placement", "role", "package"),
    [
        ("postgres", "own-host", "database", "postgresql"), ("mysql", "own-host", "database", "mariadb-server"),
        ("postgres", "same-host", "web", "postgresql"), ("postgres", "own-host", "web", None), ("postgres", "external", "web", None),
        ("sqlite", "same-host", "web", None), ("none", "same-host", "web", None),
    ],
)  # fmt: skip
def test_the_database_comes_with_the_host_that_has_it(engine, placement, role, package):
    servers = {"postgresql", "mariadb-server"} & set(system.packages(fleet(engine, placement), role))
    assert servers == ({package} if package else set())
    timers = [file.path for file in system.files(fleet(engine, placement), role) if file.path.endswith("backup.timer")]
    assert len(timers) == (package is not None or engine == "sqlite")


def test_the_mount_is_by_the_disks_identity():
    text = template(
        "cloud_init.host.server", "data.mount", APP="shop", UUID="1-2", WHERE="/srv/slipway/shop/disk", TYPE="ext4", OPTIONS="ro"
    )
    assert "What=/dev/disk/by-uuid/1-2\nWhere=/srv/slipway/shop/disk\nType=ext4\n" in text
    assert "@@" not in text


@pytest.mark.parametrize("engine", ["mysql", "postgres"])
def test_an_engine_has_all_that_the_agent_asks_of_it(engine):
    """What one lacks is seen in a failure alone, in place of the database's own words."""
    asked = set(re.findall(r"\bengine\.(\w+)", text("database/agent.py")))
    made = re.findall(r"^(?:def )?(\w+)(?: =|\()", text(f"database/{engine}.py"), re.MULTILINE)
    assert len(asked) > 8
    assert asked <= {*made}
