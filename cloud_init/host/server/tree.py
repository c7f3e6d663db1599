"""The folders of an app on a host: those that outlive a reboot, and RUN, which doesn't."""

from __future__ import annotations

import grp
import os
import pkgutil
from pathlib import Path
from typing import Any

from ..base import processes
from ..base.files import link, read_object, target, unlink, write
from ..base.places import COLOURS, SOCKETS, Colour, Places
from ..base.user import FRONT_GROUP, own, private
from ..processes.programs import log_path
from ..release import files, runtime
from ..rollout import state
from . import volume


def make(places: Places) -> None:
    """Makes all of them. What is there stays. Raises `Refused` where the disk with data is away."""
    volume.settle(places)
    for folder in (places.srv, places.lib / "processes", places.etc):
        folder.mkdir(parents=True, exist_ok=True)
    _shut(places.srv / "releases", places.user and places.user.pw_gid)
    # A server's front opens its log anew by its name; the app is not in that group.
    _shut(places.log, grp.getgrnam(FRONT_GROUP).gr_gid if places.role else None)
    front = places.lib / "front"
    if not (places.role and front.is_dir()):  # a server's Apache of an earlier version keeps its files right there
        own(front)
    # What the release command leaves there the app may write, and the other way round.
    private(places.shared, places.user, 0o2770 if places.facts.release_user else 0o750)
    if places.role:
        _make_server(places)
    _make_run(places)


def _shut(path: Path, group: int | None) -> None:
    """A folder of this tool's user that one group may read, and nobody else."""
    own(path, mode=0o750)
    if group is not None:
        os.chown(path, -1, group)


def _make_server(places: Places) -> None:
    """What has to be there before the sandboxes that may write it, and the rotation of the logs."""
    (places.srv / "data").mkdir(mode=0o711, exist_ok=True)
    # The front server opens it by itself, Supervisor too, as a root that may open only its own.
    log = log_path(places, "front")
    log.touch()
    log.chmod(0o660)
    os.chown(log, 0, grp.getgrnam(FRONT_GROUP).gr_gid)
    for path in (places.srv / "releases").glob("*/env.json"):
        environment = read_object(path)
        if environment.keys() & runtime.WITHHELD:  # as an earlier version left it
            files.write_environment(places, path.parent, environment)
    rotation = pkgutil.get_data(__package__, "logrotate.conf") or b""
    write(places.root / f"etc/logrotate.d/slipway-{places.app}", rotation.replace(b"@@LOG@@", str(places.log).encode()))


def _make_run(places: Places) -> None:
    """RUN with its links, from what is noted on disk."""
    if places.root not in places.run.parents:  # below the temporary folder
        own(places.run.parent, first=True)
    own(places.run)
    noted = state.remembered(places)
    for name in COLOURS:
        _make_colour(places, places.colour(name), noted)
    if not is_front_of_before(places):
        _make_front(places)
    sockets = private(places.run / "database", places.database_user)
    if places.user is not None:
        os.chown(sockets, -1, places.user.pw_gid)  # the app's user may enter
    if target(places.live) is None and noted.get("colour"):
        link(places.colour(noted["colour"]).link, str(places.release(noted["release"])))
        if noted.get("previous"):
            link(places.previous, str(places.release(noted["previous"])))
        link(places.live, noted["colour"])


def is_front_of_before(places: Places) -> bool:
    """Whether a front server runs that an earlier version started, as the app's user: until it is
    started again its folders stay as they are."""
    pid, user = processes.recorded(places.front_process), places.front_user
    return bool(places.facts.front_user and user and pid and processes.owner(pid) not in (None, user.pw_uid))


def _make_front(places: Places) -> None:
    """The folders that the front server may write. What was noted there as another user it could
    not write anew."""
    for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        private(places.lib / "front" / name, places.front_user, 0o700)
    folder = places.run / "front"
    if not places.role:  # its master may be root, and what is noted here is believed
        own(folder)
        return
    private(folder, places.front_user)
    for path in folder.iterdir():
        if path.lstat().st_uid != folder.stat().st_uid:
            path.unlink()


def _make_colour(places: Places, colour: Colour, noted: dict[str, Any]) -> None:
    """An earlier version let the app write all of it: what listens there is led to without a moment
    in which it isn't, and of links only that to the release that serves stays."""
    own(colour.folder)
    if not colour.own.is_dir():
        colour.own.mkdir(0o700)
        for socket in colour.folder.glob("app.*"):
            os.link(socket, colour.own / socket.name, follow_symlinks=False)
        if noted.get("colour") != colour.name or target(colour.link) != str(places.release(str(noted.get("release")))):
            unlink(colour.link)
    private(colour.own, places.user)
    for name in SOCKETS:
        link(colour.folder / name, f"own/{name}")
