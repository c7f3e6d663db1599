"""A disk for the data alone: formatted only if empty, mounted by its UUID."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import time
from pathlib import Path

from ..base.files import write
from ..base.outcome import Refused, note
from ..base.places import Places
from . import apply

_WAIT = 120  # seconds that a disk may take to be attached
_NOTHING = 2  # blkid's exit status where it finds nothing that it knows
_TYPES = ("ext4", "xfs")
_OURS = {"postgres", "mysql", "passwords", "lost+found"}
_UNITS = Path("/etc/systemd/system")
_OPTIONS = "nodev,nosuid,noexec,noatime"


def mount(places: Places, device: str) -> str:
    """Mounts the disk for the data, also at boots; its UUID. Raises `Refused` if it isn't ours."""
    path = _there(device)
    contents = examine(path)
    if not contents:
        note(f"{device}: empty; it gets a file system (ext4)")
        apply.run("mkfs.ext4", "-q", "-L", "slipway-data", str(path))
        contents = examine(path)
    elif contents.get("TYPE") not in _TYPES:
        wanted = f"wanted an empty disk or a file system of {' or '.join(_TYPES)}"
        raise Refused(f"{device}: {wanted}, found {_described(contents)}; nothing was changed")
    else:
        note(f"{device}: found {_described(contents)}; used as it is")
    folder = places.srv / "data"
    if not os.path.ismount(folder):
        _mount(folder, path, contents["UUID"])
    _at_boot(places.app, folder, contents)
    return contents["UUID"]


def examine(path: Path) -> dict[str, str]:
    """The values of blkid: TYPE, UUID, PTTYPE, …; empty for an empty disk. Raises `Refused`."""
    done = subprocess.run(["blkid", "-p", "-o", "export", str(path)], capture_output=True, text=True, check=False)
    if done.returncode not in (0, _NOTHING):
        why = " ".join(done.stderr.split()) or f"blkid ended with {done.returncode}"
        raise Refused(f"{path}: what it holds can't be told ({why}); nothing was changed")
    contents = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    contents.pop("DEVNAME", None)
    if contents.get("PTTYPE") and "TYPE" not in contents:
        raise Refused(f"{path}: wanted an empty disk, found a partition table ({contents['PTTYPE']}); name a partition, or an empty disk")
    return contents


def await_mount(folder: Path, uuid: str, wait: float = 90) -> None:
    """Waits for the disk with that UUID at `folder`. Raises `Refused`."""
    deadline = time.monotonic() + wait
    link = Path("/dev/disk/by-uuid") / uuid
    while not os.path.ismount(folder):
        if time.monotonic() > deadline:
            raise Refused(f"{folder}: wanted the disk {link} mounted there, found none; attach it, then start the host again")
        time.sleep(0.5)


def unit(app: str, folder: Path, contents: dict[str, str]) -> str:
    """The mount unit. A missing disk doesn't keep the host from booting."""
    text = (pkgutil.get_data(__package__, "data.mount") or b"").decode()
    values = {"APP": app, "UUID": contents["UUID"], "WHERE": str(folder), "TYPE": contents["TYPE"], "OPTIONS": _OPTIONS}
    for name, value in values.items():
        text = text.replace(f"@@{name}@@", value)
    return text


def _there(device: str) -> Path:
    """Waits until the disk is attached; returns its path. Raises `Refused` after two minutes."""
    deadline = time.monotonic() + _WAIT
    waiting = False
    while not Path(device).is_block_device():
        if time.monotonic() > deadline:
            raise Refused(f"database.volume: wanted a disk at {device}, found none within {_WAIT} s; attach it, then run `up` again")
        if not waiting:
            note(f"waiting for the disk {device}")
            waiting = True
        time.sleep(0.5)
    return Path(device).resolve()


def _mount(folder: Path, path: Path, uuid: str) -> None:
    """Raises `Refused` if it would hide data, or holds somebody else's."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Refused(f"{folder}: wanted an empty folder for {path}, found data there already; move them onto the disk by hand")
    apply.run("mount", "-o", _OPTIONS, str(path), str(folder))
    strange = sorted(one.name for one in folder.iterdir() if one.name.lstrip(".").split(".")[0] not in _OURS)
    if strange:
        apply.run("umount", str(folder))
        raise Refused(f"{path} ({uuid}): wanted a database's data or nothing, found {', '.join(strange[:5])}; nothing was changed")


def _at_boot(app: str, folder: Path, contents: dict[str, str]) -> None:
    name = apply.run("systemd-escape", "--path", "--suffix=mount", str(folder)).strip()
    if write(_UNITS / name, unit(app, folder, contents).encode()):
        apply.run("systemctl", "daemon-reload")
        apply.run("systemctl", "--quiet", "enable", name)


def _described(contents: dict[str, str]) -> str:
    kind = contents.get("TYPE") or contents.get("PTTYPE") or "something unknown"
    return f"{kind} {contents['UUID']}" if contents.get("UUID") else kind
