"""Each database on the host itself: migrated by its owner, written and read by the app, which can't change the schema."""

import time
import urllib.request
from pathlib import Path

import pytest
from database_app import ENGINES, publish
from faults import record
from load import Load

from cloud_init.host.base import installed


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
    listening = Path("/proc/net/tcp").read_text()
    assert not any(f":{port:04X} " in line.split("0A")[0] for port in (5432, 3306) for line in listening.splitlines())
    record("database", f"{engine}: the app's role tries CREATE TABLE", "refused by the database")


@pytest.mark.family("databases on the host", case="postgres")
@pytest.mark.parametrize("engine", ENGINES[1:])
def test_data_outlives_halt_and_destroy(make_bench, engine, tmp_path):
    bench = launched(make_bench, engine)
    post(bench)
    assert bench.host.run(["halt"])["ok"]
    assert bench.host.run(["boot"])["ok"]
    assert get(bench, "/rows") == "1"
    bench.host.remove(keep_data=True)
    kept = bench.host.save(engine, tmp_path)
    # What was copied while nothing ran takes the place of what was removed for good.
    data = bench.folder / ".slipway/t/srv/slipway/demo/data"
    bench.host.remove(keep_data=False)
    assert not data.exists()
    data.parent.mkdir(parents=True)
    kept.rename(data)
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
