"""Folders that outlive releases (`slipway:app.data`): laid, kept from others, saved and put back; whatever the app left in them."""

import contextlib
import os
import pwd
import shutil
import sqlite3
import tarfile
import tempfile
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path

import documents
import pytest
from folder_app import DATA, WRITER, told

from cloud_init.host.base import files, outcome
from cloud_init.host.base.outcome import Refused
from cloud_init.host.base.user import done_as
from cloud_init.host.data import folders
from cloud_init.host.rollout import state, web

APP = pwd.getpwnam("nobody")
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that others may write")


@pytest.fixture
def places():
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        os.chmod(folder, 0o755)
        made = documents.places(Path(folder), {"user": APP.pw_name if os.geteuid() == 0 else None})
        files.make_folder(made.srv)
        made.shared.mkdir(0o750)
        if made.user:
            os.chown(made.shared, made.user.pw_uid, made.user.pw_gid)
        yield made


def release(places, identity, data=("instance",), brings=()):
    """A release's folder as it is unpacked, with what it brings, laid; its sources."""
    source = places.release(identity) / "src"
    source.mkdir(parents=True)
    for name in brings:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(f"{name} of {identity}")
    folders.lay(places, documents.manifest(id=identity, data=list(data)))
    return source


def written(places, path, text):
    """The app writes a file."""
    done_as(places.user, lambda: path.write_text(text) and None)


def test_what_the_app_writes_is_there_in_the_next_release_and_in_one_that_is_rolled_back_to(places):
    first = release(places, "a" * 12, brings=["instance/config.py", "app.py"])
    written(places, first / "instance/x.txt", "x")
    second = release(places, "b" * 12, brings=["instance/config.py"])
    written(places, second / "instance/y.txt", "y")
    assert sorted(path.name for path in (first / "instance").iterdir()) == ["config.py", "x.txt", "y.txt"]
    assert (second / "instance/config.py").read_text() == f"instance/config.py of {'a' * 12}"
    assert not (places.shared / "app/app.py").exists()


def test_a_file_of_sqlite_beside_the_sources_is_kept_whoever_makes_it(places, tmp_path):
    """SQLite itself goes through the link: what it writes beside the file is in the folder that stays."""

    def rows(source, name):
        with contextlib.closing(sqlite3.connect(source / name)) as made, made:
            made.execute("PRAGMA journal_mode=wal")
            made.execute("CREATE TABLE IF NOT EXISTS t (x)")
            made.execute("INSERT INTO t VALUES (1)")
            return made.execute("SELECT count(*) FROM t").fetchall()

    first = release(places, "a" * 12, data=["data.db", "shop/x.sqlite3"], brings=["app.py", "shop/x.py"])
    assert not (first / "data.db").exists()  # an app that looks makes it
    assert [done_as(places.user, partial(rows, first, name)) for name in ("data.db", "shop/x.sqlite3")] == [[[1]], [[1]]]
    second = release(places, "b" * 12, data=["data.db", "shop/x.sqlite3", "old.db"], brings=["data.db", "old.db"])
    assert [done_as(places.user, partial(rows, second, name)) for name in ("data.db", "shop/x.sqlite3")] == [[[2]], [[2]]]
    assert (second / "old.db").read_text() == f"old.db of {'b' * 12}"
    written(places, second / "old.db", "now")
    facts, _ = saved(places, tmp_path / "a.tar.gz")
    written(places, second / "old.db", "later")
    folders.load(places, tmp_path / "a.tar.gz", facts["files"])
    assert done_as(places.user, lambda: rows(second, "data.db")) == [[3]]
    assert (second / "old.db").read_text() == "now"


def test_what_the_release_that_serves_wrote_before_the_setting_is_taken_over(places, monkeypatch):
    before = release(places, "a" * 12, data=[], brings=["up/kept.png"])
    monkeypatch.setattr(state, "serving", lambda places: "a" * 12)
    after = release(places, "b" * 12, data=["up"], brings=["up/new.png"])
    assert sorted(path.name for path in (after / "up").iterdir()) == ["kept.png", "new.png"]
    assert (before / "up/kept.png").is_file()


