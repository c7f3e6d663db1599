"""Packages that no distribution has, fetched from the manifest's address."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..base import fetching
from ..base.outcome import Refused, note
from ..contracts.manifest import Archive
from . import packages

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+", re.ASCII)
_MOST = 500_000_000  # bytes
_UNITS = ("/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system")
_SNAPS = ("snap/{}", "var/lib/snapd/snaps/{}_*.snap", "var/lib/snapd/seed/snaps/{}_*.snap")  # the last in an image that boots just now


def ensure(archives: Sequence[Archive], root: Path = Path("/")) -> None:
    """Installs those that are neither here nor needless. Raises `Refused`."""
    for one in archives:
        if not _NAME.fullmatch(one.package):
            raise Refused(f"manifest: wanted the name of a package, found {one.package[:60]!r}")
        if packages.missing([one.package]) and not _is_there(root, one.instead):
            _bring(one.package, one.url)


def _is_there(root: Path, instead: str | None) -> bool:
    """Whether there is a snap, or a unit (its name has a dot), in place of the package."""
    if not instead:
        return False
    if "." in instead:
        return any((root / folder.lstrip("/") / instead).exists() for folder in _UNITS)
    return any(any(root.glob(pattern.format(instead))) for pattern in _SNAPS)


def _bring(package: str, url: str) -> None:
    address = url.replace("{arch}", _output("dpkg", "--print-architecture"))
    note(f"fetching {package} from {address}")
    with tempfile.TemporaryDirectory(prefix="slipway-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # apt reads it as a user of its own
        path = Path(folder, f"{package}.deb")
        try:
            with open(path, "w+b") as file:
                fetching.into(file, address, _MOST)
        except Refused as refused:
            raise Refused(f"package {package}: {refused}") from None
        name = _output("dpkg-deb", "--field", str(path), "Package")
        if name != package:
            raise Refused(f"package {package}: {address}: wanted that package, found {name[:100] or 'none'}; correct the address")
        packages.install(str(path))


def _output(*command: str) -> str:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False).stdout.strip()
