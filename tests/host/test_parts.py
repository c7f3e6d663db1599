"""The host tool's parts, each against the real thing: SQLite, sockets, archives, processes, locks."""

import argparse
import contextlib
import errno
import gzip
import hashlib
import io
import json
import multiprocessing
import os
import pwd
import re
import socket
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest.mock import Mock

import documents
import pytest
from made_backups import facts, made_backup

from cloud_init.host import rollout
from cloud_init.host.base import files, lock, processes
from cloud_init.host.base.outcome import Locked, Refused, Steps, cause, up_to_cause
from cloud_init.host.base.places import Colour, Places
from cloud_init.host.commands import locked
from cloud_init.host.contracts.manifest import Code, Health
from cloud_init.host.contracts.rollout import HttpAnswer
from cloud_init.host.data import backup, restore
from cloud_init.host.data.databases.mysql import MysqlDatabase
from cloud_init.host.data.databases.sqlite import SqliteDatabase
from cloud_init.host.processes import app
from cloud_init.host.release import environment, release_command, unpack
from cloud_init.host.release import files as materialise
from cloud_init.host.rollout import gate, state

PHASES = ("prepare", "commit", "abort")
RELEASE = documents.manifest(id="r1", database={"engine": "sqlite"})


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = documents.places(tmp_path, {"app": "shop", "host": "local", "run": str(tmp_path / "run"), "store": "", "python": sys.executable})
    made.shared.mkdir(parents=True)
    return made


@pytest.mark.parametrize("command", ["prepare", "commit", "converge", "abort"])
def test_what_was_overtaken_is_refused_where_deployers_drive(tmp_path, capsys, monkeypatch, command):
    """By a deployer that slept while another one rolled out; the store here has what is wanted by now."""
    facts = {"run": str(tmp_path / "run"), "store": f"file://{tmp_path}/store", "transport": "ssh", "role": "web"}
    asked, given = [], argparse.Namespace(command=command, generation=3, release="r1", elected=False, token="t3")
    monkeypatch.setattr(rollout, "of", lambda where: Mock(**{f"{one}.side_effect": lambda *_: asked.append(1) for one in PHASES}))
    monkeypatch.setattr(state, "served", lambda where: "r0")
    (tmp_path / "store").mkdir()
    for text, status in (('{"generation": 4}', 1), ('{"generation": 3}', 0), ("damaged", 0)):
        (tmp_path / "store/desired.json").write_text(text)
        assert locked.COMMANDS[command](documents.places(tmp_path, facts), given) == status, capsys.readouterr().out
        assert bool(asked) == (not status)
        told = json.loads((tmp_path / "store/outcomes/local/3.json").read_text())
        assert (told["token"], told["served"]) == ("t3", "r0")
    (tmp_path / "store/desired.json").write_text('{"generation": 4}')
    assert locked.COMMANDS[command](documents.places(tmp_path, {**facts, "transport": ""}), given) == 0
    assert "found 4: somebody else rolled out meanwhile" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "host", "words"),
    [
        (400, "127.0.0.1:8080", ["asked as Host 127.0.0.1:8080", "TRUSTED_HOSTS", "slipway:app.healthHost"]),
        (302, "127.0.0.1:8080", ["set slipway:app.healthPath"]),
        (500, "127.0.0.1:8080", ["found 500 'why'"]),
    ],
)
def test_a_refusal_at_health_says_what_to_set(monkeypatch, status, host, words):
    monkeypatch.setattr(gate, "ask", lambda *_: HttpAnswer(status, "why"))
    with pytest.raises(Refused) as refused:
        gate.wait(Mock(), Health("/", host, 0), "r1", lambda: None)
    assert [one for one in words if one not in str(refused.value)] == []
    assert ("slipway:" in str(refused.value)) == (status != 500)


