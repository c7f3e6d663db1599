"""The deploying machine: which Python and user can run an app here, and where the programs are."""

import os
import pwd
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pulumi

from components.errors import MissingError

SUPERVISOR = (str(Path(sys.prefix) / "bin/python"), "-m", "supervisor.supervisord")
"""supervisord, by this program's own environment."""


def app_runtime(tree: Path, version: str | None) -> tuple[str, str | None]:
    """The Python for the environments of the app whose files are in `tree`, and the user that runs
    them; None: this one, as for root where no other user can read both, which it says. `version` as
    "3.13", None: any. Raises `MissingError` where no such Python is there."""
    pythons = _pythons(version)
    if os.geteuid() != 0:
        return pythons[0], None
    owner = tree.parent.parent.stat().st_uid  # of the project
    names = [pwd.getpwuid(owner).pw_name] if owner else ["www-data", "nobody"]
    user = next((entry.pw_name for name in names for entry in pwd.getpwall() if entry.pw_name == name), None)
    for python in pythons:
        if user and _can_run(python, user, tree):
            return python, user
    pulumi.log.info(f"the app runs as root: no other user can read both {tree.parent} and a Python here")
    return pythons[0], None


def uv_binary() -> str | None:
    """uv from this program's environment; None where there is no wheel of it."""
    path = Path(sys.prefix) / "bin/uv"
    return str(path) if path.is_file() else shutil.which("uv")


def _pythons(version: str | None) -> list[str]:
    """This program's own first, then the system's."""
    own = os.path.realpath(sys.executable)
    if version is None:
        return list(dict.fromkeys([own, *filter(None, [_system("python3")])]))
    names = [own, shutil.which(f"python{version}"), _system(f"python{version}"), _system("python3")]
    there = [name for name in dict.fromkeys(filter(None, names)) if _version(name) == version]
    if not there and uv_binary():  # the host tool has uv bring it
        return _pythons(None)
    if not there:
        has = ", ".join(sorted({_version(name) for name in _pythons(None)}))
        raise MissingError(
            f"slipway:app.python: wanted Python {version} on this machine, found {has}; install it, or leave the setting out"
        )
    return [os.path.realpath(name) for name in there]


def _system(name: str) -> str | None:
    path = shutil.which(name, path="/usr/bin:/usr/local/bin")
    return os.path.realpath(path) if path else None


@cache
def _version(python: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.strip()


@cache
def _can_run(python: str, user: str, tree: Path) -> bool:
    """Tried, not guessed: that user starts that Python and lists the tree's project folder."""
    entry = pwd.getpwnam(user)
    folder = repr(str(tree.parent.parent))
    code = f"import os, ssl, sqlite3, venv; os.stat({folder}); os.access({folder}, os.X_OK) or exit(1)"
    try:
        done = subprocess.run(
            [python, "-I", "-c", code], user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], cwd="/", capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0
