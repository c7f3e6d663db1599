"""Each database on the host itself: migrated by its owner, written and read by the app, which can't change the schema."""

import json
import os
import socket
import time
import urllib.request
from pathlib import Path

import pytest
from database_app import APP, ENGINES, ROUTES, SQLALCHEMY, publish
from faults import record
from load import Load

from cloud_init.host.base import places as installed
from components.errors import SlipwayError


def needs(engine):
    if engine != "sqlite" and engine not in installed.databases():
        pytest.skip(f"the programs of {engine} are not on this machine")


def launched(make_bench, engine):
    """A host whose first release has that database."""
    needs(engine)
    bench = make_bench()
    bench.boot()
    assert bench.roll(publish(bench, 0, engine)).ok
    return bench


def get(bench, path="/"):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{bench.port}{path}", timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"


def post(bench, body=b"x"):
    with urllib.request.urlopen(f"http://127.0.0.1:{bench.port}/rows", body, timeout=10) as answer:
        return answer.read().decode()


@pytest.mark.quick("PostgreSQL on the host itself: migrated by its owner, closed to all others", case="postgres")
@pytest.mark.quick("MariaDB likewise", case="mysql")
@pytest.mark.parametrize("engine", ENGINES[1:])
def test_the_app_cannot_change_the_schema_and_nobody_else_can_read(make_bench, engine):
    bench = launched(make_bench, engine)
    told = bench.host.run(["status"])["database"]
    assert told["engine"] == engine
    assert told["schema"]
    assert "denied" in get(bench, "/ddl")
    tree = bench.folder / ".slipway/t"
    passwords = {path.stem: path for path in (tree / f"srv/slipway/demo/data/passwords/{engine}").glob("*.json")}
    assert set(passwords) == {"admin", "owner", "app"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in passwords.values())
    host, _, port = (tree / f"srv/slipway/demo/data/passwords/{engine}/address").read_text().strip().rpartition(":")
    pid = json.loads(next(Path(bench.facts["run"]).glob(f"database/{engine}.json")).read_text())["pid"]
    assert listening(pid) == {(host, int(port))}
    record("database", f"{engine}: the app's role tries CREATE TABLE", "refused by the database")


def listening(pid):
    """Addresses of TCP that a process listens on, of IPv4; anything of IPv6 would be one too many."""
    mine = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in mine:
                host, port = fields[1].split(":")
                found.add((host if table == "tcp6" else socket.inet_ntoa(bytes.fromhex(host)[::-1]), int(port, 16)))
    return found


JOINED = SQLALCHEMY.replace('os.environ["DATABASE_URL"]', '"{S}://{U}:{P}@{H}/{N}".format(**os.environ)')
"""An app that names no port, as many do."""
STRANGER = """
@app.get("/stranger")
def stranger():
    from base import create_engine, limits, url
    try:
        create_engine(url.set(password="x"), connect_args=limits).connect()
    except SQLAlchemyError as error:
        return str(error.orig)
    return "let in"
"""


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_two_apps_of_one_machine_join_an_address_and_reach_their_own(make_bench, engine):
    """Over TCP by a password, also after a start that finds the address taken: only servers that listen can be in each other's way."""
    needs(engine)
    environment = {name[0].upper(): f"${{database.{name}}}" for name in ("scheme", "user", "password", "host", "name")}
    extra = {"base.py": JOINED, "wsgi.py": (APP + ROUTES).replace("NUMBER", "0") + STRANGER}
    benches = [make_bench(), make_bench()]
    for bench in benches:
        bench.boot()
        verdict = bench.roll(publish(bench, 0, engine, environment=environment, extra=extra))
        assert verdict.ok, verdict.message
    notes = [next(bench.folder.glob(f".slipway/t/srv/slipway/demo/data/passwords/{engine}/address")) for bench in benches]
    assert notes[0].read_text() != notes[1].read_text()
    post(benches[0])
    assert [get(bench, "/rows") for bench in benches] == ["1", "0"]
    assert ("authentication failed" if engine == "postgres" else "Access denied") in get(benches[0], "/stranger")
    assert benches[0].host.run(["halt"])["ok"]
    host, _, port = notes[0].read_text().strip().rpartition(":")
    with socket.create_server((host, int(port))):
        assert benches[0].host.run(["boot"])["ok"]
        assert notes[0].read_text() not in (f"{host}:{port}\n", notes[1].read_text())
        assert [get(bench, "/rows") for bench in benches] == ["1", "0"]
        post(benches[0])
    record("database", f"{engine}: its port is taken when it starts", "it listens elsewhere; the app is told, rows are there")


