"""A disk for the data: real file systems on loop devices. What isn't empty is never formatted."""

import os
import pwd
import subprocess
from pathlib import Path

import documents
import pytest

from cloud_init.host.base import processes
from cloud_init.host.base.files import read_json, write_json
from cloud_init.host.base.outcome import Refused, Steps
from cloud_init.host.base.places import Places
from cloud_init.host.rollout import database as role_of_databases
from cloud_init.host.server import volume

MODULE = "cloud_init.host.server.volume"
SIZE = 64 << 20
# A boot record with one partition, as byte 446 and on have it.
_PARTITIONS = r"""
printf '\000\040\041\000\203\000\000\000\000\010\000\000\000\370\001\000' | dd of="$0" bs=1 seek=446 conv=notrunc
printf '\125\252' | dd of="$0" bs=1 seek=510 conv=notrunc
"""


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def disk(tmp_path):
    """An empty disk of this machine; its device."""
    file = tmp_path / "disk"
    file.touch()
    os.truncate(file, SIZE)
    try:
        device = run("losetup", "--find", "--show", str(file))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no loop device can be had here")
    yield device
    run("losetup", "--detach", device)


TOLD: list[tuple[str, Path, str]] = []
"""What would be told to systemd, of the host that there is."""
PLACES = ("shared", "snapshots", "data", "backups")


def made(tmp_path, role):
    return documents.places(tmp_path, {"app": "shop", "role": role, "run": str(tmp_path / "run")})


def unmounted(places):
    """Leaves the host as a boot finds it."""
    for folder in (*(places.srv / name for name in PLACES), places.disk):
        subprocess.run(["umount", str(folder)], capture_output=True, check=False)


@pytest.fixture
def role():
    return "database"


@pytest.fixture
def host(tmp_path, role, monkeypatch):
    """Places of a host of that role."""
    TOLD.clear()
    monkeypatch.setattr(volume, "_at_boot", lambda places, found: TOLD.append((places.app, places.disk, found["UUID"])))
    places = made(tmp_path, role)
    yield places
    unmounted(places)


def test_an_empty_disk_gets_a_file_system_and_its_data_stay(disk, host, capsys):
    uuid = volume.mount(host, disk)
    data = host.disk / "data"
    assert os.path.ismount(host.disk)
    assert "empty; it gets a file system (ext4)" in capsys.readouterr().out
    (data / "postgres").mkdir(parents=True)
    (data / "postgres/PG_VERSION").write_text("17")
    assert volume.mount(host, disk) == uuid
    run("umount", str(host.disk))
    assert volume.mount(host, disk) == uuid
    assert f"found ext4 {uuid}; used as it is" in capsys.readouterr().out
    assert (data / "postgres/PG_VERSION").read_text() == "17"
    assert TOLD[0] == ("shop", host.disk, uuid)


@pytest.mark.parametrize(
    ("make", "found"),
    [(["mkswap"], "found swap"), (["mkfs.ext2", "-q"], "found ext2"), (["sh", "-c", _PARTITIONS], "found a partition table (dos)")],
    ids=["swap", "ext2", "partitions"],
)
def test_what_holds_something_else_is_refused_and_left_alone(disk, host, make, found):
    run(*make, disk)
    before = Path(disk).read_bytes()
    with pytest.raises(Refused, match=r"nothing was changed|name a partition") as refused:
        volume.mount(host, disk)
    assert found in str(refused.value)
    assert Path(disk).read_bytes() == before


def test_somebody_elses_files_are_refused(disk, host, tmp_path):
    run("mkfs.ext4", "-q", disk)
    place = tmp_path / "other"
    place.mkdir()
    run("mount", disk, str(place))
    (place / "photos").mkdir()
    run("umount", str(place))
    with pytest.raises(Refused, match=r"wanted this host's data or nothing, found photos; nothing was changed"):
        volume.mount(host, disk)
    assert not os.path.ismount(host.disk)


