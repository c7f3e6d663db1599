"""A store of several servers: folders stand for them, and each may be away, come back, or be met by another deployer."""

import json
import threading
from collections.abc import Callable

import pytest

from cloud_init.host.stores.file import FileStore
from components.errors import LockedError, SlipwayError
from components.hosts import progress
from components.release.store import Conflict
from components.ssh.connection import Lost
from components.ssh.store import MirroredStore, Server


class Folder(FileStore):
    """A server's folder and its lock, as long as the server isn't `away`."""

    locks: dict = {}  # noqa: RUF012  what the kernel would hold

    def __init__(self, path):
        super().__init__(path)
        self.away = False

    def __getattribute__(self, name):
        if name in ("get", "put", "create", "replace", "names", "modified", "delete", "lock") and self.away:
            raise Lost(f"{self.folder.name}: no answer")
        return super().__getattribute__(name)

    def lock(self, reason):
        holder = self.locks.setdefault(self.folder, self)
        if holder is not self:
            raise LockedError("held")

    def unlock(self):
        if self.locks.get(self.folder) is self:
            del self.locks[self.folder]

    def names(self, folder):
        return super().names(folder)


@pytest.fixture
def deployer(tmp_path) -> Callable[..., MirroredStore]:
    """Somebody's view of the servers of that name; `database` has that role."""
    Folder.locks = {}

    def view(*names):
        return MirroredStore([Server(name, "database" if name == "database" else "web", Folder(tmp_path / name)) for name in names], "ssh:")

    return view


def wish(generation, **more):
    return json.dumps({"generation": generation, **more}).encode()


def away(store, *names):
    for server in store.servers:
        server.store.away = server.name in names


def has(tmp_path, host):
    return sorted(
        path.relative_to(tmp_path / host).as_posix() for path in (tmp_path / host).rglob("*") if path.is_file() and path.name[0] != "."
    )


def test_all_servers_get_what_is_for_them(deployer, tmp_path):
    store = deployer("one", "two", "database")
    with store.lock("up"):
        store.put("releases/a/manifest.json", b"m")
        store.put("secrets/web/a.json", b"w")
        store.put("secrets/database/a.json", b"d")
        store.replace("desired.json", None, wish(1))
    shared = ["desired.json", "releases/a/manifest.json"]
    assert has(tmp_path, "one") == has(tmp_path, "two") == [*shared, "secrets/web/a.json"]
    assert has(tmp_path, "database") == [*shared, "secrets/database/a.json"]
    assert (store.get("secrets/web/a.json"), store.get("secrets/database/a.json")) == (b"w", b"d")
    assert list(store.names("")) == [*shared, "secrets/database/a.json", "secrets/web/a.json"]
    store.delete("releases/a/manifest.json", "secrets/web/a.json", "secrets/database/a.json")
    assert [has(tmp_path, name) for name in ("one", "two", "database")] == [["desired.json"]] * 3


def test_what_a_server_says_of_itself_is_read_there(deployer, tmp_path):
    store = deployer("one", "two")
    for server in store.servers:
        server.store.put(f"outcomes/{server.name}/heartbeat.json", server.name.encode())
    assert store.get("outcomes/two/heartbeat.json") == b"two"
    assert store.modified("outcomes/two/heartbeat.json") == (tmp_path / "two/outcomes/two/heartbeat.json").stat().st_mtime
    assert list(store.names("outcomes/")) == ["outcomes/one/heartbeat.json", "outcomes/two/heartbeat.json"]
    away(store, "two")
    assert (store.get("outcomes/two/heartbeat.json"), store.modified("outcomes/two/heartbeat.json")) == (None, None)
    assert list(store.names("outcomes/")) == ["outcomes/one/heartbeat.json"]


def test_a_server_that_was_away_is_brought_up_to_date_before_it_hears_anything(deployer, tmp_path):
    store = deployer("one", "two")
    with store.lock("up"):
        store.put("releases/a/manifest.json", b"m")
        store.replace("desired.json", None, wish(1))
        away(store, "two")
        store.put("releases/b/manifest.json", b"m")
        store.delete("releases/a/manifest.json")
        away(store)
        store.replace("desired.json", wish(1), wish(2))
    assert has(tmp_path, "two") == has(tmp_path, "one") == ["desired.json", "releases/b/manifest.json"]
    assert (tmp_path / "two/desired.json").read_bytes() == wish(2)