@pytest.mark.parametrize(
    ("path", "found"),
    [("/", 200), ("/away", 302), ("/other", 302), ("/secure", 302), ("/round", 302), ("/near/deep", 200), ("/gone", 404), ("/old", 200)],
)
def test_a_redirect_to_the_app_itself_is_followed_and_no_other(path, found):
    places = {"/": "/login?next=%2F#top", "/away": "https://else.example/login", "/other": "http://shop.example.else/login"}
    places |= {"/secure": "https://shop.example/login", "/round": "/round", "/near/deep": "../login", "/gone": "/nothing"}
    places["/old"] = "http://shop.example/login"

    class App(BaseHTTPRequestHandler):
        def do_GET(self):
            at = places.get(self.path)
            self.send_response(302 if at else 200 if self.path.startswith("/login") and "#" not in self.path else 404)
            self.send_header("X-Release-Id", "r1" if self.headers["Host"] == "shop.example" else "?")
            if at:
                self.send_header("Location", at)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), App) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answer = gate.ask(gate.over_network("127.0.0.1", server.server_port), Health(path, "shop.example", 1))
        server.shutdown()
    assert (answer.status, answer.release) == (found, "r1")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "× Failed to build `greenlet==0.4.15`\n  cc failed",
            "`greenlet==0.4.15`; a pin of an older Python's time: raise it, or set",
        ),
        ("× Failed to build `x==1`\npg_config executable not found", "`x==1`; pg_config is in the Debian package libpq-dev"),
        ("× No solution found\nBecause a==1 needs b", "No solution found$"),
    ],
)
def test_what_an_installer_refuses_names_the_pin_and_the_way(words, told):
    with pytest.raises(Refused, match=told):
        environment._run(Mock(**{"run.return_value": Mock(returncode=1, stdout=words)}), ["uv"])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ImportError: cannot import name 'Mapping' from 'collections' (/x.py)", "is for an older Python: set slipway:app.python"),
        ("ModuleNotFoundError: No module named 'distutils'", "is for an older Python: set slipway:app.python"),
        ("ModuleNotFoundError: No module named 'imports'", "add what has it to the app's requirements"),
        ("sqlite3.OperationalError: unable to open database file", "slipway:app.data names alone: name the file of SQLite"),
        ("sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) attempt to write a readonly database", "name the file of SQLite"),
    ],
)
def test_a_cause_says_what_mends_it(line, words):
    assert words in cause(["Traceback", line])


@pytest.mark.parametrize(
    ("command", "code"), [("false | true", 1), ("true | exit 3", 3), ("yes | true", 0), ("false || true", 0), ("exit 5", 5)]
)
def test_a_release_command_is_as_good_as_each_part_of_its_pipe(places, monkeypatch, command, code):
    for one in ("release", "log"):
        path = places.release("r1") / "src" if one == "release" else places.log
        path.mkdir(parents=True)
    monkeypatch.setattr("cloud_init.host.release.files.variables", lambda *_: dict(os.environ))
    told = documents.manifest(id="r1", database={"engine": "none"}, release_command=command)
    if not code:
        return release_command.run(places, told)
    with pytest.raises(Refused, match=re.escape(f"release command `{command}` ended with {code}")):
        release_command.run(places, told)


def test_a_release_command_can_tell_a_new_database_from_one_that_has_tables(places, monkeypatch):
    """What docs/settings.md has for an app whose own command empties its tables."""
    monkeypatch.setattr("cloud_init.host.release.files.variables", lambda *_: {**os.environ, "SLIPWAY_SCHEMA": "of the shell"})
    places.log.mkdir(parents=True)
    create = f"import sqlite3; sqlite3.connect('{places.database}').execute('CREATE TABLE a (x)')"
    make = f'test -n "$SLIPWAY_SCHEMA" || python3 -c "{create}"'
    for release in ("r1", "r2"):
        (places.release(release) / "src").mkdir(parents=True)
        release_command.run(places, documents.manifest(id=release, database={"engine": "sqlite"}, release_command=make))
    assert query(places.database, "SELECT * FROM a") == []


def query(path: Path, *statements: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path, timeout=5)) as connection, connection:
        for statement in statements:
            rows = connection.execute(statement).fetchall()
    return rows


def test_schema_follows_tables_and_revisions_but_not_rows(places):
    database = SqliteDatabase(places, RELEASE)
    assert database.schema() == ""
    query(places.database, "CREATE TABLE a (x)", "CREATE TABLE alembic_version (version_num)", "INSERT INTO alembic_version VALUES ('1')")
    first = database.schema()
    query(places.database, "INSERT INTO a VALUES (1)")
    assert database.schema() == first
    query(places.database, "UPDATE alembic_version SET version_num = '2'")
    second = database.schema()
    query(places.database, "ALTER TABLE a ADD COLUMN y")
    assert len({first, second, database.schema()}) == 3


