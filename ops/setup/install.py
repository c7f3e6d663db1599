"""What a target wants on this machine: installed where that needs no password, else named with the one command."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ops.display import tables

if TYPE_CHECKING:
    from components.target import Need

SCRIPT = Path(__file__).with_name("install-packages.sh")
POLICY = Path("/usr/sbin/policy-rc.d")

Say = Callable[[str], None]


def ensure(read_needs: "Callable[[], list[Need]]", say: Say | None = None) -> None:
    """Installs what is missing; raises `MissingError` when something required stays missing."""
    say = say or (lambda text: tables.line(text, stderr=True))
    absent = missing(read_needs())
    if not absent:
        return
    wanted = packages(absent)
    problem = _install(wanted, say) if wanted else None
    for need in missing(read_needs()):
        if need.required:
            _refuse(need, problem)
        say(f"Going on without {need.program} ({need.why}); to have it: {command(need.packages)}")


def missing(needs: "Sequence[Need]") -> "list[Need]":
    """The needs that aren't met."""
    return [need for need in needs if not need.present]


def packages(needs: "Sequence[Need]") -> list[str]:
    """Their Debian packages, each once."""
    return list(dict.fromkeys(package for need in needs for package in need.packages))


def command(names: Sequence[str]) -> str:
    """The one command that a person can run."""
    return f"sudo apt-get install -y {' '.join(names)}" if names else "see docs/"


def _refuse(need: "Need", problem: str | None) -> None:
    from components.errors import MissingError

    reason = f"\n{problem}" if problem else ""
    raise MissingError(f"{need.program} is missing ({need.why}); install it with: {command(need.packages)}{reason}")


def become_root() -> list[str] | None:
    """How to run something as root: nothing for root, sudo if it asks no password, None if there is no way."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def _install(names: Sequence[str], say: Say) -> str | None:
    """Runs apt-get; gives the last words of a failure."""
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
        say(f"Installed Debian packages: {' '.join(names)} (services not started)  {spent}")
        return None
    say(f"Installing Debian packages failed: {' '.join(names)}  {spent}")
    return "\n".join(f"  {text}" for text in last)
