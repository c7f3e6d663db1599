"""Backups taken along, between deployments that have their data elsewhere: which host gets what, whole or not at all."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cloud_init.host.data import backup
from components.deployment import carried
from components.deployment.answers import Saved
from components.errors import SlipwayError, UsageError
from components.hosts.site import Site
from components.hosts.transport import Launched, Transport, Way
from components.release import store

ID = "20261201-040000"


class Server(Launched):
    """A host whose backups are in a folder of this machine."""

    def __init__(self, folder: Path, role: str = "web") -> None:
        self.host = self.address = folder.name
        self.role, self.way, self.backups = role, Way(), folder
        folder.mkdir(exist_ok=True)

    def run(self, arguments: Any, on_event: Any = None) -> dict[str, Any]:
        assert arguments == ["backups"]
        return {"ok": True, "path": str(self.backups)}


@dataclass
class Instance:
    """A host of a cloud, which looks for its backups in the store."""

    host: str
    role: str
    address: str = ""
    run: Any = field(default=None)
    stream: Any = field(default=None)
    attach: Any = field(default=None)


def made(folder: Path, **facts: Any) -> Path:
    """A backup as a host makes it: of a database if it has a `schema`, of folders if they are named."""
    place = folder / ID
    place.mkdir(parents=True)
    (place / backup.DUMP).write_bytes(b"rows" if facts.get("schema") else b"")
    texts = {"dump": place / backup.DUMP}
    if facts.pop("with_folders", False):
        (place / backup.FOLDERS).write_bytes(b"files")
        texts["folders"] = place / backup.FOLDERS
    said = {name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size} for name, path in texts.items()}
    given = {"id": ID, "at": 1.0, "engine": "postgres", "release": "r", "release_made": 1.0, "rows": {"t": 3}, "schema": "", "files": 1}
    (place / backup.FACTS).write_text(json.dumps({**given, **said, **facts}))
    return place


def site(tmp_path: Path, *hosts: Transport) -> Site:
    return Site(store.connect(store.in_folder(tmp_path / "store")), hosts, "http://x")


def facts_of(folder: Path) -> dict[str, Any]:
    backup.check(folder, ID)
    return dict(json.loads((folder / backup.FACTS).read_text()))


def test_from_one_server_to_one(tmp_path: Path) -> None:
    old, new = Server(tmp_path / "old"), Server(tmp_path / "new")
    place = made(old.backups, schema="s", with_folders=True)
    saved = Saved.model_validate({"host": "old", "ok": True, "backup": {"id": ID}, "path": str(place)})
    carried.take(site(tmp_path, old), old, saved, tmp_path / "taken")
    assert carried.give(site(tmp_path, new), [], tmp_path / "taken") == [ID]
    there = new.backups / ID
    assert {path.name: path.read_bytes() for path in there.iterdir()} == {path.name: path.read_bytes() for path in place.iterdir()}
    assert there.stat().st_mode & 0o777 == 0o700
    assert carried.give(site(tmp_path, new), [], tmp_path / "taken") == [ID]  # once more is the same
    assert [path.name for path in new.backups.iterdir()] == [ID]
    assert carried.give(site(tmp_path, new), [], tmp_path / "taken" / ID) == [ID]  # the backup itself will do


def test_from_one_server_to_two_the_folders_go_to_the_web_server(tmp_path: Path) -> None:
    database, web = Server(tmp_path / "db", "database"), Server(tmp_path / "web")
    made(tmp_path / "taken", schema="s", with_folders=True)
    assert carried.give(site(tmp_path, web, database), [web], tmp_path / "taken") == [ID]
    rows, files = facts_of(database.backups / ID), facts_of(web.backups / ID)
    assert (rows["rows"], "folders" in rows, "beside" in rows) == ({"t": 3}, False, False)
    assert (files["rows"], files["schema"], files["beside"], files["folders"]["bytes"]) == ({}, "", ID, 5)
    assert not (database.backups / ID / backup.FOLDERS).exists()
    assert [path.name for path in (tmp_path / "taken").iterdir()] == [ID]  # nothing is left beside it


def test_from_two_servers_to_one_both_are_restored(tmp_path: Path) -> None:
    one, taken = Server(tmp_path / "one"), tmp_path / "taken"
    made(taken, schema="s")
    (later := made(tmp_path / "own", schema="", with_folders=True, beside=ID)).rename(taken / "20261201-040001")
    facts = json.loads((taken / "20261201-040001" / backup.FACTS).read_text())
    (taken / "20261201-040001" / backup.FACTS).write_text(json.dumps({**facts, "id": "20261201-040001"}))
    assert not later.exists()
    assert carried.give(site(tmp_path, one), [], taken) == [ID, "20261201-040001"]
    assert sorted(path.name for path in one.backups.iterdir()) == [ID, "20261201-040001"]


def test_instances_get_theirs_by_the_store(tmp_path: Path) -> None:
    """Those of a role that take each other's place, below the role's name."""
    database, web = Instance("DB:i-1", "database"), Instance("WEB:i-2", "web")
    made(tmp_path / "taken", schema="s", with_folders=True)
    there = site(tmp_path, web, database)
    assert carried.give(there, [web], tmp_path / "taken") == [ID]
    assert {*there.store.names("backups/")} == {
        *(f"backups/DB/DB:i-1/{ID}/{name}" for name in (backup.DUMP, backup.FACTS)),
        *(f"backups/WEB/WEB:i-2/{ID}/{name}" for name in (backup.DUMP, backup.FACTS, backup.FOLDERS)),
    }
    saved = Saved.model_validate({"host": "DB:i-1", "ok": True, "backup": {"id": ID}, "path": "/elsewhere"})
    carried.take(there, database, saved, tmp_path / "back")
    assert facts_of(tmp_path / "back" / ID)["rows"] == {"t": 3}


def test_what_is_damaged_or_no_backup_is_not_sent(tmp_path: Path) -> None:
    one = Server(tmp_path / "one")
    with pytest.raises(UsageError, match="wanted a folder that `backup --to` wrote, found 0 backups"):
        carried.give(site(tmp_path, one), [], tmp_path)
    place = made(tmp_path / "taken", schema="s")
    (place / backup.DUMP).write_bytes(b"rowz")
    with pytest.raises(SlipwayError, match=rf"one: wanted backup {ID} there, found: .*wanted SHA-256"):
        carried.give(site(tmp_path, one), [], tmp_path / "taken")
    facts = json.loads((place / backup.FACTS).read_text())
    (place / backup.FACTS).write_text(json.dumps({**facts, "id": "../../etc"}))
    with pytest.raises(UsageError, match="wanted a folder"):
        carried.give(site(tmp_path, one), [], tmp_path / "taken")
    assert [*one.backups.iterdir()] == []
