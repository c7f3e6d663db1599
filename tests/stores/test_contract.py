"""What every store does, whichever kind it is."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from speeds import examples

from cloud_init.host import stores
from cloud_init.host.base.outcome import Refused
from cloud_init.host.stores import Conflict, oss

ROUNDS = examples(200, few=20)


def test_what_is_written_is_read_and_what_is_deleted_is_gone(store, tmp_path):
    assert store.get("a/b.json") is None
    store.put("a/b.json", b"1")
    store.put("a/b.json", b"2")
    assert store.get("a/b.json") == b"2"
    assert stores.connect(store.address).get("a/b.json") == b"2"
    store.delete("a/b.json", "not/there")
    assert store.get("a/b.json") is None
    store.delete("a/b.json")


def test_names_are_those_below_a_folder_with_their_times(store):
    began = time.time()
    for name in ("releases/a/manifest.json", "releases/b é/x%.json", "releases.txt", "other/z"):
        store.put(name, b"")
    assert list(store.names("releases/")) == ["releases/a/manifest.json", "releases/b é/x%.json"]
    assert list(store.names("")) == ["other/z", "releases.txt", "releases/a/manifest.json", "releases/b é/x%.json"]
    assert store.names("nothing/") == {}
    assert began - 1 <= store.names("other/")["other/z"] <= time.time() + 1  # a bucket counts whole seconds


def test_times_are_the_stores_and_grow(store):
    assert store.modified("x") is None
    store.put("x", b"1")
    first = store.modified("x")
    time.sleep(1.1)
    store.put("x", b"2")
    assert store.modified("x") - first >= 1


def test_an_object_is_created_once(store):
    store.create("lock.json", b"mine")
    with pytest.raises(Conflict):
        store.create("lock.json", b"yours")
    assert store.get("lock.json") == b"mine"


def test_an_object_is_replaced_if_it_is_what_was_read(store):
    store.replace("desired.json", None, b"1")
    with pytest.raises(Conflict):
        store.replace("desired.json", None, b"2")
    store.replace("desired.json", b"1", b"2")
    with pytest.raises(Conflict):
        store.replace("desired.json", b"1", b"3")
    with pytest.raises(Conflict):
        store.replace("nothing.json", b"1", b"3")
    assert store.get("desired.json") == b"2"


def test_a_look_at_what_did_not_change_brings_nothing(store):
    nothing = store.changed("desired.json", "")
    assert nothing.data is None
    assert store.changed("desired.json", nothing.tag) is None
    store.put("desired.json", b"1")
    one = store.changed("desired.json", nothing.tag)
    assert one.data == b"1"
    assert store.changed("desired.json", one.tag) is None
    store.put("desired.json", b"2")
    assert store.changed("desired.json", one.tag).data == b"2"
    store.delete("desired.json")
    assert store.changed("desired.json", one.tag).data is None


@pytest.mark.parametrize("how", ["put", "send"])
def test_an_object_as_a_file(store, tmp_path, how):
    data = os.urandom(11 << 20)
    (tmp_path / "data").write_bytes(data)
    store.put("releases/code/c.tar.gz", data) if how == "put" else store.send("releases/code/c.tar.gz", tmp_path / "data")
    place = tmp_path / "release/src.tar.gz"
    assert store.file("releases/code/c.tar.gz", place).read_bytes() == data
    assert store.file("releases/code/none.tar.gz", tmp_path / "none") is None
    assert not (tmp_path / "none").exists()
    assert [path.name for path in place.parent.glob("*") if path != place] == []


@pytest.mark.parametrize("how", ["create", "replace"])
def test_of_two_at_once_exactly_one_wins(store, how):
    """Two clients, as many rounds; the one who lost reads what the other one wrote."""
    clients = [store, type(store)(store.folder)] if hasattr(store, "folder") else [store, stores.connect(store.address)]
    rounds = ROUNDS // 2 if isinstance(store, oss.ChainedBucket) else ROUNDS  # each round of a chain asks four times as often
    start = threading.Barrier(2)

    def compete(number):
        won = []
        for count in range(rounds):
            name = f"lock-{count}.json" if how == "create" else "desired.json"
            old = None if how == "create" else store_before[count]
            start.wait(60)
            new = f"{count} by {number}".encode()
            try:
                clients[number].replace(name, old, new) if how == "replace" else clients[number].create(name, new)
                won.append(count)
            except Conflict:
                pass
            start.wait(60)
            if number == 0:
                store_before.append(store.get(name))
            start.wait(60)
        return won

    store_before = [None]
    with ThreadPoolExecutor(2) as pool:
        wins = list(pool.map(compete, range(2)))
    assert sorted(wins[0] + wins[1]) == list(range(rounds))
    for count in range(rounds):
        winner = 0 if count in wins[0] else 1
        assert store_before[count + 1] == f"{count} by {winner}".encode()


def test_an_address_of_no_store_is_refused():
    with pytest.raises(Refused, match=r"wanted an address that starts with file://, gs://, oss://, s3://, found 'ftp://a'"):
        stores.connect("ftp://a")


@pytest.mark.parametrize("address", ["s3:///prefix", "s3://b/p?regoin=x", "oss://b?x=1", "gs://b?region=x"])
def test_an_address_that_is_wrong_is_refused(address):
    with pytest.raises(Refused, match=r"wanted .*://BUCKET/PREFIX"):
        stores.connect(address)


def test_a_folder_of_an_older_state_is_a_store(tmp_path):
    stores.connect(f"file://{tmp_path}/store").put("a", b"1")
    assert stores.connect(str(tmp_path / "store")).get("a") == b"1"


def test_a_folder_is_its_owners_alone(tmp_path):
    store = stores.connect(f"file://{tmp_path}/store")
    store.put("secrets/web/r.json", b"1")
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "store/secrets/web/r.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "store").rglob(".*")] == []
