"""The folders of an app on a host: those that outlive a reboot, and RUN, which doesn't."""

from __future__ import annotations

import grp
import os
import pkgutil

from ..base.files import link, target, write
from ..base.places import COLOURS, SOCKETS, Places
from ..base.user import FRONT_GROUP, own, private
from ..processes.programs import log_path
from ..rollout import state
from . import volume


def make(places: Places) -> None:
    """Makes all of them. What is there stays. Raises `Refused` where the disk with data is away."""
    volume.settle(places)
    for folder in (places.srv, places.lib / "processes", places.etc):
        folder.mkdir(parents=True, exist_ok=True)
    own(places.srv / "releases", 0o750, group=places.user.pw_gid if places.user else -1)
    # A server's front opens its log anew by its name; the app is not in that group.
    own(places.log, 0o750, group=grp.getgrnam(FRONT_GROUP).gr_gid if places.role else -1)
    own(places.lib / "front")
    # What the release command leaves there the app may write, and the other way round.
    private(places.shared, places.user, 0o2770 if places.facts.release_user else 0o750)
    if places.role:  # what has to be there before the sandboxes that may write it
        (places.srv / "data").mkdir(mode=0o711, exist_ok=True)
        # The front server opens it by itself, Supervisor too, as a root that may open only its own.
        log = log_path(places, "front")
        log.touch()
        log.chmod(0o660)
        os.chown(log, 0, grp.getgrnam(FRONT_GROUP).gr_gid)
        rotation = pkgutil.get_data(__package__, "logrotate.conf") or b""
        write(places.root / f"etc/logrotate.d/slipway-{places.app}", rotation.replace(b"@@LOG@@", str(places.log).encode()))
    _make_run(places)


def _make_run(places: Places) -> None:
    """RUN with its links, from what is noted on disk."""
    if places.root not in places.run.parents:  # below the temporary folder
        own(places.run.parent, first=True)
    own(places.run)
    for colour in map(places.colour, COLOURS):
        own(colour.folder)
        private(colour.own, places.user)
        for name in SOCKETS:
            link(colour.folder / name, f"own/{name}")
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