def test_data_that_it_would_hide_are_not_hidden(disk, host):
    (host.srv / "data/postgres").mkdir(parents=True)
    with pytest.raises(Refused, match="found data there already"):
        volume.keep(host, disk)
    assert not any(os.path.ismount(path) for path in (host.disk, *host.kept))


def test_a_disk_that_does_not_come_is_named(host, monkeypatch):
    monkeypatch.setattr(volume, "_WAIT", 0)
    with pytest.raises(Refused, match="wanted a disk at /dev/nothing-there"):
        volume.mount(host, "/dev/nothing-there")


web = pytest.mark.parametrize("role", ["web"])
both = pytest.mark.parametrize("role", ["web", "database"])


@both
def test_all_data_of_a_host_are_on_the_disk(disk, host, monkeypatch):
    volume.keep(host, disk)
    for name in PLACES:
        assert os.path.ismount(host.srv / name)
        (host.srv / name / "kept").write_text(name)
    volume.keep(host, disk)  # a release more changes nothing
    unmounted(host)
    assert [path for path in host.kept if any(path.iterdir())] == []
    assert {path.stat().st_mode & 0o777 for path in host.kept} == {0o700}  # nobody writes beside it
    started = []
    monkeypatch.setattr(f"{MODULE}.systemd.call", lambda *words: started.append(words) or run("mount", disk, str(host.disk)))
    volume.settle(host)
    assert started == [("start", run("systemd-escape", "--path", "--suffix=mount", str(host.disk)))]
    assert [(host.srv / name / "kept").read_text() for name in PLACES] == [*PLACES]
    assert host.disk.stat().st_mode & 0o777 == 0o700


@web
@pytest.mark.parametrize("done", range(6))
def test_a_kill_in_between_is_made_up_for(disk, host, monkeypatch, done):
    """After so many of: mounted, noted, and each folder bound."""
    real, ran = processes.run, []

    def counted(*command):
        if command[0] == "mount" and len(ran) == done:
            raise KeyboardInterrupt
        ran.extend([command] if command[0] == "mount" else [])
        return real(*command)

    monkeypatch.setattr(processes, "run", counted)
    if done < 5:
        with pytest.raises(KeyboardInterrupt):
            volume.keep(host, disk)
    monkeypatch.setattr(processes, "run", real)
    volume.keep(host, disk)
    assert all(os.path.ismount(path) for path in (host.disk, *host.kept))


@web
@pytest.mark.parametrize("name", [*PLACES, "served"])
def test_data_on_the_systems_own_disk_stay_where_they_are(disk, host, capsys, name):
    """Also of a server that has served with nothing kept so far: its programs wouldn't see a disk that comes later."""
    if name == "served":
        write_json(host.lib / "state.json", {"release": "1" * 12})
    else:
        (host.srv / name / "postgres").mkdir(parents=True)
    volume.keep(host, disk)
    assert "found on the system's own, where they stay" in capsys.readouterr().out
    assert not any(os.path.ismount(path) for path in (host.disk, *host.kept))
    volume.settle(host)  # nor later
    assert run("blkid", "-p", "-o", "export", disk, check=False) == ""


def test_a_host_that_serves_without_its_disk_tells_so(tmp_path):
    host = documents.places(tmp_path, {"role": "web", "disk": "/dev/sdx"})
    assert volume.problem(host) == ""
    write_json(host.lib / "state.json", {"release": "1" * 12})
    assert volume.problem(host).startswith("data: wanted on the disk /dev/sdx, found on the system's own")
    write_json(host.lib / "disk.json", {"uuid": "1-2"})
    assert volume.problem(host) == ""


@both
def test_without_its_disk_nothing_is_written(host, monkeypatch):
    write_json(host.lib / "disk.json", {"uuid": "1-2"})
    monkeypatch.setattr(f"{MODULE}.systemd.call", lambda *words: None)
    with pytest.raises(Refused, match="wanted the disk /dev/disk/by-uuid/1-2 mounted there, found none; attach it"):
        volume.settle(host)
    assert not any(path.exists() for path in host.kept)


