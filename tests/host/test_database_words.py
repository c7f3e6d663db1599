"""What a host tells an app of its database: the words of `${database.WORD}`, and an address that the app's own driver takes."""

import json
import os
import socket
from dataclasses import replace
from typing import Any

import documents
import ports
import pytest

from cloud_init.host.base import masking, processes
from cloud_init.host.base.outcome import Refused, cause
from cloud_init.host.data import databases
from cloud_init.host.data.databases import APP, OWNER, Database, remote
from cloud_init.host.release import files, release_command

SOCKET = "postgresql://app:pw@/shop?host=/run/db&port=5432"
MARIADB = "mysql://app:pw@localhost/shop?unix_socket=/run/m.sock&charset=utf8mb4"


@pytest.fixture(autouse=True)
def _forgetting():
    yield
    masking.forget()


def environment(folder, *packages):
    """A virtual environment with these packages; `sqlalchemy-2.0.1` has its version."""
    site = folder / "lib/python3.13/site-packages"
    site.mkdir(parents=True)
    for one in packages:
        (site / (f"{one}.dist-info" if one.startswith("SQLAlchemy") or one.startswith("sqlalchemy") else one)).mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("packages", "url", "handed"),
    [
        # What SQLAlchemy takes by itself stays as drivers take it too.
        (["SQLAlchemy-1.4.54", "psycopg2"], SOCKET, SOCKET),
        (["sqlalchemy-2.1.9", "psycopg", "psycopg2"], SOCKET, SOCKET),
        (["sqlalchemy-2.0.58", "MySQLdb", "pymysql"], MARIADB, MARIADB),
        # Without SQLAlchemy a driver gets it, which knows no `+`.
        (["psycopg"], SOCKET, SOCKET),
        (["sqlalchemy-2.0.58"], SOCKET, SOCKET),
        ([], "postgres://a:b@h/d", "postgresql://a:b@h/d"),
        # Else the driver has to be told.
        (["sqlalchemy-2.0.58", "psycopg"], SOCKET, SOCKET.replace(":", "+psycopg:", 1)),
        (["sqlalchemy-2.1.9", "psycopg2"], SOCKET, SOCKET.replace(":", "+psycopg2:", 1)),
        (["sqlalchemy-2.0.58", "pymysql"], MARIADB, MARIADB.replace(":", "+pymysql:", 1)),
        (["sqlalchemy-2.0.58", "mysql/connector"], MARIADB, MARIADB.replace(":", "+mysqlconnector:", 1)),
        (["sqlalchemy-2.0.58", "pg8000"], SOCKET, "postgresql+pg8000://app:pw@/shop?unix_sock=/run/db/.s.PGSQL.5432"),
        (["sqlalchemy-2.0.58", "psycopg"], "postgres://a:p%40@h:6/d?sslmode=require", "postgresql+psycopg://a:p%40@h:6/d?sslmode=require"),
        # Somebody's own choice stays.
        (["sqlalchemy-2.0.58", "psycopg2"], "postgresql+asyncpg://a:b@h/d", "postgresql+asyncpg://a:b@h/d"),
        (["sqlalchemy-2.0.58", "pymysql"], "mariadb://a:b@h/d", "mariadb://a:b@h/d"),
    ],
)
def test_the_address_is_for_the_driver_that_the_requirements_bring(tmp_path, packages, url, handed):
    assert remote.words(url, environment(tmp_path / "venv", *packages))["DATABASE_URL"] == handed


def test_the_parts_of_an_address(tmp_path):
    there = environment(tmp_path / "venv", "sqlalchemy-2.1.9", "psycopg", "pymysql")
    assert remote.words(SOCKET, there) == {
        **{"url": SOCKET, "driverUrl": SOCKET.replace(":", "+psycopg:", 1), "DATABASE_URL": SOCKET, "scheme": "postgresql"},
        **{"host": "/run/db", "port": "5432", "name": "shop", "user": "app", "password": "pw", "socket": "/run/db/.s.PGSQL.5432"},
    }
    assert remote.words("mysql://u%40:p%2F%25@[fd00::5]/d%20d?ssl_ca=/ca.pem", there) == {
        "url": "mysql://u%40:p%2F%25@[fd00::5]/d%20d?ssl_ca=/ca.pem",
        **dict.fromkeys(("driverUrl", "DATABASE_URL"), "mysql+pymysql://u%40:p%2F%25@[fd00::5]/d%20d?ssl_ca=/ca.pem"),
        **{"scheme": "mysql", "host": "fd00::5", "port": "3306", "name": "d d", "user": "u@", "password": "p/%", "socket": ""},
    }


def prepared(root, database, public, secret, **facts):
    """A host with the environment of a release `r1` written; its places, folder and manifest."""
    places = documents.places(root, {"run": str(root / "run"), **facts})
    manifest = documents.manifest(id="r1", database=database, environment=public)
    folder = places.release("r1")
    (folder / "src").mkdir(parents=True)
    files.write_files(places, manifest, secret)
    (folder / "manifest.json").write_text(json.dumps({**documents.MANIFEST, "id": "r1", "database": database, "environment": public}))
    return places, folder, manifest


