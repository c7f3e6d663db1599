"""What was said to be done outlives a power cut: each file and each folder that names it is on the disk.

The kernel isn't asked: what was synced is noted, and all that is there afterwards must be in the notes.
"""

import os
import sqlite3
from pathlib import Path
from typing import Any

import documents
import pytest
from made_backups import made_backup

from cloud_init.host.base import files
from cloud_init.host.base.outcome import Steps
from cloud_init.host.data import backup, databases, restore
from cloud_init.host.front import configuration
from cloud_init.host.stores.file import FileStore
from components.hosts.transport import Launched, Way
from ops.engine.state import Resource, State


class Disk:
    """What of `root` is on the disk: bytes of files by inode, names in folders."""

    def __init__(self, root):
        self.root, self.kept = root, {}

    def sync(self, path):
        status = os.stat(path)
        self.kept[status.st_ino] = self.now(path)

    @staticmethod
    def now(path):
        if os.path.isdir(path):
            return sorted((entry.name, entry.inode()) for entry in os.scandir(path) if not entry.name.endswith(".lock"))
        return Path(path).read_bytes()

    def lost(self):
        """The names of what a power cut would take back, or leave without its bytes."""
        there = [self.root, *(path for path in self.root.rglob("*") if not path.is_symlink() and not path.name.endswith(".lock"))]
        return [str(path.relative_to(self.root)) for path in there if self.kept.get(path.stat().st_ino) != self.now(path)]


@pytest.fixture
def disk(tmp_path, monkeypatch):
    root = tmp_path / "disk"
    root.mkdir()
    made, fsync = Disk(root), os.fsync

    def noted(descriptor):
        fsync(descriptor)
        made.sync(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "sync", lambda: [made.sync(path) for path in (root, *root.rglob("*"))])
    return made


def test_files_and_links(disk):
    path = disk.root / "etc/slipway/shop/state.json"
    files.write_json(path, {"generation": 1})
    assert not disk.lost()
    files.write_json(path, {"generation": 2})
    assert not disk.lost()
    files.link(disk.root / "run/shop/live", "blue")
    files.link(disk.root / "run/shop/live", "green")
    assert not disk.lost()
    files.unlink(path)
    files.unlink(path)
    assert not disk.lost()


def test_a_folder_store(disk, tmp_path):
    store = FileStore(disk.root / "tree/store")
    store.put("releases/r1/manifest.json", b"1")
    assert not disk.lost()
    store.create("desired.json", b"1")
    store.replace("desired.json", b"1", b"2")
    assert not disk.lost()
    (tmp_path / "dump").write_bytes(b"dump")
    files.sync(tmp_path / "dump")
    store.send("backups/one/20260101-000000/dump", tmp_path / "dump")
    assert not disk.lost()
    store.delete("desired.json", "nothing")
    assert not disk.lost()


def test_the_state_of_the_engine_in_this_process(disk):
    state = State(disk.root / "dev/state.json", "shop", "dev")
    state.put(Resource("urn", "type", "name", "", True, outputs={"value": "secret"}, hidden=["value"]))
    state.save()
    state.keep_copy()
    state.save()
    assert not disk.lost()


def test_a_backup_and_the_note_of_a_restore(disk):
    places: Any = documents.places(disk.root, {"run": str(disk.root / "run")})
    files.make_folder(places.shared)
    with sqlite3.connect(places.database) as connection:
        connection.execute("CREATE TABLE items (id integer PRIMARY KEY)")
    connection.close()
    database = databases.of(places, documents.manifest(id="r1", database={"engine": "sqlite"}))
    assert backup.take(places, database, "test", Steps())
    assert database.snapshot()
    restore.Restore("20260101-000000").reach(places, restore.BEGUN)
    files.unlink(places.restoring)
    assert {*disk.lost()} <= {"srv/slipway/shop/shared", "srv/slipway/shop/shared/app.sqlite3"}  # SQLite syncs these by itself


def test_the_last_backup_before_the_data_go(disk, tmp_path):
    source = made_backup(tmp_path, "20260101-000000")
    host = Launched()
    host.way = Way()
    host.fetch(source, disk.root / "last/one")
    assert not disk.lost()


def test_a_cluster_keeps_its_name(disk):
    """The next run made a cluster whose name was lost anew, without its data."""
    from cloud_init.host.data.databases.postgres import PostgresCluster

    cluster: Any = PostgresCluster(documents.places(disk.root, {}))
    cluster.password = cluster.initialise = lambda _: None
    cluster.create()
    assert "srv/slipway/shop/data" not in disk.lost()


def test_a_release_that_is_called_ready_is_whole(disk):
    release = disk.root / "releases/r1"
    for name in ("src/wsgi.py", "venv/lib/flask.py"):
        (release / name).parent.mkdir(parents=True)
        (release / name).write_text("")
    files.mark_ready(release, {"at": 1.0})
    assert not disk.lost()


def test_the_page_that_was_taken_down_does_not_come_back(disk):
    places: Any = documents.places(disk.root, {})
    configuration.switch_page(places, True)
    configuration.switch_page(places, False)
    assert not disk.lost()
