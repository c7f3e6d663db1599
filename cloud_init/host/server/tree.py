"""The folders of an app on a host: those that outlive a reboot, and RUN, which doesn't."""

from __future__ import annotations

import os
import pkgutil

from ..base.files import link, target, write
from ..base.places import COLOURS, Places
from ..base.user import FRONT_GROUP, front_group, private
from ..processes.programs import log_path
from ..rollout import state
from . import apply


def make(places: Places) -> None:
    """Makes all of them. What is there stays."""
    for folder in (places.srv / "releases", places.lib / "processes", places.log, places.etc):
        folder.mkdir(parents=True, exist_ok=True)
    for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        private(places.lib / "front" / name, places.user, 0o700)
    private(places.shared, places.user)
    if places.role:
        _make_server(places)
    _make_run(places)


def _make_server(places: Places) -> None:
    """What has to be there before the sandboxes that may write it, and the rotation of the logs."""
    (places.srv / "data").mkdir(mode=0o711, exist_ok=True)
    if not front_group():  # before the front starts for the first time: the groups of its workers are settled then
        apply.run("groupadd", "--system", FRONT_GROUP)
    private(places.lib / "front", places.user)
    log = log_path(places, "front")  # the front server opens it by itself, as the app's user
    log.touch()
    log.chmod(0o660)
    if places.user is not None:
        os.chown(log, -1, places.user.pw_gid)
    rotation = pkgutil.get_data(__package__, "logrotate.conf") or b""
    write(places.root / f"etc/logrotate.d/slipway-{places.app}", rotation.replace(b"@@LOG@@", str(places.log).encode()))


def _make_run(places: Places) -> None:
    """RUN with its links, from what is noted on disk."""
    places.run.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name in (*COLOURS, "front"):
        private(places.run / name, places.user)
    sockets = private(places.run / "database", places.database_user)
    if places.user is not None:
        os.chown(sockets, -1, places.user.pw_gid)  # the app's user may enter
    noted = state.remembered(places)
    if target(places.live) is None and noted.get("colour"):
        link(places.colour(noted["colour"]).link, str(places.release(noted["release"])))
        if noted.get("previous"):
            link(places.previous, str(places.release(noted["previous"])))
        link(places.live, noted["colour"])
