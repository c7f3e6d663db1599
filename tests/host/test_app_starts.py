"""Apps that take long to import, make their tables as they do, or wait for a lock as they migrate. Real servers and databases: what
kills a worker, denies a statement or holds a table is their own doing."""

import json
import re
import subprocess

import pytest
from database_app import APP, publish
from test_databases import get, launched, needs

from cloud_init.host_files import Server

SLOW = """
import os, time
def say(word):
    with open(os.environ["SLIPWAY_SHARED"] + "/said", "a") as file:
        print(word, file=file)
say("begin")
time.sleep(4)
say("end")
from flask import Flask
app = Flask(__name__)

@app.get("/")
def home():
    return "NUMBER"
"""
MAKES = APP.replace("NUMBER", "1") + """
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE IF NOT EXISTS made (id integer PRIMARY KEY)"))

@app.get("/extensions")
def extensions():
    with engine.connect() as connection:
        return " ".join(connection.execute(text("SELECT extname FROM pg_extension ORDER BY 1")).scalars())

@app.get("/told")
def told():
    import os
    return {name: os.environ[name] for name in ("URI", "DB_HOST", "DATABASE_URL")}
"""  # fmt: skip


@pytest.mark.parametrize("kind", ["gunicorn", "uwsgi"])
def test_a_slow_import_is_not_ended_and_is_alone(make_bench, kind):
    """Longer than a request may take; all workers began at once."""
    bench = make_bench()
    bench.boot()
    sources = {"wsgi.py": SLOW.replace("NUMBER", "7")}
    verdict = bench.roll(bench.publish(7, Server(kind, workers=2, timeout=2), sources=sources))
    assert verdict.ok, verdict.message
    assert get(bench) == "7"
    said = (bench.folder / ".slipway/t/srv/slipway/demo/shared/said").read_text().split()
    assert said[:3] == ["begin", "end", "begin"]


def test_tables_made_at_import_and_extensions(make_bench):
    """Denied with what to do; then as the owner. What the master made is loaded again by the owner."""
    needs("postgres")
    bench = make_bench()
    bench.boot()
    more = {"extra": {"wsgi.py": MAKES}, "environment": {"URI": "${database.driverUrl}", "DB_HOST": "${database.host}"}}
    denied = bench.roll(publish(bench, 0, "postgres", **more))
    assert not denied.ok
    assert "permission denied for schema public (the app may not change its database's schema: make that" in denied.message
    asked = {"engine": "postgres", "placement": "same-host", "extensions": ["pageinspect"], "app_may_migrate": True}
    driver = json.loads(bench.store.get(f"releases/{publish(bench, 9, 'postgres')}/manifest.json"))["database"]["driver"]
    verdict = bench.roll(publish(bench, 1, "postgres", database={**asked, "driver": driver}, **more))
    assert verdict.ok, verdict.message
    assert "pageinspect" in get(bench, "/extensions")
    told = json.loads(get(bench, "/told"))
    assert told["URI"].startswith("postgresql+psycopg://owner:")
    assert told["DATABASE_URL"] == told["URI"].replace("+psycopg", "")
    assert re.fullmatch(r"127\.0\.0\.\d+", told["DB_HOST"])
    backup = bench.host.run(["backup"])["backup"]["id"]
    restored = bench.host.run(["restore", backup])
    assert restored["ok"], restored["message"]
    assert "pageinspect" in get(bench, "/extensions")


@pytest.mark.parametrize("engine", ["postgres", "mysql"])
def test_a_migration_that_waits_for_a_lock_is_ended_and_says_whose(make_bench, engine):
    """A command that waited until the lock was let go."""
    bench = launched(make_bench, engine)
    tree = bench.folder / ".slipway/t/srv/slipway/demo"
    live = tree / "releases" / bench.host.run(["status"])["live"]["release"]
    holds = "from base import *\nc = engine.connect()\nc.execute(text('SELECT * FROM items')).all()\nprint('held', flush=True)\ninput()"
    password = json.loads((tree / f"data/passwords/{engine}/app.json").read_text())["password"]
    run = bench.facts["run"]
    url = {
        "postgres": f"postgresql://app:{password}@/demo?host={run}/database&port=5432",
        "mysql": f"mysql://app:{password}@localhost/demo?unix_socket={run}/database/mysqld.sock",
    }[engine]
    command = [str(live / "venv/bin/python"), "-c", holds]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=live / "src", env={"DATABASE_URL": url}, stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout.readline() == b"held\n"
        verdict = bench.roll(publish(bench, 1, engine, schema="ALTER TABLE items ADD more integer"))
        holder.communicate(b"\n")
    assert not verdict.ok
    assert "; it waited 30 s for a lock of " in verdict.message, verdict.message
    assert (" app idle in transaction SELECT" if engine == "postgres" else " app Sleep") in verdict.message
    assert get(bench) == "0"
