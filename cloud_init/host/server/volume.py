"""The folders of an app on a host: those that outlive a reboot, and RUN, which doesn't. For data
there may be a disk of their own: formatted only if empty, mounted by its UUID at `disk`, whose
folders take the place of those of the same names: `shared`, `data` and so on. It outlives the
server: `users.json` on it notes whose the numbers are that its files have as owners."""

import grp
import os
import time
from pathlib import Path

from ..base import COLOURS, Places, Refused, link, note, processes, read_object, target, template, write, write_json
from ..base.places import HTTP
from ..base.user import FRONT_GROUP, own, private
from ..processes.managers import systemd
from ..processes.programs import log_path
from ..rollout import state

_WAIT = 120  # seconds that a disk may take to be attached
_NOTHING = 2  # blkid's exit status where it finds nothing that it knows
_TYPES = ("ext4", "xfs")
_OURS = {"shared", "snapshots", "data", "backups", "lost+found", "users"}
_OWNERS = "users.json"
_NOBODYS = 1 << 30  # ids from here on no user has
_NOTE = "disk.json"
_OPTIONS = "nodev,nosuid,noexec,noatime"


def mount(places: Places, device: str) -> str:
    """Mounts the disk for the data, also at boots; its UUID. Raises `Refused` if it isn't ours."""
    path = _there(device)
    contents = examine(path)
    if not contents:
        note(f"{device}: empty; it gets a file system (ext4)")
        processes.run("mkfs.ext4", "-q", "-L", "slipway-data", str(path))
        contents = examine(path)
    elif contents.get("TYPE") not in _TYPES:
        wanted = f"wanted an empty disk or a file system of {' or '.join(_TYPES)}"
        raise Refused(f"{device}: {wanted}, found {_described(contents)}; nothing was changed")
    else:
        note(f"{device}: found {_described(contents)}; used as it is")
    if not os.path.ismount(places.disk):
        _mount(places.disk, path, contents["UUID"])
    _at_boot(places, contents)
    _hand_over(places, places.disk)
    return contents["UUID"]


def keep(places: Places, device: str) -> None:
    """Has all data of a host on the disk, from before its first release on. A web host's that
    are on the system's own disk stay there, which `problem` tells. Raises `Refused`."""
    if not (places.lib / _NOTE).is_file():
        if state.remembered(places) or any(map(_has_data, places.kept)):
            if places.role == "database":
                raise Refused(f"{device}: wanted an empty {places.srv} for it, found data there already; move them onto the disk by hand")
            return note(_stays(device))
        write_json(places.lib / _NOTE, {"uuid": mount(places, device)})
    settle(places)


def settle(places: Places) -> None:
    """Has the noted disk, if any, in force after a boot or a kill. Raises `Refused` without it:
    never are data looked for, or written, beside it."""
    uuid = read_object(places.lib / _NOTE).get("uuid")
    if not uuid:
        return
    if not os.path.ismount(places.disk):
        systemd.call("start", _unit_name(places.disk))  # waits for a disk that is on its way
        if not os.path.ismount(places.disk):
            disk = f"{places.disk}: wanted the disk /dev/disk/by-uuid/{uuid} mounted there"
            raise Refused(f"{disk}, found none; attach it, then start the host again")
    own(places.disk, 0o700)
    for one in places.kept:
        if not os.path.ismount(one):
            own(one, 0o700)  # without the disk nobody but root writes there
            if _has_data(one):
                raise Refused(
                    f"{one}: wanted an empty folder for {places.disk}, found data there; move them away, then start the host again"
                )
            (places.disk / one.name).mkdir(0o711, exist_ok=True)
            processes.run("mount", "--bind", str(places.disk / one.name), str(one))


def problem(places: Places) -> str:
    """That this host serves without the disk that it has for its data, in one line; else empty."""
    device = places.facts.disk
    return _stays(device) if device and state.remembered(places) and not (places.lib / _NOTE).is_file() else ""


def _stays(device: str) -> str:
    mend = "take a backup, have another server made, restore there"
    return f"data: wanted on the disk {device}, found on the system's own, where they stay and go with the server; {mend}"


def _has_data(folder: Path) -> bool:
    return folder.is_dir() and not os.path.ismount(folder) and any(folder.iterdir())


def examine(path: Path) -> dict[str, str]:
    """The values of blkid: TYPE, UUID, PTTYPE, …; empty for an empty disk. Raises `Refused`."""
    done = processes.ended("blkid", "-p", "-o", "export", str(path))
    if done.returncode not in (0, _NOTHING):
        why = " ".join(done.stderr.split()) or f"blkid ended with {done.returncode}"
        raise Refused(f"{path}: what it holds can't be told ({why}); nothing was changed")
    contents = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    contents.pop("DEVNAME", None)
    if contents.get("PTTYPE") and "TYPE" not in contents:
        raise Refused(f"{path}: wanted an empty disk, found a partition table ({contents['PTTYPE']}); name a partition, or an empty disk")
    return contents


def _there(device: str) -> Path:
    """Waits until the disk is attached; returns its path. Raises `Refused` after two minutes."""
    deadline = time.monotonic() + _WAIT
    if not Path(device).is_block_device():
        note(f"waiting for the disk {device}")
    while not Path(device).is_block_device():
        if time.monotonic() > deadline:
            raise Refused(f"database.volume: wanted a disk at {device}, found none within {_WAIT} s; attach it, then run `up` again")
        time.sleep(0.5)
    return Path(device).resolve()