def test_nested_folders_that_the_app_does_not_bring_are_made(places):
    source = release(places, "a" * 12, data=["static/uploads", "var"], brings=["static/app.css"])
    assert (source / "static/uploads").is_dir()
    assert (source / "static/app.css").is_file()
    assert (places.shared / "app/static/uploads").stat().st_uid == (places.user.pw_uid if places.user else os.geteuid())


def test_a_file_in_the_place_of_a_folder_is_refused(places):
    with pytest.raises(
        Refused, match=r"^slipway:app\.data: wanted a folder 'app.py' in the app, found a file; name the folder that it is in$"
    ):
        release(places, "a" * 12, data=["app.py"], brings=["app.py"])


@ROOT
def test_root_follows_no_link_that_the_app_made(places):
    with tempfile.TemporaryDirectory() as other:
        shutil.chown(other, "www-data")
        (places.shared / "app").symlink_to(other)
        with pytest.raises(Refused, match="wanted a folder, found a link or a file"):
            release(places, "a" * 12)
        assert not list(Path(other).iterdir())
        assert Path(other).owner() == "www-data"


@ROOT
def test_a_link_belongs_to_whom_it_leads_to_as_fronts_want_it(places):
    source = release(places, "a" * 12, data=["static/up"])
    assert (source / "static/up").lstat().st_uid == (source / "static/up").stat().st_uid == APP.pw_uid
    assert source.stat().st_uid == 0  # which the app can't exchange


def saved(places, path):
    facts = folders.save(places, path)
    with tarfile.open(path) as tar:
        return facts, {member.name: member for member in tar}


def test_all_is_saved_and_comes_back_whatever_is_there_now(places, tmp_path):
    source = release(places, "a" * 12, brings=["instance/deep/er/file.txt"])
    written(places, source / "instance/x.txt", "x")
    done_as(places.user, lambda: (source / "instance/run.sh").touch(0o755))
    done_as(places.user, lambda: (source / "instance/away").symlink_to("/nowhere/at all"))
    done_as(places.user, lambda: os.mkfifo(source / "instance/pipe"))
    facts, _ = saved(places, tmp_path / "a.tar.gz")
    assert facts["files"] == 4
    written(places, source / "instance/x.txt", "other")
    written(places, source / "instance/late.txt", "late")
    folders.load(places, tmp_path / "a.tar.gz", 4)
    assert sorted(path.name for path in (source / "instance").iterdir()) == ["away", "deep", "run.sh", "x.txt"]
    assert (source / "instance/x.txt").read_text() == "x"
    assert (source / "instance/run.sh").stat().st_mode & 0o100
    assert os.readlink(source / "instance/away") == "/nowhere/at all"
    assert [path.name for path in places.shared.iterdir()] == ["app"]


def test_a_folder_that_the_archive_does_not_know_stays(places, tmp_path, monkeypatch):
    release(places, "a" * 12)
    facts, _ = saved(places, tmp_path / "a.tar.gz")
    source = release(places, "b" * 12, data=["instance", "up"])
    files.write_json(source.parent / "manifest.json", {**documents.MANIFEST, "id": "b" * 12, "data": ["instance", "up"]})
    monkeypatch.setattr(state, "serving", lambda places: "b" * 12)
    written(places, source / "up/x.png", "x")
    folders.load(places, tmp_path / "a.tar.gz", facts["files"])
    assert (source / "up/x.png").read_text() == "x"