def of(places, manifest) -> Any:
    """The database of a release, a server."""
    return databases.of(places, manifest)


@pytest.mark.parametrize("engine", ["postgres", "mysql"])
def test_app_and_release_command_get_their_own(tmp_path, engine):
    public = {
        "DB_PASSWORD": "${database.password}",
        "DB_USER": "${database.user}",
        "OTHER": "${HOME}$${x} ${database.name}",
        "DB_HOST": "${database.host}",
    }
    places, folder, manifest = prepared(
        tmp_path, {"engine": engine}, public, {"JSON": '{"dsn": "${database.url}"}', "Q": "x${database.password}y"}
    )
    cluster = of(places, manifest).own()
    for role in (APP, OWNER):
        told = files.variables(places, folder, manifest, role)
        password = cluster.password(role)
        assert (told["DB_USER"], told["DB_PASSWORD"], told["OTHER"]) == (role, password, "${HOME}$${x} shop")
        assert told["DB_HOST"] == ("localhost" if engine == "mysql" else str(tmp_path / "run/database"))
        assert json.loads(told["JSON"])["dsn"] == told["DATABASE_URL"] == cluster.url(role)
        assert "%" not in told["DATABASE_URL"]  # Alembic's set_main_option takes that for its own
        files.note_secrets(places, folder, manifest)
        masking.forget()
        masking.know_host(places.srv)
        assert masking.masked(f"it has x{password}y") == "it has ***"
    assert told.get("MYSQL_UNIX_PORT") == (str(cluster.socket) if engine == "mysql" else None)
    assert cluster.password(OWNER) not in str(files.variables(places, folder, manifest))


@pytest.mark.parametrize("engine", ["postgres", "mysql"])
def test_an_app_that_joins_an_address_gets_a_host_and_a_port(tmp_path, engine):
    """Neither changes the address over the socket."""
    places, folder, manifest = prepared(tmp_path, {"engine": engine}, {"H": "${database.host}", "P": "${database.port}"}, {})
    cluster = of(places, manifest).own()
    before = files.variables(places, folder, manifest)
    cluster.settle()
    told = files.variables(places, folder, manifest)
    assert (told.pop("H"), int(told.pop("P"))) == cluster.address
    assert told.items() <= before.items()


def holding(*addresses):
    """Sockets that listen there."""
    held = [socket.create_server(one) for one in addresses]
    return held, [one.getsockname() for one in held]


@pytest.mark.parametrize("engine", ["postgres", "mysql"])
def test_where_a_cluster_listens_for_the_apps_of_its_host(tmp_path, monkeypatch, engine):
    """At its usual port, which is another's here: on 127.0.0.1 or beside it, or at the next port where all have it; it stays
    while that is free, or it runs."""
    places, _, manifest = prepared(tmp_path, {"engine": engine}, {}, {})
    cluster = of(places, manifest).own()
    port = ports.free()  # the next one is no client's either
    (taken,), _ = holding(("127.0.0.1", port))
    monkeypatch.setattr(type(cluster), "port", port)
    assert cluster.address is None
    assert {"postgres": "listen_addresses=", "mysql": "--skip-networking=ON"}[engine] in cluster.command()
    cluster.settle()
    assert cluster.address == ("127.0.0.2", port)
    wanted = {"postgres": ["listen_addresses=127.0.0.2", f"port={port}"], "mysql": ["--bind-address=127.0.0.2", f"--port={port}"]}[engine]
    assert {*wanted} <= {*cluster.command()}
    taken.close()
    cluster.settle()
    assert cluster.address == ("127.0.0.2", port)
    held, _ = holding(("127.0.0.2", port))
    record = places.run / f"database/{engine}.json"
    record.parent.mkdir(parents=True)
    processes.record(record, os.getpid())
    cluster.settle()
    assert cluster.address == ("127.0.0.2", port)
    record.unlink()
    cluster.settle()
    assert cluster.address == ("127.0.0.1", port)
    held[0].close()
    held, _ = holding(("", port))
    cluster.settle()
    assert cluster.address == ("127.0.0.1", port + 1)
    held[0].close()


def test_sqlite_has_a_path_alone(tmp_path):
    public = {
        "SQLALCHEMY_DATABASE_URI": "${database.url}",
        "D": "${database.driverUrl}",
        "N": "${database.name}",
        "S": "${database.scheme}",
    }
    rest = {word: f"<${{database.{word}}}>" for word in ("host", "port", "user", "password", "socket")}
    places, folder, manifest = prepared(tmp_path, {"engine": "sqlite"}, {**public, **rest}, {})
    told = files.variables(places, folder, manifest)
    assert told["SQLALCHEMY_DATABASE_URI"] == told["D"] == told["DATABASE_URL"] == f"sqlite:///{places.database}"
    assert (told["N"], told["S"]) == (str(places.database), "sqlite")
    assert {told[word] for word in rest} == {"<>"}


