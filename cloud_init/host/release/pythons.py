"""The Python that an app wants: the host's, or one that uv brings, which is root's as that is."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from ..base import processes
from ..base.masking import masked
from ..base.outcome import Refused, note
from ..base.places import Places

_SYSTEM = ("/usr/bin", "/usr/local/bin")
_INSTALL = "python install --no-bin --no-config --no-cache --no-progress --color never --install-dir"


def ensure(places: Places, wanted: str | None, uv: Callable[[], str], secret: Mapping[str, str]) -> str:
    """The path of a Python of that version, such as `3.13`; None: the host's. `uv` gives the
    program that may bring one, `secret` are variables of it. Raises `Refused`."""
    if wanted is None or _is(places.python, wanted):
        return places.python
    for path in (f"{place}/python{wanted}" for place in _SYSTEM):
        if _is(path, wanted):
            return path
    folder = places.tool.with_name("pythons")
    return _brought(folder, wanted) or _bring(places, folder, wanted, uv, secret)


def version(python: str) -> str:
    """What it says of itself at length; empty where there is none."""
    try:
        return subprocess.run([python, "-VV"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def _is(python: str, wanted: str) -> bool:
    return version(python).startswith((f"Python {wanted}.", f"Python {wanted} "))


def _brought(folder: Path, wanted: str) -> str | None:
    paths = (str(path) for path in folder.glob(f"cpython-{wanted}.*/bin/python{wanted}"))
    return next((path for path in sorted(paths) if _is(path, wanted)), None)


def _bring(places: Places, folder: Path, wanted: str, uv: Callable[[], str], secret: Mapping[str, str]) -> str:
    note(f"bringing Python {wanted}, which this host lacks")
    folder.mkdir(mode=0o755, exist_ok=True)
    done = subprocess.run(
        processes.bound([uv(), *_INSTALL.split(), str(folder), wanted]), env={**os.environ, **secret}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
    )  # fmt: skip
    if python := _brought(folder, wanted):
        return python
    there = (re.match(r"Python (\S+)", version(places.python)) or ["", "none"])[1]
    words = [line.strip(" ×╰─▶│") for line in masked(done.stdout).splitlines() if line.strip()]
    why = (words or ["it said nothing"])[0].removeprefix("error: ")[:300]
    wish = f"slipway:app.python: wanted {wanted}, found Python {there} on this host, and uv brings none ({why})"
    raise Refused(f"{wish}; install it, set slipway:secretInstall.UV_PYTHON_INSTALL_MIRROR, or change the setting", log=words[-20:])
