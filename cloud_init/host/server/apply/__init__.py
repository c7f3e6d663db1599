"""What puts a system file in force, a file each; the folder is the registry.

Each has `apply(paths)`: these files are new or changed, or some of its kind are gone (then `paths` may be empty); and `withdraw(paths)`:
these are about to be removed. Both raise `Refused`.
"""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
from typing import Any

from ...base.outcome import Refused


def module(name: str) -> Any:
    """The module of that name. Raises `Refused`."""
    known = sorted(found.name for found in pkgutil.iter_modules(__path__))
    if name not in known:
        raise Refused(f"manifest: wanted one of {', '.join(known)} to put a system file in force, found {name!r}")
    return importlib.import_module(f"{__name__}.{name}")


def run(*command: str) -> str:
    """Runs a program of the system's; what it says. Raises `Refused` with its last words."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"{' '.join(command)}: {error}") from None
    if done.returncode:
        words = (done.stderr or done.stdout).splitlines()[-20:]
        raise Refused(f"{' '.join(command)}: exit {done.returncode}{': ' + words[-1][:200] if words else ''}", log=words)
    return done.stdout
