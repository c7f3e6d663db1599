"""Folders that another user may write: root acts in them by descriptor, or as that user."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import documents
import pytest

from cloud_init.host import stores
from cloud_init.host.base import processes, user
from cloud_init.host.base.outcome import Refused
from cloud_init.host.data.databases.sqlite import SqliteDatabase
from cloud_init.host.front import configuration
from cloud_init.host.release import environment, files
from cloud_init.host.rollout import gate
from cloud_init.host.server import volume

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that others may write")
APP, OTHER = pwd.getpwnam("nobody"), pwd.getpwnam("www-data")
BUILD = """
import os, sys, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open("/tmp/slipway-who", "w") as file:
        file.write(f"{os.getuid()} {os.getgroups()} {os.environ.get('SECRET')}")
    name = "hostile-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("hostile.pth", "import os; open('/tmp/slipway-pth', 'a').write(f'{os.getuid()} ')\\n")
        wheel.writestr("hostile-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: hostile\\nVersion: 1\\n")
        wheel.writestr("hostile-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("hostile-1.dist-info/RECORD", "")
    return name
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "build"\nbackend-path = ["."]\n[project]\nname = "hostile"\nversion = "1"\n'


@pytest.fixture
def places():
    """The places of an app whose user is not this tool's."""
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        os.chmod(folder, 0o755)
        facts = {"run": f"{folder}/run/slipway/shop", "user": APP.pw_name, "python": "/usr/bin/python3"}
        yield documents.places(Path(folder), facts)


def as_app(*command, **options):
    return subprocess.run(command, user=APP.pw_uid, group=APP.pw_gid, extra_groups=[], capture_output=True, text=True, **options)


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_link_in_place_of_a_folder_is_refused(places, kind):
    volume.make_folders(places)
    others = places.root / "others"
    others.mkdir(mode=0o700)
    body = places.lib / "front/body"
    body.rmdir()
    body.symlink_to(others) if kind == "link" else body.touch()
    with pytest.raises(Refused, match="front/body: wanted a folder, found a link or a file; see who made it, remove it, then run it again"):
        volume.make_folders(places)
    assert (others.stat().st_uid, others.stat().st_mode & 0o777) == (0, 0o700)


def test_what_root_believes_stands_where_the_app_may_not_write(places):
    volume.make_folders(places)
    believed = [
        places.run,
        *(places.run / name for name in ("blue", "green", "front")),
        places.lib / "front",
        places.log,
        places.srv / "releases",
    ]
    tried = [as_app("touch", str(folder / "x")) for folder in believed]
    assert ["denied" in one.stderr for one in tried] == [True] * len(believed), [one.stderr for one in tried]
    assert as_app("touch", str(places.run / "blue/own/x")).returncode == 0
    assert as_app("ls", str(places.log)).returncode != 0


def test_a_note_of_another_users_counts_for_its_own_processes(places):
    volume.make_folders(places)
    colour = places.colour("blue")
    roots = subprocess.Popen(["sleep", "60"], start_new_session=True)
    apps = subprocess.Popen(["sleep", "60"], start_new_session=True, user=APP.pw_uid)
    for process, ended in ((roots, []), (apps, [apps.pid])):
        processes.record(colour.process, process.pid)
        os.chown(colour.process, APP.pw_uid, APP.pw_gid)
        assert processes.end(colour.process, patience=5) == ended
    assert roots.poll() is None
    roots.send_signal(signal.SIGKILL)
    roots.wait()
    assert apps.wait() != 0


@pytest.mark.parametrize("plant", [lambda path: path.symlink_to("/etc/shadow"), os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_says_nothing(places, plant):
    """A pipe would keep root waiting, an endless file take all of its memory."""
    volume.make_folders(places)
    plant(places.serving)
    assert configuration.serving(places) == "nginx"
    plant(places.colour("blue").process)
    assert processes.recorded(places.colour("blue").process) is None


def test_a_folder_that_anybody_could_have_made_first_is_refused(places):
    base = places.root.with_name(f"{places.root.name}-short")
    base.mkdir()
    try:
        os.chown(base, OTHER.pw_uid, OTHER.pw_gid)
        moved = documents.places(places.root, {"run": str(base / "shop"), "user": APP.pw_name})
        with pytest.raises(Refused, match=f"wanted a folder of this user, found one of user {OTHER.pw_uid}"):
            volume.make_folders(moved)
    finally:
        base.rmdir()


def test_the_gate_asks_no_socket_that_a_link_leads_to(places):
    volume.make_folders(places)
    with socket.socket(socket.AF_UNIX) as others:
        others.bind(str(places.root / "others.sock"))
        others.listen()
        others.settimeout(0.2)
        places.colour("blue").socket.symlink_to(places.root / "others.sock")
        answer = gate.ask(gate.over_socket(str(places.colour("blue").socket)), documents.manifest().health)
        assert answer.status is None
        with pytest.raises(TimeoutError):
            others.accept()


def test_work_as_another_user(places):
    volume.make_folders(places)
    place = places.shared / "made"

    def refuse():
        raise Refused("no", log=["line"])

    assert user.done_as(APP, lambda: [os.getuid(), os.getgroups(), place.write_text("x")]) == [APP.pw_uid, [], 1]
    assert place.stat().st_uid == APP.pw_uid
    with pytest.raises(PermissionError):
        user.done_as(APP, lambda: (places.root / "x").write_text("x"))
    with pytest.raises(Refused, match=r"^no$") as refused:
        user.done_as(APP, refuse)
    assert refused.value.log == ["line"]
    with pytest.raises(Refused, match="was ended"):
        user.done_as(APP, lambda: os._exit(3))


def test_the_app_reads_no_password_of_the_owner(places):
    volume.make_folders(places)
    manifest = documents.manifest(id="r1", files=[], environment={"A": "1"})
    files.write_files(places, manifest, {"DATABASE_URL": "app", "DATABASE_OWNER_URL": "the owner's"})
    folder = places.release("r1")
    assert json.loads(as_app("cat", str(folder / "env.json")).stdout) == {"A": "1", "DATABASE_URL": "app"}
    assert "denied" in as_app("cat", str(folder / "owner.json")).stderr
    assert json.loads((folder / "owner.json").read_text()) == {"DATABASE_OWNER_URL": "the owner's"}
    assert (folder / "owner.json").stat().st_mode & 0o777 == 0o400
    assert (folder / "owner.json").stat().st_uid == 0


@pytest.mark.cost
@pytest.mark.skipif(not list(environment._WHEELS.glob("pip-*.whl")), reason="the package python3-venv isn't here")
def test_a_package_is_built_by_nobody_who_matters(places, monkeypatch):
    """Only a build runs what a package brings. What is made becomes root's, and root runs nothing of it."""
    left = [Path("/tmp/slipway-who"), Path("/tmp/slipway-pth")]
    for path in left:
        path.unlink(missing_ok=True)
    package = places.root / "package"
    package.mkdir()
    (package / "build.py").write_text(BUILD)
    (package / "pyproject.toml").write_text(PROJECT)
    monkeypatch.setenv("SECRET", "of root")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    manifest = documents.manifest(id="r1", requirements=[f"{package}\n"])
    (places.release("r1") / "src").mkdir(parents=True)
    made = environment.ensure(places, manifest, stores.connect(f"file://{places.root}/store"))
    environment.compile_source(places, places.release("r1") / "src")
    try:
        assert left[0].read_text() == f"{APP.pw_uid} [] None"
        assert "0" not in (left[1].read_text() if left[1].exists() else "").split()
    finally:
        for path in left:
            path.unlink(missing_ok=True)
    for path in made.rglob("*"):
        assert path.lstat().st_uid == 0
        assert path.is_symlink() or not path.lstat().st_mode & 0o6022
    assert list(made.glob("lib/*/site-packages/hostile.pth"))


def test_byte_code_is_made_without_what_an_environment_brings(places):
    source = places.root / "src"
    source.mkdir()
    (source / "a.py").write_text("A = 1\n")
    (source / "sitecustomize.py").write_text("open('/tmp/never', 'w')\n")
    environment.compile_source(places, source)
    assert [path.name.split(".")[0] for path in sorted((source / "__pycache__").iterdir())] == ["a", "sitecustomize"]
    with contextlib.suppress(FileNotFoundError):
        assert time.time() - os.stat("/tmp/never").st_mtime > 60


def test_what_was_built_is_taken_without_following_links(places):
    volume.make_folders(places)
    outside, built = places.root / "outside", places.shared / "built"
    outside.write_text("x")
    os.chown(outside, OTHER.pw_uid, OTHER.pw_gid)
    built.mkdir()
    (built / "link").symlink_to(outside)
    (built / "folder").mkdir()
    environment.take(built)
    assert outside.stat().st_uid == OTHER.pw_uid
    assert (built / "folder").stat().st_uid == 0


def test_a_link_in_place_of_the_database_leads_root_nowhere(places):
    """Backups and restores of SQLite go by the app's folder."""
    volume.make_folders(places)
    database, others, copy = SqliteDatabase(places, documents.manifest(id="r1")), places.root / "others.sqlite3", places.root / "copy"
    with contextlib.closing(sqlite3.connect(others)) as connection:
        connection.execute("CREATE TABLE of_root (a)")
    others.chmod(0o600)
    before = others.read_bytes()
    for beside in ("-journal", "-wal"):
        database.path.with_name(f"{database.path.name}{beside}").symlink_to(places.root / f"made{beside}")
    database.path.symlink_to(others)
    for work in (database.shape, database.rows, lambda: database.dump(copy)):
        with pytest.raises(Refused):
            work()
    shutil.copy(others, copy)
    with pytest.raises(Refused):
        database.load(copy)
    assert others.read_bytes() == before
    assert not list(places.root.glob("made*"))


def test_a_copy_of_the_apps_database_goes_out_and_in(places):
    volume.make_folders(places)
    database, copy = SqliteDatabase(places, documents.manifest(id="r1")), places.root / "copy"
    as_app("sqlite3", str(database.path), "CREATE TABLE rows (a); INSERT INTO rows VALUES (1)")
    assert database.rows() == {"rows": 1}
    assert database.dump(copy) == {"rows": 1}
    assert (copy.stat().st_uid, copy.stat().st_mode & 0o777) == (0, 0o600)
    as_app("sqlite3", str(database.path), "DROP TABLE rows")
    database.load(copy)
    assert database.rows() == {"rows": 1}
    assert database.path.stat().st_uid == APP.pw_uid
    assert not (places.lib / "handed-over").exists()
