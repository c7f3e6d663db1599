"""What packages run while an environment is built: by an unprivileged user, in a sandbox."""

from __future__ import annotations

import os
import pkgutil
import pwd
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base import processes
from ..base.places import Places
from ..base.user import as_user, private
from ..processes import managers, systemd_units

_PASSED_ON = ("PIP_", "UV_", "SSL_CERT_", "REQUESTS_CA_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "LANG", "LC_")


class Builder:
    """Runs commands that fill one folder; `user` None: as whoever runs this tool, who is it too.
    `secret`: variables that they alone are given."""

    def __init__(self, places: Places, folder: Path, user: pwd.struct_passwd | None, secret: Mapping[str, str]) -> None:
        self._server, self._folder = Path("/run/systemd/system").is_dir() and bool(places.role), folder
        self._user, self._secret = user if os.geteuid() == 0 else None, secret
        self._unit = f"slipway-build-{folder.name}.service"
        self._home = places.lib / "build"  # what installers keep for the next time
        self._path = f"{places.python.rpartition('/')[0]}:/usr/local/bin:/usr/bin:/bin"

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Runs a command in it; what it says is on `stdout`. It ends with this process."""
        options: dict[str, Any] = {"env": {**os.environ, **self._secret}}
        if self._user:
            private(self._home, self._user, 0o700)
            known = {name: value for name, value in os.environ.items() if name.upper().startswith(_PASSED_ON)}
            options = {"env": {**known, **self._secret, "PATH": self._path, "HOME": str(self._home)}, "cwd": "/"}
            if self._server:
                command = self._in_unit(command, options["env"])
            else:  # a machine that is taken as it is may have no systemd
                options |= as_user(self._user)
        pipe = subprocess.PIPE
        return subprocess.run(
            processes.bound(command), stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT, text=True, errors="replace",
            check=False, **options,
        )  # fmt: skip

    def end(self) -> None:
        """Ends whatever still runs there."""
        if self._user and self._server:
            systemd_units.call("stop", self._unit)

    def _in_unit(self, command: list[str], environment: dict[str, str]) -> list[str]:
        """All that it starts is in one control group, and ends with it."""
        sandbox = (pkgutil.get_data(managers.__name__, "sandbox.service") or b"").decode().splitlines()
        name = self._user.pw_name if self._user else ""
        rules = [*sandbox, f"User={name}", "CapabilityBoundingSet=", f"ReadWritePaths={self._folder} {self._home}"]
        options = [f"--property={rule}" for rule in rules if not rule.startswith("#")]
        names = [f"--setenv={name}" for name in environment]
        return ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", f"--unit={self._unit}", *options, *names, "--", *command]


def take(folder: Path) -> None:
    """Makes what somebody else built this tool's user's, nothing of it writable by others. Nobody
    is at work there any more."""
    if os.geteuid() != 0:
        return
    for _, folders, files, place in os.fwalk(folder):
        os.fchown(place, 0, 0)
        os.fchmod(place, 0o755)
        for name in (*folders, *files):
            if not stat.S_ISLNK((found := os.stat(name, dir_fd=place, follow_symlinks=False)).st_mode):
                os.chmod(name, found.st_mode & 0o755, dir_fd=place)
            os.chown(name, 0, 0, dir_fd=place, follow_symlinks=False)
