"""Backups and restores on a real host: while others write, damaged, newer, killed at each step, on a full disk."""

import http.client
import threading
import time
import urllib.request

import pytest
import steps
from accidents import Doomed
from database_app import ENGINES, publish
from faults import record
from outside import Outside

from cloud_init.host.base import places as installed

ODD = "\\nINSERT INTO `items` VALUES (1);\\nDELIMITER ;;\\n' \\\" \\\\ % \\t é \U0001f600 "
WRITER = f"""
import time
from base import engine, text
while True:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO items (name) VALUES (:name)"), {{"name": str(time.time())}})
        connection.execute(text("INSERT INTO more (word) VALUES (:word)"), {{"word": "{ODD}" + str(time.time())}})
    time.sleep(0.002)
"""
MORE = {
    "sqlite": "PRAGMA journal_mode=WAL;CREATE TABLE IF NOT EXISTS more (id integer PRIMARY KEY, word text)",
    "postgres": "CREATE TABLE IF NOT EXISTS more (id serial PRIMARY KEY, word text)",
    "mysql": "CREATE TABLE IF NOT EXISTS more (id integer PRIMARY KEY AUTO_INCREMENT, word text) CHARACTER SET utf8mb4",
}
NEWER = {engine: "CREATE TABLE newer (x integer)" for engine in ENGINES}


def release(bench, number, engine, schema="", writer=True):
    """A release with two tables; its worker writes into both, in one transaction, all the time."""
    manifest = {"processes": {"worker": "python worker.py"} if writer else {}}
    return publish(bench, number, engine, f"{MORE[engine]};{schema}", extra={"worker.py": WRITER}, **manifest)


def launched(make_bench, engine, writer=True):
    if engine != "sqlite" and engine not in installed.databases():
        pytest.skip(f"the programs of {engine} are not on this machine")
    bench = make_bench()
    assert bench.boot()["ok"]
    assert bench.roll(release(bench, 1, engine, writer=writer)).ok
    return bench, Outside(bench, engine)


def made(bench):
    outcome = bench.host.run(["backup", "--reason", "test"])
    assert outcome["ok"], outcome
    return outcome["backup"]


def folder(bench):
    return bench.folder / ".slipway/t/srv/slipway/demo/backups"


def page(bench):
    return (bench.folder / ".slipway/t/etc/slipway/demo/maintenance.html").is_file()


def answer(bench):
    with urllib.request.urlopen(f"http://127.0.0.1:{bench.port}/", timeout=10) as found:
        return found.read().decode()


def well(bench, number="1", processes=("-worker",)):
    """The app serves with its processes, no page, no note, nothing half made."""
    assert answer(bench) == number
    assert not page(bench)
    status = bench.host.run(["status"])
    assert status["restore"] is None
    running = {one["name"] for one in status["processes"] if one["state"] in ("running", "starting")}
    assert running >= {"front", *(status["live"]["colour"] + process for process in ("", *processes))}
    assert not [path for path in (bench.folder / ".slipway/t/srv/slipway/demo").rglob("*.part") if path.parent.name != "data"]


def grown(database, rows):
    deadline = time.monotonic() + 60
    while database.count("items") < rows:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def refused(bench, words, *arguments):
    outcome = bench.host.run(["restore", *arguments])
    assert not outcome["ok"]
    assert words in outcome["message"]
    well(bench)


@pytest.mark.family("backups and restores", case="mysql")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_backup_under_writers_and_back_after_everything_was_dropped(make_bench, engine):
    bench, database = launched(make_bench, engine)
    grown(database, 200)
    first, last = made(bench), made(bench)
    while database.count("items") < first["rows"]["items"] + 200:
        last = made(bench)
    assert database.count("items") > last["rows"]["items"]  # the worker went on meanwhile
    assert last["rows"]["items"] == last["rows"]["more"]  # one moment, never between two statements of a transaction
    dump = folder(bench) / last["id"] / "dump"
    assert folder(bench).stat().st_mode & 0o777 == dump.parent.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in dump.parent.iterdir()} == {"dump": 0o600, "backup.json": 0o600}
    highest = database.ask(f"SELECT id FROM items ORDER BY id LIMIT 1 OFFSET {last['rows']['items'] - 1}")[0]
    wanted = database.sums(f"WHERE id <= {highest}")
    assert wanted["items"][0] == last["rows"]["items"]
    database.drop_everything()
    began = time.monotonic()
    outcome = bench.host.run(["restore", last["id"]])
    seconds = time.monotonic() - began
    assert outcome["ok"], outcome
    assert database.sums(f"WHERE id <= {highest}") == wanted
    grown(database, wanted["items"][0] + 20)  # the app's role may write again
    well(bench)
    came = f"{wanted['items'][0]} rows in each of two tables, dropped, then back with equal checksums"
    record("database", f"{engine}: backup under a writer, drop, restore", came, seconds=seconds)

    damaged(bench, engine, dump, last["id"])
    newer_schema(bench, database, engine)