def _mount(folder: Path, path: Path, uuid: str) -> None:
    """Raises `Refused` if it would hide data, or holds somebody else's."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Refused(f"{folder}: wanted an empty folder for {path}, found data there already; move them onto the disk by hand")
    processes.run("mount", "-o", _OPTIONS, str(path), str(folder))
    strange = sorted(one.name for one in folder.iterdir() if one.name.lstrip(".").split(".")[0] not in _OURS)
    if strange:
        processes.run("umount", str(folder))
        raise Refused(f"{path} ({uuid}): wanted this host's data or nothing, found {', '.join(strange[:5])}; nothing was changed")


def _at_boot(places: Places, contents: dict[str, str]) -> None:
    """The mount's unit. A missing disk doesn't keep the host from booting."""
    name, values = _unit_name(places.disk), {"UUID": contents["UUID"], "TYPE": contents["TYPE"], "OPTIONS": _OPTIONS}
    if systemd.put(places, name, template(__package__, "data.mount", APP=places.app, WHERE=places.disk, **values)):
        systemd.systemctl("--quiet", "enable", name)


def _unit_name(folder: Path) -> str:
    return processes.run("systemd-escape", "--path", "--suffix=mount", str(folder)).strip()


def _hand_over(places: Places, folder: Path) -> None:
    """Gives the files on the disk to the users whose names are noted there, as this server numbers
    them. In between they are nobody's, so a killed run is made up for by the next."""
    users = [user for user in (places.user, places.database_user, places.front_user, places.release_user) if user]
    now = {"uid": {user.pw_name: user.pw_uid for user in users}, "gid": {user.pw_name: user.pw_gid for user in users}}
    noted = read_object(folder / _OWNERS) or now
    if noted != now:
        note(f"{folder}: its files are given to this server's users")
        between = {kind: {name: number | _NOBODYS for name, number in of.items()} for kind, of in noted.items()}
        _give(folder, noted, between)
        write_json(folder / _OWNERS, between)
        _give(folder, between, now)
    write_json(folder / _OWNERS, now)


def _give(folder: Path, before: dict[str, dict[str, int]], after: dict[str, dict[str, int]]) -> None:
    """Follows no link: the app chose what some of them lead to."""
    users, groups = ({number: after[kind].get(name, -1) for name, number in before[kind].items()} for kind in ("uid", "gid"))
    for _, folders, files, descriptor in os.fwalk(folder):
        for name in (*folders, *files):
            found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            os.chown(
                name, users.get(found.st_uid, -1), groups.get(found.st_gid, -1), dir_fd=descriptor, follow_symlinks=False
            )  # fmt: skip


def _described(contents: dict[str, str]) -> str:
    kind = contents.get("TYPE") or contents.get("PTTYPE") or "something unknown"
    return f"{kind} {contents['UUID']}" if contents.get("UUID") else kind


def make_folders(places: Places) -> None:
    """Makes all folders. What is there stays. Raises `Refused` where the disk with data is away."""
    settle(places)
    for folder in (places.srv, places.lib / "processes", places.etc):
        folder.mkdir(parents=True, exist_ok=True)
    own(places.srv / "releases", 0o750, group=places.user.pw_gid if places.user else -1)
    # A server's front opens its log anew by its name; the app is not in that group.
    own(places.log, 0o750, group=grp.getgrnam(FRONT_GROUP).gr_gid if places.role else -1)
    own(places.lib / "front")
    # What the release command leaves there the app may write, and the other way round.
    private(places.shared, places.user, places.shared_mode)
    if places.role:  # what has to be there before the sandboxes that may write it
        (places.srv / "data").mkdir(mode=0o711, exist_ok=True)
        log = log_path(places, "front")  # the front server opens it by itself, Supervisor too, as a root that may open only its own
        log.touch()
        log.chmod(0o660)
        os.chown(log, 0, grp.getgrnam(FRONT_GROUP).gr_gid)
        rotation = template(__package__, "logrotate.conf", LOG=places.log)
        write(places.root / f"etc/logrotate.d/slipway-{places.app}", rotation.encode())
    _make_run(places)


def _make_run(places: Places) -> None:
    """RUN with its links, from what is noted on disk."""
    if places.root not in places.run.parents:  # below the temporary folder
        own(places.run.parent, first=True)
    own(places.run)
    for colour in map(places.colour, COLOURS):
        own(colour.folder)
        private(colour.own, places.user)
        link(colour.folder / HTTP, f"own/{HTTP}")
    for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        private(places.lib / "front" / name, places.front_user, 0o700)
    if places.facts.front_user:
        private(places.run / "front", places.front_user)
    else:  # its master may be root, and what is noted here is believed
        own(places.run / "front")
    sockets = private(places.run / "database", places.database_user)
    if places.user is not None:
        os.chown(sockets, -1, places.user.pw_gid)  # the app's user may enter
    noted = state.remembered(places)
    if target(places.live) is None and noted.get("colour"):
        link(places.colour(noted["colour"]).link, str(places.release(noted["release"])))
        if noted.get("previous"):
            link(places.previous, str(places.release(noted["previous"])))
        link(places.live, noted["colour"])