def test_snapshot_and_restore_while_a_connection_stays_open(places):
    database = SqliteDatabase(places, RELEASE)
    query(places.database, "PRAGMA journal_mode=WAL", "CREATE TABLE a (x)", "INSERT INTO a VALUES (1)")
    copy = database.snapshot()
    with contextlib.closing(sqlite3.connect(places.database, timeout=5)) as reader:
        assert reader.execute("SELECT count(*) FROM a").fetchone() == (1,)
        query(places.database, "CREATE TABLE b (x)", "INSERT INTO a VALUES (2)")
        kept = database.restore(copy)
        assert kept
        assert reader.execute("SELECT x FROM a").fetchall() == [(1,)]
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            reader.execute("SELECT * FROM b")
    assert query(kept, "SELECT x FROM a") == [(1,), (2,)]
    database.prune(set())
    assert list(copy.parent.iterdir()) == []


@pytest.fixture
def damaged(places):
    """A database with a page of zeros, as a disk may give it; its rows are counted all the same."""
    query(
        places.database, "CREATE TABLE a (x)", "CREATE INDEX i ON a (x)", *[f"INSERT INTO a VALUES ('{'x' * 500}{n}')" for n in range(100)]
    )
    whole = places.database.read_bytes()
    for page in range(3 * 4096, len(whole), 4096):
        places.database.write_bytes(whole[:page] + bytes(4096) + whole[page + 4096 :])
        with contextlib.suppress(sqlite3.DatabaseError):
            assert query(places.database, "SELECT count(*) FROM a") == [(100,)]
            break
    return SqliteDatabase(places, RELEASE)


def test_a_copy_of_a_damaged_database_is_none(damaged, places):
    with pytest.raises(Refused, match=r"wanted a whole copy of a database, found a damaged one \(.*\); restore another backup, or, if"):
        damaged.snapshot()
    with pytest.raises(Refused, match="damaged one"):
        backup.take(places, damaged, "test", Steps())
    assert not [*backup.folder(places).iterdir()]
    assert not [*(places.srv / "snapshots").iterdir()]


def test_a_failed_release_command_is_undone_whatever_it_left(damaged, places):
    """The damaged one is kept as it is."""
    whole = places.database.with_name("whole")
    query(whole, "CREATE TABLE a (x)")
    kept = damaged.restore(whole)
    assert kept
    assert query(places.database, "SELECT * FROM a") == []
    with pytest.raises(Refused, match="damaged one"):
        damaged.prove(kept)


def test_a_damaged_copy_of_an_earlier_version_is_not_restored(damaged, places, monkeypatch):
    """A copy whose hash is right: it was damaged when it was made."""
    identity = "20260101-000000"
    made_backup(backup.folder(places), identity, places.database.read_bytes())
    monkeypatch.setattr(restore, "users_of", lambda _: Mock(release="r1"))
    monkeypatch.setattr(restore, "_fits", lambda *_: False)
    monkeypatch.setattr(backup, "database_of", lambda *_, **__: damaged)
    with pytest.raises(Refused, match=f"{identity}/dump: wanted a whole copy of a database, found a damaged one"):
        restore.run(places, identity, False, Steps())
    assert not (places.lib / "restore.json").exists()


def test_a_backup_of_another_app_is_not_restored(places):
    chosen = facts("20260101-000000", app="other")
    with pytest.raises(Refused, match="wanted a backup of shop on sqlite, found one of other on sqlite"):
        restore._fits(places, Mock(release="r1"), SqliteDatabase(places, RELEASE), chosen, False)


def test_a_dump_that_ends_early_is_none(places):
    database, dump = MysqlDatabase(places, RELEASE), places.srv / "dump"
    dump.write_bytes(b"INSERT INTO `a` VALUES (1);\n-- Dump completed on 2026-01-01  1:00:00\n")
    database.prove(dump)
    dump.write_bytes(dump.read_bytes()[:-60])
    with pytest.raises(Refused, match="wanted a whole dump, found no `-- Dump completed` at its end"):
        database.prove(dump)


