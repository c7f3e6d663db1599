"""A disk for the data: real file systems on loop devices. What isn't empty is never formatted."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from cloud_init.host.base.outcome import Refused
from cloud_init.host.server import volume

SIZE = 64 << 20
# A boot record with one partition, as byte 446 and on have it.
_PARTITIONS = r"""
printf '\000\040\041\000\203\000\000\000\000\010\000\000\000\370\001\000' | dd of="$0" bs=1 seek=446 conv=notrunc
printf '\125\252' | dd of="$0" bs=1 seek=510 conv=notrunc
"""


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout.strip()


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


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Places of a host; what would be told to systemd."""
    told = []
    monkeypatch.setattr(volume, "_at_boot", lambda app, folder, found: told.append((app, folder, found["UUID"])))
    places = SimpleNamespace(srv=tmp_path / "srv", app="shop", told=told)
    yield places
    subprocess.run(["umount", str(places.srv / "data")], capture_output=True, check=False)


def test_an_empty_disk_gets_a_file_system_and_its_data_stay(disk, host, capsys):
    uuid = volume.mount(host, disk)
    data = host.srv / "data"
    assert os.path.ismount(data)
    assert "empty; it gets a file system (ext4)" in capsys.readouterr().out
    (data / "postgres").mkdir()
    (data / "postgres/PG_VERSION").write_text("17")
    assert volume.mount(host, disk) == uuid
    run("umount", str(data))
    assert volume.mount(host, disk) == uuid
    assert f"found ext4 {uuid}; used as it is" in capsys.readouterr().out
    assert (data / "postgres/PG_VERSION").read_text() == "17"
    assert host.told[0] == ("shop", data, uuid)


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
    with pytest.raises(Refused, match=r"wanted a database's data or nothing, found photos; nothing was changed"):
        volume.mount(host, disk)
    assert not os.path.ismount(host.srv / "data")


def test_data_that_it_would_hide_are_not_hidden(disk, host):
    (host.srv / "data/postgres").mkdir(parents=True)
    with pytest.raises(Refused, match="found data there already"):
        volume.mount(host, disk)
    assert not os.path.ismount(host.srv / "data")


def test_a_disk_that_does_not_come_is_named(host, monkeypatch):
    monkeypatch.setattr(volume, "_WAIT", 0)
    with pytest.raises(Refused, match="wanted a disk at /dev/nothing-there"):
        volume.mount(host, "/dev/nothing-there")


def test_a_server_does_not_start_beside_its_disk(tmp_path):
    with pytest.raises(Refused, match="wanted the disk /dev/disk/by-uuid/1-2 mounted there"):
        volume.await_mount(tmp_path, "1-2", wait=0)
