"""Backups in a store: those of a server that took another's place, and of one that stands alone."""

import hashlib
import json
import shutil
import time
from types import SimpleNamespace
from typing import Any

import pytest
from made_backups import facts, made_backup

from cloud_init.host.base.files import write_json
from cloud_init.host.base.outcome import Refused, Steps
from cloud_init.host.data import backup, folders, stored_backups
from cloud_init.host.release.manifests import HostStore

OLD, NEW, FOREIGN = "AROAEXAMPLE:i-0a", "AROAEXAMPLE:i-0b", "AROAEXAMPLEX:i-0c"
BEFORE, FIRST, SECOND = "20260831-010203", "20260901-010203", "20260902-010203"


@pytest.fixture
def server(tmp_path):
    """A server of that name, with a disk of its own and the store of all."""

    def made(name):
        places = SimpleNamespace(host=name, srv=tmp_path / "disks" / name, lib=tmp_path / "lib")
        return places, HostStore(f"file://{tmp_path}/store", name)

    return made


def made_by(one, identity, reason="nightly"):
    """A backup on its disk and in the store."""
    places, store = one
    made_backup(backup.folder(places), identity, f"of {places.host}".encode(), reason=reason)
    stored_backups.send(places, store, identity)


def said(host, identity):
    return facts(identity, f"of {host}".encode())


def fetch(one, identity):
    places, store = one
    stored_backups.fetch(places, store, identity)


def test_a_server_that_took_anothers_place_lists_and_fetches_its_backups(server):
    old, new = server(OLD), server(NEW)
    made_by(old, FIRST)
    made_by(new, SECOND)
    assert stored_backups.every(*new) == {
        FIRST: {**said(OLD, FIRST), "host": OLD},
        SECOND: said(NEW, SECOND),
    }
    fetch(new, FIRST)
    fetched = backup.folder(new[0]) / FIRST
    assert (fetched / backup.DUMP).read_text() == f"of {OLD}"
    assert json.loads((fetched / backup.FACTS).read_text()) == said(OLD, FIRST)
    assert {path.stat().st_mode & 0o777 for path in fetched.iterdir()} == {0o600}


def test_of_two_that_are_called_alike_its_own_counts(server):
    for name in (NEW, OLD, "AROAEXAMPLE:i-00"):
        made_by(server(name), FIRST)
    for name in (NEW, OLD, "AROAEXAMPLE:i-00"):
        one = server(name)
        assert stored_backups.every(*one) == {FIRST: said(name, FIRST)}
        shutil.rmtree(backup.folder(one[0]) / FIRST)
        fetch(one, FIRST)
        assert (backup.folder(one[0]) / FIRST / backup.DUMP).read_text() == f"of {name}"


def test_a_web_servers_backup_to_that_of_a_database(server, monkeypatch):
    """The one that goes with it, else of that day its own, else the nearest of whosoever; without folders none."""
    old, new = server(OLD), server(NEW)
    kept = {"bytes": 1, "files": 1, "sha256": hashlib.sha256(b"f").hexdigest()}
    for one, identity, more in (
        (old, "20260801-030000", {}), (old, "20260901-030005", {}), (new, "20260901-030100", {}), (new, "20260902-030000", {}),
        (new, "20260903-030000", {"beside": "20260801-000000"}), (new, "20260801-000001", {"folders": None}),
    ):  # fmt: skip
        given: dict[str, Any] = {name: value for name, value in {"folders": kept, **more}.items() if value}
        place = made_backup(backup.folder(one[0]), identity, **given)
        if "folders" in given:
            (place / backup.FOLDERS).write_bytes(b"f")
        stored_backups.send(one[0], one[1], identity)
    monkeypatch.setattr(folders, "are_there", lambda places: places is new[0])
    wanted = {
        "20260801-000000": "20260903-030000", "20260801-000001": "20260801-030000", "20260901-030006": "20260901-030100",
        "20260902-120000": "20260902-030000", "20260101-000000": "20260801-030000", "no ID": "",
    }  # fmt: skip
    assert {identity: stored_backups.nearest(new[0], new[1], identity) for identity in wanted} == wanted
    assert (backup.folder(new[0]) / "20260801-030000" / backup.FOLDERS).read_bytes() == b"f"
    assert stored_backups.nearest(old[0], old[1], "20260901-030006") == ""


def test_others_are_nothing_to_it(server):
    made_by(server(FOREIGN), FIRST)
    assert stored_backups.every(*server(NEW)) == {}
    fetch(server(NEW), FIRST)
    assert not (backup.folder(server(NEW)[0]) / FIRST).exists()


@pytest.mark.parametrize("name", ["data", "203.0.113.5", "db.example.com"])
def test_a_server_that_stands_alone_has_its_own(server, name):
    one, other = server(name), server(f"{name}x")
    made_by(one, FIRST)
    made_by(other, SECOND)
    assert stored_backups.every(*one) == {FIRST: said(name, FIRST)}
    assert one[1].objects.get(f"backups/{name}/{FIRST}/{backup.FACTS}")