def test_drained_when_nobody_waits_at_the_socket_of_the_colour(tmp_path):
    colour = Colour(tmp_path)
    colour.own.mkdir()
    with socket.socket(socket.AF_UNIX) as quiet, socket.socket(socket.AF_UNIX) as busy:
        for server, path in ((quiet, tmp_path / "another"), (busy, colour.socket)):
            server.bind(str(path))
            server.listen(8)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for client in waiting:
            client.connect(str(colour.socket))
        assert (app.queue(colour.socket), app.queue(tmp_path / "another")) == (3, 0)
        busy.accept()[0].close()
        assert app.queue(colour.socket) == 2
        began = time.monotonic()
        app.drain(colour.socket, patience=0.5)
        assert time.monotonic() - began >= 0.5
        for client in waiting:
            client.close()


def archive(**members: bytes | str | None) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            elif content is None:
                info.type = tarfile.FIFOTYPE
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"..__evil": b"x"}, "leaves the release's folder"),
        ({"__etc__evil": b"x"}, "leaves the release's folder"),
        ({"link": "/etc/passwd"}, "neither a file nor a folder"),
        ({"pipe": None}, "neither a file nor a folder"),
    ],
)
def test_an_archive_with_tricks_is_refused(tmp_path, members, said):
    (tmp_path / "code.tar.gz").write_bytes(gzip.compress(archive(**members)))
    with pytest.raises(Refused, match=said):
        unpack.unpack(tmp_path / "code.tar.gz", tmp_path / "releases/src")
    assert not (tmp_path / "releases/src").exists()


def test_an_archive_is_its_hash(tmp_path):
    raw = archive(a=b"x")
    code = Code("c1", hashlib.sha256(raw).hexdigest())
    path = tmp_path / "code.tar.gz"
    for level in (1, 9):
        path.write_bytes(gzip.compress(raw, level))
        unpack.verify(path, code)
    for damaged in (gzip.compress(archive(a=b"y")), gzip.compress(raw)[:-9], b"", b"nonsense"):
        path.write_bytes(damaged)
        with pytest.raises(Refused, match=r"archive c1: (damaged|wanted SHA-256)"):
            unpack.verify(path, code)


def test_a_link_is_moved_by_rename(tmp_path):
    for name in ("blue", "green"):
        files.link(tmp_path / "live", name)
        assert os.readlink(tmp_path / "live") == name
    assert [path.name for path in tmp_path.iterdir()] == ["live"]


def test_an_equal_file_is_not_touched(tmp_path):
    path = tmp_path / "a/b"
    assert files.write(path, b"1")
    before = path.stat().st_ino
    assert not files.write(path, b"1")
    assert path.stat().st_ino == before
    assert files.write(path, b"1", 0o600)
    assert path.stat().st_mode & 0o777 == 0o600


def test_places_are_filled_in_once(places):
    assert materialise.fill("@@RUN@@/x @@LOG@@", places) == f"{places.run}/x {places.log}"


def test_a_process_is_known_by_its_start(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    path = tmp_path / "process.json"
    processes.record(path, process.pid)
    assert processes.recorded(path) == process.pid
    noted = files.read_json(path)
    files.write_json(path, {**noted, "started": noted["started"] + "0"})
    assert processes.recorded(path) is None
    assert processes.end(path) == []
    assert process.poll() is None
    files.write_json(path, noted)
    assert processes.end(path, patience=5) == [process.pid]
    assert process.wait(5) != 0
    assert processes.recorded(path) is None


def test_a_killed_leader_leaves_a_group_that_is_found(tmp_path):
    code = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); sys.stdin.read()"
    leader = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    child = int(leader.stdout.readline())
    path = tmp_path / "process.json"
    processes.record(path, leader.pid)
    leader.kill()
    leader.wait()
    assert processes.left_over(path) == [child]
    assert processes.end(path, patience=5) == [child]
    deadline = time.monotonic() + 40  # less than it would sleep
    while processes.started(child) and time.monotonic() < deadline:
        time.sleep(0.01)  # it is dead, and its new parent has yet to notice
    assert processes.started(child) is None
    leader.stdout.close()
    leader.stdin.close()


def _hold(path: Path, ready) -> None:
    with lock.held(path, "prepare x"):
        ready.set()
        time.sleep(30)