def test_an_address_that_comes_with_the_release(tmp_path):
    """Elsewhere: the public word of DATABASE_URL wins, and a short password is masked in what is made of it by any command."""
    secret = {"DATABASE_URL": "postgres://app:hunter2@db/shop", "DATABASE_OWNER_URL": "postgres://own:keeper7@db/shop"}
    public = {"DATABASE_URL": "${database.url}?connect_timeout=3", "DSN": "pre${database.password}post"}
    places, folder, manifest = prepared(tmp_path, {"engine": "postgres", "placement": "managed"}, public, secret)
    told = files.variables(places, folder, manifest)
    assert told["DATABASE_URL"] == "postgresql://app:hunter2@db/shop?connect_timeout=3"
    assert "DATABASE_OWNER_URL" not in told
    assert files.variables(places, folder, manifest, OWNER)["DSN"] == "prekeeper7post"
    files.note_secrets(places, folder, manifest)
    masking.forget()
    masking.know_host(places.srv)
    assert masking.masked("said prehunter2post and prekeeper7post") == "said *** and ***"


def test_what_cannot_be_filled_is_refused_without_the_value(tmp_path):
    for database, value, why in (
        ({"engine": "none"}, "hunter2 ${database.url}", "wanted a database"),
        ({"engine": "sqlite"}, "hunter2 ${database.hunter2}", "wanted .*found another word"),
    ):
        places, folder, manifest = prepared(tmp_path / database["engine"], database, {}, {"KEY": value})
        with pytest.raises(Refused, match=f"^slipway:secretEnv.KEY: {why}") as refused:
            files.variables(places, folder, manifest)
        assert "hunter2" not in str(refused.value)


def test_an_app_that_may_migrate_comes_as_the_owner(tmp_path):
    """On this host by a copy of the password that it may read; the release of before reads none."""
    places, folder, manifest = prepared(tmp_path, {"engine": "postgres", "app_may_migrate": True}, {"U": "${database.user}"}, {})
    owner = of(places, manifest).own().url(OWNER)
    (folder / "env.json").chmod(0o600)
    (folder / "env.json").write_text(json.dumps({"U": "${database.user}", "DATABASE_URL": owner}))  # as it was prepared
    (places.srv / "data/passwords/postgres/owner.json").chmod(0)
    assert files.variables(places, folder, manifest)["DATABASE_URL"] == owner
    assert files.variables(places, folder, manifest)["U"] == "owner"
    assert "postgresql://app:" in of(places, documents.manifest(id="r0", database={"engine": "postgres"})).url(APP)


def test_an_app_that_may_migrate_elsewhere(tmp_path):
    secret = {"DATABASE_URL": "mysql://app:word@db/shop", "DATABASE_OWNER_URL": "mysql://own:word@db/shop"}
    database = {"engine": "mysql", "placement": "own-host", "app_may_migrate": True}
    places, folder, manifest = prepared(tmp_path, database, {}, secret)
    assert files.variables(places, folder, manifest)["DATABASE_URL"] == "mysql://own:word@db/shop"
    assert of(places, manifest).url(OWNER) == "mysql://own:word@db/shop"


@pytest.mark.parametrize(
    "line",
    [
        "sqlalchemy.exc.ProgrammingError: (psycopg.errors.InsufficientPrivilege) permission denied for schema public",
        "psycopg2.errors.InsufficientPrivilege: must be owner of table items",
        "pymysql.err.OperationalError: (1142, \"CREATE command denied to user 'app'@'localhost' for table `shop`.`items`\")",
    ],
)
def test_a_start_that_the_database_denies_says_what_to_set(line):
    assert cause(["Traceback", line]).endswith("make that slipway:app.releaseCommand, or set slipway:database.appMayMigrate: true)")


def test_a_release_command_that_waits_for_a_lock_fails_and_says_whose(tmp_path, monkeypatch):
    """At the second look that finds it waiting; what the database is asked in truth shows test_lock_waits.py."""
    asked = []

    class Waiting(Database):
        def unblock(self, seen):
            asked.append([*seen])
            if "7" in seen:
                (tmp_path / "ended").touch()
            if len(asked) == 1:
                raise Refused("away for a moment")
            return {"7": "process 9 app idle in transaction"}

    monkeypatch.setattr(release_command, "_LOOK", 0.2)
    monkeypatch.setattr("cloud_init.host.data.databases.Database", Waiting)
    command = (
        "while [ ! -e ../../../../../../ended ]; do sleep 0.05; done; echo 'psycopg.errors.QueryCanceled: canceling statement'; exit 1"
    )
    places, _, manifest = prepared(tmp_path, {"engine": "none"}, {}, {}, python="python3")
    places.log.mkdir(parents=True)
    with pytest.raises(Refused) as refused:
        release_command.run(places, replace(manifest, release_command=command))
    assert asked == [[], [], ["7"]]
    held = "; it waited 0.2 s for a lock of process 9 app idle in transaction"
    assert str(refused.value).endswith(f"ended with 1: psycopg.errors.QueryCanceled: canceling statement{held}")