@pytest.mark.parametrize(
    "act",
    [
        lambda host: role_of_databases.commit(host, 5, "new", Steps()),
        lambda host: role_of_databases.abort(host, Steps()),
        lambda host: role_of_databases._put_in_force(host, "new", both=True),
    ],
    ids=["commit", "abort", "prepare"],
)
def test_a_database_host_without_its_disk_is_left_as_it_is(host, monkeypatch, act):
    write_json(host.lib / "disk.json", {"uuid": "1-2"})
    write_json(host.lib / "state.json", {"release": "old"})
    database = {"engine": "postgres", "placement": "own-host", "address": ["127.0.0.1", 5432]}
    for release in ("old", "new"):
        write_json(host.release(release) / "manifest.json", {**documents.MANIFEST, "id": release, "database": database})
        write_json(host.release(release) / "database.json", {"passwords": {"app": "x", "owner": "x"}, "certificate": "", "key": ""})
    write_json(host.lib / "candidate.json", {"release": "new"})
    monkeypatch.setattr(f"{MODULE}.systemd.call", lambda *words: None)
    with pytest.raises(Refused, match="wanted the disk /dev/disk/by-uuid/1-2 mounted there, found none; attach it"):
        act(host)
    assert not (host.srv / "data").exists()


@web
def test_what_was_written_without_it_is_not_hidden(disk, host):
    volume.keep(host, disk)
    run("umount", str(host.shared))
    (host.shared / "upload").write_text("x")
    with pytest.raises(Refused, match=r"shared: wanted an empty folder for .*/disk, found data there; move them away"):
        volume.settle(host)


def numbered(name, number):
    """A user with that number, as is the group."""
    return pwd.struct_passwd((name, "x", number, number, "", "/", "/bin/false"))


@web
def test_files_are_given_to_the_users_of_the_next_server(disk, host, tmp_path, monkeypatch):
    """The next server numbers its users the other way round; a kill may come anywhere in between, and no link is followed."""

    def server(app, db):
        for name, user in {"user": numbered("app", app), "database_user": numbered("db", db)}.items():
            monkeypatch.setattr(Places, name, user, raising=False)  # asked of the class it has none

    def owners():
        paths = [host.shared / "upload", host.shared / "out", host.srv / "data/postgres", host.srv / "data/postgres/row", host.srv / "data"]
        return [(path.lstat().st_uid, path.lstat().st_gid) for path in paths]

    server(990, 991)
    volume.keep(host, disk)
    outside = tmp_path / "outside"
    outside.write_text("root's")
    (host.shared / "upload").write_text("x")
    (host.shared / "out").symlink_to(outside)
    (host.srv / "data/postgres").mkdir()
    (host.srv / "data/postgres/row").write_text("x")
    for path, number in ((host.shared / "upload", 990), (host.shared / "out", 990), (host.srv / "data/postgres", 991)):
        os.chown(path, number, number, follow_symlinks=False)
    os.chown(host.srv / "data/postgres/row", 991, 990)
    unmounted(host)
    (host.lib / "disk.json").unlink()  # the next server has none
    server(991, 990)
    real, done = os.chown, []
    for cut in (8, 9, 18, 19):  # twice in each half, where files of users are reached

        def cut_off(*words, cut=cut, **options):
            done.append(words)
            if len(done) == cut:
                raise KeyboardInterrupt
            real(*words, **options)

        done.clear()
        monkeypatch.setattr(os, "chown", cut_off)
        with pytest.raises(KeyboardInterrupt):
            volume._hand_over(host, _mounted(host, disk))
    monkeypatch.setattr(os, "chown", real)
    volume.keep(host, disk)
    assert owners() == [(991, 991), (991, 991), (990, 990), (990, 991), (0, 0)]
    assert (outside.stat().st_uid, outside.stat().st_gid) == (0, 0)
    assert read_json(host.disk / "users.json")["uid"] == {"app": 991, "db": 990}


def _mounted(host, disk):
    if not os.path.ismount(host.disk):
        run("mount", disk, str(host.disk))
    return host.disk