def test_each_thins_out_its_own_alone(server, monkeypatch):
    old, new = server(OLD), server(NEW)
    made_by(old, BEFORE)
    made_by(new, FIRST)
    made_by(new, SECOND)
    monkeypatch.setattr(stored_backups, "to_keep", lambda there: {SECOND} if {*there} == {FIRST, SECOND} else set())
    monkeypatch.setattr(backup, "every", lambda places: [])
    stored_backups._thin_out(new[0], new[1], SECOND)
    assert {one: facts.get("host") for one, facts in stored_backups.every(*new).items()} == {BEFORE: OLD, SECOND: None}


def test_a_half_one_is_none_and_one_that_lacks_its_dump_is_told(server):
    old, new = server(OLD), server(NEW)
    made_by(old, FIRST)
    made_by(old, SECOND)
    old[1].objects.delete(f"backups/AROAEXAMPLE/{OLD}/{FIRST}/{backup.FACTS}", f"backups/AROAEXAMPLE/{OLD}/{SECOND}/{backup.DUMP}")
    assert [*stored_backups.every(*new)] == [SECOND]
    with pytest.raises(Refused, match=f"wanted backups/AROAEXAMPLE/{OLD}/{SECOND}/dump, found nothing; restore another backup"):
        fetch(new, SECOND)
    assert not [*backup.folder(new[0]).iterdir()]


def test_a_damaged_one_is_sent_nowhere_and_brought_by_nobody(server):
    old, new = server(OLD), server(NEW)
    made_by(old, FIRST)
    dump = backup.folder(old[0]) / FIRST / backup.DUMP
    damaged = dump.read_bytes().replace(b"of", b"\0\0")
    dump.unlink()
    dump.write_bytes(damaged)
    with pytest.raises(Refused, match=r"wanted SHA-256 .* the backup is damaged"):
        stored_backups.send(old[0], old[1], FIRST)
    old[1].objects.put(f"backups/AROAEXAMPLE/{OLD}/{FIRST}/dump", damaged)
    with pytest.raises(Refused, match=r"wanted SHA-256 .* the backup is damaged"):
        fetch(new, FIRST)
    assert not [*backup.folder(new[0]).iterdir()]


def test_one_that_is_damaged_here_is_brought_from_the_store(server):
    one = server(NEW)
    made_by(one, FIRST)
    dump = backup.folder(one[0]) / FIRST / backup.DUMP
    dump.unlink()
    dump.write_text("of another")
    fetch(one, FIRST)
    assert dump.read_text() == f"of {NEW}"


@pytest.mark.parametrize("wrong", ["1970", "2099"])
def test_a_wrong_clock_lets_no_good_backup_go(server, wrong):
    """By its date the one just made is the oldest, or for ever the newest; seven of the newest stay."""
    one = places, store = server(NEW)
    good = [f"2026{month:02}15-010203" for month in (6, 7, 8)] + [f"202609{day:02}-010203" for day in range(1, 8)]
    astray = [f"{wrong}01{day:02}-010203" for day in range(1, 9)]
    for identity in good:
        made_by(one, identity)
    for identity in astray:
        made_by(one, identity)
        stored_backups._thin_out(places, store, identity)
        assert identity in {*stored_backups.every(*one)}
        assert identity in {made["id"] for made in backup.every(places)}
    made_by(one, "20260908-010203")  # the clock was set
    stored_backups._thin_out(places, store, "20260908-010203")
    stays = good[4:] if wrong == "1970" else [*good[9:], *astray[1:]]
    assert {*stays, "20260908-010203"} <= {*stored_backups.every(*one)}


@pytest.mark.parametrize("name", ["20261399-000000", "00000000-000000", "20260901-250000"])
def test_what_is_no_time_is_no_backup(server, name):
    one = server(NEW)
    (backup.folder(one[0]) / name).mkdir()
    one[1].objects.put(f"backups/AROAEXAMPLE/{NEW}/{name}/backup.json", b"{}")
    made_by(one, SECOND)
    stored_backups._thin_out(one[0], one[1], SECOND)
    assert [made["id"] for made in backup.every(one[0])] == [SECOND]


def test_whatever_goes_wrong_at_night_is_a_problem(server, monkeypatch):
    places, store = server(NEW)
    places.lib = places.srv
    monkeypatch.setattr(backup, "database_of", lambda _, own: {"one": 1}["none"])
    with pytest.raises(KeyError):
        stored_backups.nightly(places, store, Steps())
    assert "KeyError: 'none'; there is no good one yet" in stored_backups.nightly_problem(places)
    write_json(places.lib / "nightly.json", {"at": 0, "message": "", "good": time.time() + 10 * 86400})
    assert "nightly backup: none since" in stored_backups.nightly_problem(places)  # the clock was ahead when it was made