def test_a_full_disk_keeps_nobody_from_the_lock(tmp_path, monkeypatch):
    def full(_descriptor, _data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as changed:
        changed.setattr(os, "write", full)
        first, second = (lock.held(tmp_path / "lock", why, wait=0) for why in ("make room", "again"))
        with first, pytest.raises(Locked, match="held by another run"), second:
            raise AssertionError
    with lock.held(tmp_path / "lock", "again"):
        assert '"reason": "again"' in (tmp_path / "lock").read_text()


def test_a_failure_is_of_its_step_whatever_began_since():
    steps = Steps()
    with pytest.raises(Refused) as caught, steps.step("unpack"):
        raise Refused("damaged")
    with steps.step("manager"):
        assert steps.of(caught.value) == "unpack"
    assert steps.of(caught.value) == "unpack"
    assert steps.of(Refused("another")) == "manager"


def test_the_lock_names_its_holder_and_ends_with_it(tmp_path, capsys):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "lock", ready))
    other.start()
    assert ready.wait(20)
    who = pwd.getpwuid(os.geteuid()).pw_name
    with (
        pytest.raises(Locked, match=rf"held by {who}@\S+ \(prepare x, since [\d:]+, process {other.pid}\)"),
        lock.held(tmp_path / "lock", "y", wait=0.3),
    ):
        raise AssertionError("two hold the lock")
    assert "waiting for" in capsys.readouterr().out
    other.kill()
    other.join()
    with lock.held(tmp_path / "lock", "y", wait=5):
        pass


def test_the_cause_is_not_what_the_other_workers_said_when_they_were_ended():
    why = ["Traceback (most recent call last):", '  File "wsgi.py", line 3', "RuntimeError: broken"]
    ended = [*["  frame"] * 30, "Error: no app", "KeyboardInterrupt"]
    words = [*["before"] * 40, *why, *ended]
    assert cause(words) == ": RuntimeError: broken"
    assert up_to_cause(words) == [*["before"] * 17, *why]
    assert (cause(ended), len(up_to_cause(ended))) == (": KeyboardInterrupt", 20)
    assert (cause(["words"]), up_to_cause(["words"] * 30)) == ("", ["words"] * 20)


@pytest.mark.parametrize(
    ("variable", "text", "with_uv"),
    [
        ("", "[global]\ncert = /a\n# index-url = https://pypi.example\n", True),
        ("", "[global]\nindex-url = https://pypi.example\n", False),
        ("", "[install]\nextra_index_url: https://pypi.example\n", False),
        ("PIP_INDEX_URL", "", False),
        ("PIP_NO_INDEX", "", False),
    ],
)
def test_pip_installs_where_its_settings_name_an_index(tmp_path, monkeypatch, variable, text, with_uv):
    """uv reads none of them: a package of a company's own would come from whoever has its name in public."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "https://pypi.example")
    monkeypatch.setattr(environment, "_PIP_FILES", ())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip/pip.conf").write_text(text)
    ran: list[str] = []
    monkeypatch.setattr(environment, "_run", lambda _, command: ran.append(" ".join(command)))
    places = documents.places(tmp_path, {"python": sys.executable, "uv": "/bin/true"})
    environment.of_the_host(places, "tool", "flask")
    assert [line.startswith("/bin/true") for line in ran] == [with_uv, with_uv]  # made, then filled


INSTALLING = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from cloud_init.host.release import environment
from cloud_init.host.contracts.facts import FrontFacts, HostFacts
from cloud_init.host.base.places import Places

folder = Path(sys.argv[1])
front = FrontFacts(("127.0.0.1", 80))
facts = HostFacts("shop", "local", str(folder / "run"), "", sys.executable, front, uv=str(folder / "uv"))
environment.of_the_host(Places(folder, facts), "tool", "flask")
"""


def test_an_installer_ends_with_the_run_that_was_killed(tmp_path):
    """It would make its environment where the next run makes the same one."""
    at_work, installer = tmp_path / "at-work", tmp_path / "uv"
    installer.write_text(f"#!/bin/sh\n[ $1 = --version ] && exit\necho $$ >{at_work}.new\nmv {at_work}.new {at_work}\nexec sleep 60\n")
    installer.chmod(0o755)
    with subprocess.Popen([sys.executable, "-c", INSTALLING, str(tmp_path)], cwd=Path(__file__).parents[2]) as run:
        eventually(at_work.exists)
        run.kill()
    pid = int(at_work.read_text())
    eventually(lambda: processes.started(pid) is None)
    assert processes.started(pid) is None


def eventually(holds):
    deadline = time.monotonic() + 40  # less than it would sleep
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