def test_its_drift_is_told_and_the_next_run_ends_it(deployer):
    store = deployer("one", "two")
    with store.lock("up"):
        store.replace("desired.json", None, wish(1))
    away(store, "two")
    with store.lock("up"):
        store.replace("desired.json", wish(1), wish(2))
    away(store)
    assert store.drift("two") == "two was away: it knows generation 1 of what is wanted, one knows 2"
    assert store.drift("one") == ""
    store.catch_up("two")
    assert store.drift("two") == ""


def test_a_server_added_later_has_all_before_it_starts(deployer, tmp_path):
    store = deployer("one", "two")
    with store.lock("up"):
        for name in ("releases/a/manifest.json", "releases/code/c.tar.gz", "secrets/web/a.json", "tool.json"):
            store.put(name, b"x")
        store.replace("desired.json", None, wish(1))
    deployer("one", "two", "three").catch_up("three")
    deployer("one", "two", "database").catch_up("database")
    assert has(tmp_path, "three") == has(tmp_path, "one")
    assert has(tmp_path, "database") == [name for name in has(tmp_path, "one") if "secrets" not in name]


def test_without_the_first_one_nothing_is_decided(deployer, tmp_path):
    store = deployer("one", "two")
    with store.lock("up"):
        store.replace("desired.json", None, wish(1))
    away(store, "one")
    with pytest.raises(SlipwayError, match=r"one comes first in the list.*take one out of slipway:ssh\.hosts"), store.lock("up"):
        pass
    assert not Folder.locks
    with pytest.raises(SlipwayError):
        store.replace("desired.json", wish(1), wish(2))
    assert (tmp_path / "two/desired.json").read_bytes() == wish(1)


def test_one_that_was_taken_out_learns_when_it_is_put_back(deployer, tmp_path):
    """It is the first again, and knows least: whoever knows most leads."""
    with deployer("one", "two", "three").lock("up") as _:
        deployer("one", "two", "three").replace("desired.json", None, wish(1))
    without = deployer("two", "three")
    with without.lock("up"):
        without.put("releases/b/manifest.json", b"m")
        without.replace("desired.json", wish(1), wish(2))
    back = deployer("one", "two", "three")
    with back.lock("up"):
        assert back.get("desired.json") == wish(2)
        assert has(tmp_path, "one") == has(tmp_path, "two")


def test_nobody_goes_on_from_less_than_any_server_knows(deployer, tmp_path):
    store = deployer("one", "two")
    with store.lock("up"):
        store.replace("desired.json", None, wish(1))
        Folder(tmp_path / "two").put("desired.json", wish(5))
        with pytest.raises(Conflict, match="two knows generation 5, one 1"):
            store.replace("desired.json", wish(1), wish(2))
    assert (tmp_path / "one/desired.json").read_bytes() == wish(1)


def test_of_two_deployers_one_wins_each_generation(deployer, tmp_path):
    """Without any lock, both from the same wish, at once."""
    deployer("one", "two").replace("desired.json", None, wish(0))
    for generation in range(30):
        won, start, old = [], threading.Barrier(2), deployer("one").get("desired.json")

        def write(who, generation=generation, won=won, start=start, old=old):
            store = deployer("one", "two")
            start.wait()
            try:
                store.replace("desired.json", old, wish(generation + 1, by=who))
                won.append(who)
            except Conflict:
                pass

        threads = [threading.Thread(target=write, args=(who,)) for who in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        assert (tmp_path / "one/desired.json").read_bytes() == wish(generation + 1, by=won[0])


def test_deployers_with_the_servers_in_another_order_wait_for_each_other(deployer, monkeypatch):
    monkeypatch.setattr("components.ssh.following._WAIT", 0)
    mine, yours = deployer("one", "two"), deployer("two", "one")
    with mine.lock("up"), pytest.raises(LockedError), yours.lock("up"):
        pass
    with yours.lock("up"):
        pass


def test_who_is_left_out_is_told_once(deployer):
    store, told = deployer("one", "two"), []
    store.servers[1].behind = False
    away(store, "two")
    with progress.listen(lambda step: told.append((step.host, step.text))):
        for number in range(3):
            store.put(f"releases/{number}", b"")
    assert [host for host, text in told if "left out" in text] == ["two"]
