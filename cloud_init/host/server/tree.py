"""What a server has beyond the folders of a machine that is taken as it is."""

from __future__ import annotations

import os
import pkgutil

from ..base.files import write
from ..base.places import Places
from ..base.user import private
from ..front.certificates import make_group
from ..processes.programs import log_path


def make(places: Places) -> None:
    """What has to be there before the sandboxes that may write it, and the rotation of the logs."""
    (places.srv / "data").mkdir(mode=0o711, exist_ok=True)
    make_group()
    private(places.lib / "front", places.user)
    _make_log(places)
    rotation = pkgutil.get_data(__package__, "logrotate.conf") or b""
    write(places.root / f"etc/logrotate.d/slipway-{places.app}", rotation.replace(b"@@LOG@@", str(places.log).encode()))


def _make_log(places: Places) -> None:
    """The front server opens its log by itself, as the app's user."""
    log = log_path(places, "front")
    log.touch()
    log.chmod(0o660)
    if places.user is not None:
        os.chown(log, -1, places.user.pw_gid)