def test_a_database_in_use_is_saved_by_sqlite(places, tmp_path):
    source = release(places, "a" * 12)

    def fill():
        connection = sqlite3.connect(source / "instance/app.db")
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        os.kill(os.getpid(), 9)  # its rows are in the log alone

    with pytest.raises((Refused, AssertionError, ValueError)):
        done_as(places.user or pwd.getpwnam("nobody"), fill)
    assert (source / "instance/app.db-wal").stat().st_size
    _, members = saved(places, tmp_path / "a.tar.gz")
    assert [name for name in members if "app.db" in name] == ["instance/app.db"]
    folders.load(places, tmp_path / "a.tar.gz", 1)
    assert sqlite3.connect(source / "instance/app.db").execute("SELECT x FROM t").fetchall() == [(1,)]


def test_files_that_vanish_or_shrink_while_they_are_saved(places, tmp_path, monkeypatch):
    source = release(places, "a" * 12)
    for name in ("gone", "cut", "kept"):
        written(places, source / "instance" / name, name * 100_000)
    whole = folders._pack_file

    def change(tar, info, path, copy):
        if path.name == "gone":
            path.unlink()
        read = os.fstat
        if path.name == "cut":
            monkeypatch.setattr(os, "fstat", lambda file: (read(file), os.truncate(path, 10))[0])
        whole(tar, info, path, copy)
        monkeypatch.setattr(os, "fstat", read)

    monkeypatch.setattr(folders, "_pack_file", change)
    facts, members = saved(places, tmp_path / "a.tar.gz")
    assert facts["files"] == 2
    assert members["instance/cut"].size == 300_000


@pytest.mark.parametrize("at", range(1, 6))
def test_killed_at_any_step_of_a_restore_the_next_one_has_all_of_it(places, tmp_path, monkeypatch, at):
    source = release(places, "a" * 12)
    written(places, source / "instance/x.txt", "x")
    saved(places, tmp_path / "a.tar.gz")
    written(places, source / "instance/x.txt", "other")
    rename, remove, count = Path.rename, files.remove, []

    def killing(work):
        def step(*arguments):
            count.append(1)
            if len(count) == at:
                os._exit(9)
            return work(*arguments)

        return step

    child = os.fork()
    if not child:
        monkeypatch.setattr(Path, "rename", killing(rename))
        monkeypatch.setattr(folders, "remove", killing(remove))
        with contextlib.suppress(Refused):  # as which it is told that the app's user's process ended
            folders.load(places, tmp_path / "a.tar.gz", 1)
            os._exit(0)
        os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (9 if at < 5 else 0)
    assert (places.shared / "app").exists() or (places.shared / ".app.old/instance/x.txt").read_text() == "other"
    folders.load(places, tmp_path / "a.tar.gz", 1)
    assert (source / "instance/x.txt").read_text() == "x"
    assert sorted(path.name for path in places.shared.iterdir()) == ["app"]


def test_damaged_archives_and_hostile_ones_are_refused(places, tmp_path):
    release(places, "a" * 12)
    path = tmp_path / "a.tar.gz"
    for name in ("../out.txt", "/tmp/out.txt"):
        with tarfile.open(path, "w:gz") as tar:
            tar.addfile(tarfile.TarInfo(name))
        with pytest.raises(Refused, match="leaves the app's folders"):
            folders.load(places, path, 1)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Refused, match="found a damaged archive"):
        folders.prove(path)
    with tarfile.open(path, "w:gz"):
        pass
    with pytest.raises(Refused, match="wanted 3 files of the app's folders, found 0"):
        folders.load(places, path, 3)


def test_without_any_folder_there_is_no_archive(places, tmp_path):
    assert not folders.are_there(places)
    assert folders.save(places, tmp_path / "a.tar.gz") is None
    assert not (tmp_path / "a.tar.gz").exists()


