"""Backups and restores on a real host: while others write, damaged, newer, killed at each step, on a full disk, two at once."""

import hashlib
import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from accidents import Doomed

from cloud_init.host import backup, restore

sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))
from faults import record

GUNICORN = (Path(__file__).parents[2] / "requirements/gunicorn.txt").read_text()
MIGRATE = """
import os, sqlite3
base = sqlite3.connect(os.environ["DATABASE_URL"][10:], isolation_level=None)
base.execute("PRAGMA journal_mode=MODE")
base.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, text)")
base.execute("CREATE TABLE IF NOT EXISTS more (id INTEGER PRIMARY KEY, row INTEGER, bytes BLOB)")
"""
WRITER = """
import os, sqlite3, time
base = sqlite3.connect(os.environ["DATABASE_URL"][10:], isolation_level=None, timeout=30)
while True:
    base.execute("BEGIN IMMEDIATE")
    row = base.execute("INSERT INTO rows (text) VALUES (?)", (str(time.time()),)).lastrowid
    base.execute("INSERT INTO more (row, bytes) VALUES (?, randomblob(2000))", (row,))
    base.execute("COMMIT")
    time.sleep(0.002)
"""
HEALTHY = 'return "NUMBER"'
ASKING = 'import os, sqlite3\n    base = sqlite3.connect(os.environ["DATABASE_URL"][10:])\n    base.execute("SELECT count(*) FROM rows")\n    ' + HEALTHY


class Sqlite:
    """The engine as a test sees it from outside."""

    name = "sqlite"

    def __init__(self, bench):
        self.path = bench.folder / ".slipway/t/srv/slipway/demo/shared/app.sqlite3"

    def manifest(self):
        return {"engine": "sqlite"}

    def sums(self, path=None):
        """Rows and a checksum of the ordered rows of each table."""
        where = f"{(path or self.path).as_uri()}{'?immutable=1' if path else ''}"
        with closing(sqlite3.connect(where, uri=True, timeout=30)) as base:
            base.execute("BEGIN")
            names = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
            tables = {name: base.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in names}
        return {name: (len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()) for name, rows in tables.items()}

    def execute(self, *statements):
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as base:
            for statement in statements:
                base.execute(statement)

    def drop_everything(self):
        self.execute("DROP TABLE more", "DROP TABLE rows")


ENGINES = {"sqlite": Sqlite}


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def engine(request):
    if importlib.util.find_spec(f"cloud_init.host.databases.{request.param}") is None:
        pytest.skip(f"there is no cloud_init/host/databases/{request.param}.py yet")
    if request.param not in ENGINES:
        pytest.skip(f"this file does not know yet how to look into {request.param} from outside")
    return ENGINES[request.param]


def release(bench, number, database, mode="WAL", **manifest):
    """A release with a schema of its own for each `migrate`, and a worker that writes all the time."""
    source = bench.source.replace(HEALTHY, ASKING).replace("NUMBER", str(number))
    given = {"requirements": ["flask==3.1.3\n", GUNICORN], "database": database.manifest(), "release_command": "python migrate.py"}
    sources = {"wsgi.py": source, "worker.py": WRITER, "migrate.py": manifest.pop("migrate", MIGRATE).replace("MODE", mode)}
    return bench.publish(number, sources=sources, manifest={"processes": {"worker": "python worker.py"}, **given, **manifest})


def launched(bench, kind=Sqlite, **options):
    database = kind(bench)
    assert bench.boot()["ok"]
    verdict = bench.roll(release(bench, 1, database, **options))
    assert verdict.ok, verdict.message
    return database


def run(bench, *arguments, host=None):
    notes = []
    outcome = (host or bench.host).run(list(arguments), lambda event: notes.append(event.get("text", "")))
    return {**outcome, "notes": " / ".join(filter(None, notes))}


def made(bench, reason="test"):
    outcome = run(bench, "backup", "--reason", reason)
    assert outcome["ok"], outcome
    return outcome["backup"]


def folder(bench):
    return bench.folder / ".slipway/t/srv/slipway/demo/backups"


def page(bench):
    return (bench.folder / ".slipway/t/etc/slipway/demo/maintenance.html").is_file()


def answer(bench):
    with urllib.request.urlopen(f"http://127.0.0.1:{bench.port}/", timeout=10) as found:
        return found.read().decode()


def well(bench):
    """The app serves with its worker, no page, no note, nothing half made."""
    tree = bench.folder / ".slipway/t"
    assert answer(bench) == "1"
    assert not page(bench)
    status = bench.host.run(["status"])
    assert status["restore"] is None
    assert {one["name"] for one in status["processes"] if one["state"] == "running"} == {"blue", "front", "blue-worker"}
    assert not [path for path in tree.rglob("*") if path.name.endswith(".part")]


def quiet(bench):
    """The worker holds still, so that what is there can be compared."""
    bench.host.run(["status"])
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"worker.py" in path.read_bytes() and os.readlink(path.with_name("cwd")).startswith(str(bench.folder)):
                os.kill(int(path.parent.name), 19)
        except OSError:
            continue


def grown(bench, database, rows):
    """Waits until the worker has written that many."""
    deadline = time.monotonic() + 60
    while database.sums()["rows"][0] < rows and time.monotonic() < deadline:
        time.sleep(0.05)
    assert database.sums()["rows"][0] >= rows


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_backup_under_writers_and_back_after_everything_was_dropped(make_bench, engine, mode):
    bench = make_bench()
    database = launched(bench, engine, mode=mode)
    grown(bench, database, 200)
    before = database.sums()["rows"][0]
    written = threading.Event()
    backups = []
    while database.sums()["rows"][0] < before + 400:
        backups.append(made(bench, "while others write"))
    written.set()
    after = database.sums()["rows"][0]
    assert after - before >= 400
    last = backups[-1]
    dump = folder(bench) / last["id"] / "dump"
    assert folder(bench).stat().st_mode & 0o777 == dump.parent.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in dump.parent.iterdir()} == {"dump": 0o600, "backup.json": 0o600}
    wanted = database.sums(dump)
    assert {name: rows for name, (rows, _) in wanted.items()} == last["rows"]
    assert last["rows"]["rows"] == last["rows"]["more"]  # one moment, never between two statements of a transaction
    database.drop_everything()
    began = time.monotonic()
    outcome = run(bench, "restore", last["id"])
    seconds = time.monotonic() - began
    assert outcome["ok"], outcome
    quiet(bench)
    found = database.sums()
    with closing(sqlite3.connect(database.path)) as base:
        assert base.execute("PRAGMA journal_mode").fetchone()[0].upper() == mode
        kept = {name: base.execute(f"SELECT * FROM {name} WHERE id <= ? ORDER BY 1", (rows,)).fetchall() for name, (rows, _) in wanted.items()}
    assert {name: (len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()) for name, rows in kept.items()} == wanted
    assert found["rows"][0] >= wanted["rows"][0]  # the worker writes again
    assert outcome["first"] in [one["id"] for one in bench.host.run(["backups"])["backups"]]
    well(bench)
    came = f"{after - before} rows written meanwhile; every table dropped, then back with the checksums of the backup"
    record("database", f"{engine.name}, journal {mode}: {len(backups)} backups under writers, restored", came, seconds=seconds)
