"""Debian packages that a target needs here: installed if no password is asked, else named."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from components.errors import MissingError
from components.target import Need
from ops.display import tables

SCRIPT = Path(__file__).with_name("install-packages.sh")
POLICY = Path("/usr/sbin/policy-rc.d")


def ensure(read_needs: Callable[[], list[Need]]) -> None:
    """Installs what is missing; raises `MissingError` where a required need stays unmet."""
    wanted = [package for need in _missing(read_needs()) for package in need.packages]
    problem = _install(list(dict.fromkeys(wanted))) if wanted else None
    for need in _missing(read_needs()):
        if need.required:
            if not need.packages:
                raise MissingError(need.why)
            how = command(need.packages) + (f"\n{problem}" if problem else "")
            raise MissingError(f"{need.program} is missing ({need.why}); install it with: {how}")
        tables.line(f"Going on without {need.program} ({need.why}); to have it: {command(need.packages)}", stderr=True)


def _missing(needs: Sequence[Need]) -> list[Need]:
    return [need for need in needs if not need.present]


def command(names: Sequence[str]) -> str:
    """The command that installs these packages, for a person to run."""
    return f"sudo apt-get install -y {' '.join(names)}" if names else "see docs/"


def become_root() -> list[str] | None:
    """The words before a command that is to run as root: none for root, sudo where it asks for no
    password; None where there is no way."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def _install(names: Sequence[str]) -> str | None:
    """Runs apt-get; gives the last lines of a failure."""
    become = become_root()
    if become is None or not shutil.which("apt-get"):
        return None
    start = time.monotonic()
    # A file and not a pipe: should this process be killed, the script still finishes and tidies up.
    with tempfile.TemporaryFile("w+") as log:
        arguments = [*become, "sh", str(SCRIPT), str(POLICY), *names]
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False)
        log.seek(0)
        last = log.read().strip().splitlines()[-5:]
    spent = tables.seconds(time.monotonic() - start)
    if done.returncode == 0:
        tables.line(f"Installed Debian packages: {' '.join(names)} (services not started)  {spent}", stderr=True)
        return None
    tables.line(f"Installing Debian packages failed: {' '.join(names)}  {spent}", stderr=True)
    return "\n".join(f"  {text}" for text in last)
