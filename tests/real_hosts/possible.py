"""Whether this machine can boot hosts."""

import os
import subprocess

from tools.testing import is_here

_HOSTS = ("mmdebstrap", "systemd-nspawn", "ip", "nft", "nsenter")


def why_not() -> str:
    """Why tests can't boot hosts on this machine; empty where they can."""
    if os.geteuid() != 0:
        return "real hosts need root; run it with sudo or as root"
    if absent := [name for name in _HOSTS if not is_here(name)]:
        names = ", ".join(absent)
        return f"real hosts need {names}; install the packages that tests/packages.txt names"
    refused = _refused(("unshare", "--mount", "--net", "--pid", "--fork", "true"))
    return f"real hosts need namespaces of their own, which this machine refuses: {refused}" if refused else ""


def _refused(command: tuple[str, ...]) -> str:
    """Root in a container may not be allowed what it takes to boot another one."""
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return " ".join(tried.stderr.split()) or f"exit {tried.returncode}" if tried.returncode else ""
