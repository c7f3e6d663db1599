"""Backups in a store: those of a server that took another's place, and of one that stands alone."""

import json
import shutil
from types import SimpleNamespace

import pytest

from cloud_init.host.base.outcome import Refused
from cloud_init.host.data import backup, nightly, stored_backups
from cloud_init.host.release.store import HostStore

OLD, NEW, FOREIGN = "AROAEXAMPLE:i-0a", "AROAEXAMPLE:i-0b", "AROAEXAMPLEX:i-0c"
BEFORE, FIRST, SECOND = "20260831-010203", "20260901-010203", "20260902-010203"


@pytest.fixture
def server(tmp_path):
    """A server of that name, with a disk of its own and the store of all."""

    def made(name):
        places = SimpleNamespace(host=name, srv=tmp_path / "disks" / name)
        return places, HostStore(f"file://{tmp_path}/store", name)

    return made


def made_by(one, identity, reason="nightly"):
    """A backup on its disk and in the store."""
    places, store = one
    folder = backup.folder(places) / identity
    folder.mkdir()
    (folder / backup.DUMP).write_text(f"of {places.host}")
    (folder / backup.FACTS).write_text(json.dumps({"id": identity, "reason": reason}))
    stored_backups.send(places, store, identity)


def fetch(one, identity):
    places, store = one
    stored_backups.fetch(places, store, identity)


def test_a_server_that_took_anothers_place_lists_and_fetches_its_backups(server):
    old, new = server(OLD), server(NEW)
    made_by(old, FIRST)
    made_by(new, SECOND)
    assert stored_backups.every(*new) == {
        FIRST: {"id": FIRST, "reason": "nightly", "host": OLD},
        SECOND: {"id": SECOND, "reason": "nightly"},
    }
    fetch(new, FIRST)
    fetched = backup.folder(new[0]) / FIRST
    assert (fetched / backup.DUMP).read_text() == f"of {OLD}"
    assert json.loads((fetched / backup.FACTS).read_text()) == {"id": FIRST, "reason": "nightly"}
    assert {path.stat().st_mode & 0o777 for path in fetched.iterdir()} == {0o600}


def test_of_two_that_are_called_alike_its_own_counts(server):
    for name in (NEW, OLD, "AROAEXAMPLE:i-00"):
        made_by(server(name), FIRST)
    for name in (NEW, OLD, "AROAEXAMPLE:i-00"):
        one = server(name)
        assert stored_backups.every(*one) == {FIRST: {"id": FIRST, "reason": "nightly"}}
        shutil.rmtree(backup.folder(one[0]) / FIRST)
        fetch(one, FIRST)
        assert (backup.folder(one[0]) / FIRST / backup.DUMP).read_text() == f"of {name}"


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
    assert stored_backups.every(*one) == {FIRST: {"id": FIRST, "reason": "nightly"}}
    assert one[1].objects.get(f"backups/{name}/{FIRST}/{backup.FACTS}")


def test_each_thins_out_its_own_alone(server, monkeypatch):
    old, new = server(OLD), server(NEW)
    made_by(old, BEFORE)
    made_by(new, FIRST)
    made_by(new, SECOND)
    monkeypatch.setattr(nightly, "to_keep", lambda there: {SECOND} if {*there} == {FIRST, SECOND} else set())
    monkeypatch.setattr(backup, "every", lambda places: [])
    nightly._thin_out(*new)
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