def damaged(bench, engine, dump, identity):
    """A byte less, another byte, no word on it: refused before anything changes."""
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-1])
    refused(bench, "the backup is damaged", identity)
    dump.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused(bench, "SHA-256", identity)
    dump.write_bytes(whole)
    facts = dump.with_name("backup.json")
    text = facts.read_text()
    facts.write_text(text[: len(text) // 2])
    refused(bench, "a damaged file", identity)
    assert {"id": identity} in bench.host.run(["backups"])["backups"]
    facts.write_text(text)
    refused(bench, "there are: 2", "19990101-000000")
    record("damage", f"{engine}: a backup's dump or what is said of it", "refused before anything changes")


def newer_schema(bench, database, engine):
    """A backup of a newer release is refused over the older one, unless told; one of an older release is brought up."""
    old = made(bench)
    assert bench.roll(release(bench, 2, engine, NEWER[engine])).ok
    new = made(bench)
    outcome = bench.host.run(["restore", old["id"]])
    assert outcome["ok"], outcome
    assert outcome["first"] == bench.host.run(["backups"])["backups"][0]["id"]  # what was there before
    assert database.ask("SELECT count(*) FROM newer") == ["0"]
    well(bench, "2")
    # The same one over the release that knows nothing of the table: its own schema is what it left.
    database.ask("DROP TABLE newer")
    assert bench.roll(release(bench, 1, engine)).ok
    refused(bench, "wanted a schema that release", new["id"])
    assert bench.host.run(["restore", new["id"], "--newer-schema"])["ok"]
    assert database.ask("SELECT count(*) FROM newer") == ["0"]
    well(bench)
    record("database", f"{engine}: restore of a newer schema", "refused; done with --newer-schema; an older one is brought up")


MOMENTS = [(step, when) for step in steps.RESTORE for when in ("before", "inside", "after")]


@pytest.mark.parametrize("engine", ENGINES[:2])
def test_kill_at_every_step_of_a_restore(make_bench, engine):
    bench, database = launched(make_bench, engine, writer=False)
    for _ in range(20):
        urllib.request.urlopen(f"http://127.0.0.1:{bench.port}/rows", b"x", timeout=10).close()
    chosen, wanted = made(bench), database.sums()
    moments = MOMENTS if engine == "sqlite" else [moment for moment in MOMENTS if moment[0] in ("load", "verify")]
    for step, when in moments:
        doomed = Doomed(bench.facts, "kill", when, step)
        doomed.run(["restore", chosen["id"]])
        if not doomed.over:  # this step had nothing to do
            assert (step, when) == ("bring-up-schema", "inside") or when == "inside", (step, when)
        assert bench.boot()["ok"]
        assert database.sums() == wanted, (step, when)
        well(bench, processes=())
    for step in steps.BACKUP:
        Doomed(bench.facts, "kill", "inside", step).run(["backup"])
        made(bench)
    well(bench, processes=())
    assert all("dump" in one for one in bench.host.run(["backups"])["backups"])
    record(
        "kills",
        f"kill -9 of a restore ({engine})",
        f"{len(moments)} moments: `up` finishes it or had nothing to mend; no row lost",
    )


def test_maintenance_page_and_a_release_behind_it(make_bench):
    bench, _ = launched(make_bench, "sqlite")
    assert bench.host.run(["maintenance", "on"])["ok"]
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=10)
    connection.request("GET", "/")
    told = connection.getresponse()
    assert (told.status, told.headers["X-Slipway-Maintenance"], told.headers["Retry-After"]) == (503, "on", "60")
    assert "<h1" in told.read().decode()
    assert bench.host.run(["status"])["maintenance"] is True
    verdict = bench.roll(release(bench, 2, "sqlite"))  # behind the page
    assert verdict.ok, verdict.message
    assert page(bench)
    assert bench.host.run(["restore", made(bench)["id"]])["ok"]
    assert page(bench)  # it was there before
    assert bench.host.run(["maintenance", "off"])["ok"]
    well(bench, "2")


def test_two_at_once_and_a_release_meanwhile(make_bench):
    """One does it, the other is told who; nothing is lost."""
    bench, database = launched(make_bench, "sqlite")
    grown(database, 100)
    identity = made(bench)["id"]
    outcomes = []
    threads = [threading.Thread(target=lambda: outcomes.append(bench.host.run(["restore", identity]))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one["ok"] for one in outcomes) in ([False, True], [True, True])  # one after the other is right too
    well(bench)


def test_a_last_backup_where_nothing_ever_served(make_bench, tmp_path):
    """The first release was refused: what its migration made can be kept and then removed."""
    if "postgres" not in installed.databases():
        pytest.skip("the programs of postgres are not on this machine")
    bench = make_bench()
    assert bench.boot()["ok"]
    assert not bench.roll(release(bench, 1, "postgres", "NONSENSE")).ok
    kept = bench.host.save("postgres", tmp_path)
    assert kept is not None
    assert (kept / "dump").read_bytes().startswith(b"PGDMP")
    bench.host.remove(keep_data=False)
    assert not (bench.folder / ".slipway/t/srv/slipway/demo/data").exists()