@pytest.mark.family("databases on the host", case="postgres")
@pytest.mark.parametrize("engine", ENGINES[1:])
def test_data_outlives_halt_and_destroy(make_bench, engine, tmp_path):
    bench = launched(make_bench, engine)
    post(bench)
    assert bench.host.run(["halt"])["ok"]
    assert bench.host.run(["boot"])["ok"]
    assert get(bench, "/rows") == "1"
    bench.host.remove(keep_data=True)
    with pytest.raises(SlipwayError, match="wanted a release that can dump its database, found none after a plain `destroy`"):
        bench.host.save(engine, tmp_path)
    bench.boot()
    verdict = bench.roll(publish(bench, 1, engine))
    assert verdict.ok, verdict.message
    assert get(bench, "/rows") == "1"
    record("database", f"{engine}: destroy without data, then up", "rows are there")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("statement", ["first", "second"])
def test_a_failing_migration(make_bench, engine, statement):
    needs(engine)
    bench = make_bench()
    bench.boot()
    good = publish(bench, 0, engine)
    assert bench.roll(good).ok
    bad = "NONSENSE" if statement == "first" else "CREATE TABLE half (x integer);NONSENSE"
    with Load(bench.port, bodies=("0",), post="/rows", clients=4, interval=0.03) as load:
        verdict = bench.roll(publish(bench, 1, engine, schema=bad))
    assert not verdict.ok
    assert f"release {good} still serves" in verdict.message
    assert "NONSENSE" in verdict.message
    said = "the database's schema is as it was" if statement == "first" else "put back as it was" if engine == "sqlite" else "is kept at"
    assert said in verdict.message
    assert load.failures == []
    assert bench.roll(publish(bench, 2, engine)).ok
    record("broken", f"{engine}: {statement} migration statement", f"refused; {said}", load.sent, len(load.failures))


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_the_database_is_away_for_a_while(make_bench, engine):
    """503 with a clear body meanwhile, well again without a restart of the app."""
    needs(engine)
    bench = make_bench()
    bench.boot()
    good = publish(bench, 0, engine)
    assert bench.roll(good).ok
    supervisor = Stopped(bench, engine)
    with Load(bench.port, bodies=("0",), clients=4, interval=0.05) as load:
        time.sleep(1)
        supervisor.stop()
        began = time.monotonic()
        assert get(bench) == "503 database away: OperationalError"
        time.sleep(max(0.0, 30 - (time.monotonic() - began)))
        supervisor.start()
        back = time.monotonic()
        while get(bench) != "0":
            assert time.monotonic() < back + 30
            time.sleep(0.1)
        seconds = time.monotonic() - back
        time.sleep(2)
        failures = len(load.failures)
        time.sleep(1)
        assert len(load.failures) == failures
    wrong = [one for one in load.failures if " 503 from " not in one or "database away" not in one]
    assert wrong == []
    assert get(bench, "/rows") == "0"
    came = "503 `database away` meanwhile, back without a restart of the app"
    record("database", f"{engine} stopped for 30 s under load", came, load.sent, len(load.failures), seconds)


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_a_stopped_database_comes_back_with_the_next_release(make_bench, engine):
    bench = launched(make_bench, engine)
    Stopped(bench, engine).stop()
    assert get(bench).startswith("503")
    assert bench.roll(publish(bench, 1, engine)).ok
    assert get(bench) == "1"


class Stopped:
    """A program, by the word of what keeps it running."""

    def __init__(self, bench, program):
        from cloud_init.host.base import places
        from cloud_init.host.processes import managers

        self.manager = managers.of(places.load(Path(bench.facts["root"])))
        self.program = program

    def stop(self):
        self.manager.stop(self.program)

    def start(self):
        self.manager.start(self.program)