@ROOT
def test_an_ordinary_users_app_writes_there_alone_and_its_releases_can_be_removed():
    """In a process of that user: to root nothing is shut."""

    def tried():
        with tempfile.TemporaryDirectory() as folder:
            places = documents.places(Path(folder), {})
            files.make_folder(places.shared)
            source = places.release("a" * 12) / "src"
            (source / "deep").mkdir(parents=True)
            (source / "app.py").write_text("")
            folders.lay(places, documents.manifest(id="a" * 12, data=["instance"]))
            folders.seal(source)
            failed = []
            for path in (source / "app.py", source / "new.txt", source / "deep/new.txt", source / "instance/x.txt"):
                try:
                    path.write_text("x")
                except PermissionError:
                    failed.append(path.name)
            folders.lay(places, documents.manifest(id="a" * 12, data=["instance"]))
            web._remove(source.parent)
            return [failed, (places.shared / "app/instance/x.txt").read_text(), source.parent.exists()]

    assert done_as(APP, tried) == [["app.py", "new.txt", "new.txt"], "x", False]


@pytest.mark.parametrize(
    ("path", "named"), [("logs/app.log", "logs"), ("instance", "instance"), ("app.log", "one, and write it there"), ("a/b/c.txt", "a")]
)
def test_a_write_elsewhere_is_told_with_the_setting(path, named):
    for kind in ("PermissionError: [Errno 13] Permission denied", "OSError: [Errno 30] Read-only file system"):
        for place in ("/srv/slipway/shop/releases/0123456789ab/src/", ""):  # commands and servers run in `src`
            told = outcome.cause([f"{kind}: '{place}{path}'"])
            assert told.endswith(f" (the app may write the folders of slipway:app.data alone: name {named})")
    assert outcome.cause(["PermissionError: [Errno 13] Permission denied: '/etc/shadow'"]).endswith("'/etc/shadow'")


@pytest.mark.launch
@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_uploads_logs_and_databases_outlive_five_releases_a_rollback_and_a_restore(make_bench, front):
    """Launched: only a served app shows that both colours write there and that a front serves what was uploaded."""
    bench = make_bench()
    assert bench.boot()["ok"]

    def ask(path, body=None):
        with urllib.request.urlopen(f"http://127.0.0.1:{bench.port}{path}", body, timeout=10) as answer:
            return answer.read().decode()

    releases = []
    for number in range(5):
        sources = {"wsgi.py": WRITER.replace("NUMBER", str(number))}
        releases.append(bench.publish(number, sources=sources, kind=front, manifest={"data": DATA}))
        assert bench.roll(releases[-1]).ok
        ask("/write", f"{number}.txt".encode())
    kept = told(*(f"{number}.txt" for number in range(5)))
    assert ask("/read") == kept
    assert ask("/static/up/0.txt") == "upload"
    for name, leads_to in (("own", "0.txt"), ("other", "/etc/hostname"), ("folder", "/etc")):
        os.symlink(leads_to, link := bench.folder / ".slipway/t/srv/slipway/demo/shared/app/static/up" / name)
        os.chown(link, *(link.parent.stat().st_uid, -1), follow_symlinks=False)
    assert ask("/static/up/own") == "upload"
    for path in ("other", "folder/hostname"):
        with pytest.raises(urllib.error.HTTPError, match=r"403|404"):
            ask(f"/static/up/{path}")
    for name in ("own", "other", "folder"):
        (link.parent / name).unlink()
    assert bench.roll(releases[1]).ok
    assert (ask("/"), ask("/read")) == ("1", kept)
    made = bench.host.run(["backup", "--reason", "test"])
    assert made["ok"], made
    assert made["backup"]["folders"]["files"] >= 8
    ask("/write", b"later.txt")
    assert bench.host.run(["restore", made["backup"]["id"]])["ok"]
    assert ask("/read") == kept
    ask("/write", b"again.txt")
    assert ask("/read").startswith("6 ")
    elsewhere = bench.publish(
        9,
        sources={"wsgi.py": WRITER.replace("app = ", "os.makedirs('cache')\napp = ", 1)},
        manifest={"data": DATA},
    )
    refused = bench.roll(elsewhere)
    assert "(the app may write the folders of slipway:app.data alone: name cache)\n" in refused.message
    assert ask("/") == "1"
