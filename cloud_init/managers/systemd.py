"""systemd units of a real host: constant over releases, as Supervisor's programs are; the launcher finds the release."""

import re

from cloud_init.host_files import HostFile, HostFileError
from cloud_init.templating import render

_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
PYTHON = "/usr/bin/python3"


def units(app: str, user: str, python: str = PYTHON) -> list[HostFile]:
    """`slipway-APP@.service`, whose instances are blue, green and extra processes (`blue-worker`), and `slipway-APP-front.service`.

    `user` runs the app; the front's master starts as root, for port 80, with the capabilities that takes and no other.
    """
    for value in (app, user):
        if not _NAME.fullmatch(value):
            raise HostFileError(f"systemd: wanted a name of small letters, digits, _ and -, a letter first, found {value!r}")
    values = {"app": app, "user": user, "python": python}
    return [
        HostFile(f"systemd/slipway-{app}-front.service", render("systemd/front.service.j2", **values)),
        HostFile(f"systemd/slipway-{app}@.service", render("systemd/app.service.j2", **values)),
    ]
