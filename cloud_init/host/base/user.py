"""The app's own user: who owns what, and who runs what."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from typing import Any

FRONT_GROUP = "slipway-front"
"""The front server's group: it may read the certificate's key, and the app is not in it."""


def give(path: Path, user: pwd.struct_passwd | None) -> None:
    """Hands a file or folder to that user; None: it stays with whoever runs this tool."""
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def private(path: Path, user: pwd.struct_passwd | None, mode: int = 0o750) -> Path:
    """A folder of the app's user."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    give(path, user)
    return path


def as_user(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments for `subprocess` that run a command as the app's user, without any other group."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def with_port(user: str) -> list[str]:
    """Before a command of root's: makes it that user's, with the right to a port below 1024 and, by
    its group, to the certificate's key."""
    right = "-all,+net_bind_service"
    groups = ["--groups", FRONT_GROUP] if front_group() else ["--clear-groups"]
    return ["/usr/bin/setpriv", "--reuid", user, "--regid", user, *groups, "--inh-caps", right, "--ambient-caps", right, "--"]


def front_group() -> str | None:
    """The front server's group, if this machine is a server and has it."""
    return FRONT_GROUP if any(one.gr_name == FRONT_GROUP for one in grp.getgrall()) else None
