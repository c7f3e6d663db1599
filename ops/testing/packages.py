"""tests/packages.txt: the Debian packages whose programs the tests run for real."""

import glob
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.target import Need

_SYSTEM = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))  # not on everybody's PATH

_HOSTS = ("mmdebstrap", "systemd-nspawn", "ip", "nft", "nsenter")


def needs(folder: Path) -> "list[Need]":
    """A need for each line; none is required, as a test without its program is skipped."""
    file = folder / "tests/packages.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [_need(line) for line in lines if line.strip() and not line.startswith("#")]


def why_no_hosts() -> str:
    """Why tests can't boot hosts on this machine; empty where they can."""
    if os.geteuid() != 0:
        return "real hosts need root; run it with sudo or as root"
    if absent := [name for name in _HOSTS if not _is_here(name)]:
        names = ", ".join(absent)
        return f"real hosts need {names}; install the packages that tests/packages.txt names"
    refused = _refused(("unshare", "--mount", "--net", "--pid", "--fork", "true"))
    return f"real hosts need namespaces of their own, which this machine refuses: {refused}" if refused else ""


def _refused(command: tuple[str, ...]) -> str:
    """Root in a container may not be allowed what it takes to boot another one."""
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return " ".join(tried.stderr.split()) or f"exit {tried.returncode}" if tried.returncode else ""


def _need(line: str) -> "Need":
    from components.target import Need

    words, _, why = line.partition("#")
    package, program = words.split()
    return Need(Path(program).name, f"tests: {why.strip()}", (package,), _is_here(program), required=False)


def _is_here(program: str) -> bool:
    if program.startswith("/"):
        return bool(glob.glob(program))
    return shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", ""), _SYSTEM))) is not None
