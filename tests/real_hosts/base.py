"""The root folder that every host starts from: made once by mmdebstrap, kept unpacked outside the checkout."""

import fcntl
import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from .commands import run

CACHE = Path("/var/cache/slipway-test-hosts")

# What an image of a cloud has as well. libfaketime: a host whose clock is wrong.
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "udev", "netbase", "iproute2", "ca-certificates", "curl"),
    *("sudo", "python3", "cloud-init", "e2fsprogs", "openssh-server", "libfaketime"),
)
# As in an image: it has its address already, and its locale needs no making.
_IMAGE = "network: {config: disabled}\nlocale: C.UTF-8\n"
_MADE = 2  # counts how `_make` was changed
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)


@dataclass(frozen=True)
class Base:
    """A Debian release with the packages of a fresh server."""

    suite: str = "trixie"
    packages: tuple[str, ...] = PACKAGES

    def folder(self) -> Path:
        """Where it lies unpacked; made first where it isn't. Another list of packages, or other authorities, is another folder."""
        place = CACHE / "bases" / f"{self.suite}-{self._key()}"
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.is_dir():
                self._make(place)
        return place

    def _key(self) -> str:
        what = [self.packages, _local("etc/pip.conf"), _local(_BUNDLE), _MADE]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]

    def _make(self, place: Path) -> None:
        growing = place.with_suffix(".new")
        shutil.rmtree(growing, ignore_errors=True)
        include = f"--include={','.join(self.packages)}"
        run(["mmdebstrap", "--variant=apt", "--mode=root", "--format=directory", include, self.suite, str(growing)], timeout=900)
        growing.chmod(0o755)
        for key in growing.glob("etc/ssh/ssh_host_*"):
            key.unlink()  # a host's own, made at its first boot
        (growing / "etc/machine-id").write_text("")  # empty, and not absent: nothing is preset at the first boot
        if "cloud-init" in self.packages:
            (growing / "etc/cloud/cloud.cfg.d/99-image.cfg").write_text(_IMAGE)
        (growing / "etc/hostname").unlink(missing_ok=True)
        _trust(growing)
        growing.rename(place)


def _trust(root: Path) -> None:
    """This machine's own authorities and pip settings: what goes out from a host may pass through a proxy of this machine's network."""
    known = set(_CERTIFICATE.findall((root / _BUNDLE).read_text()))
    extra = [one for one in _CERTIFICATE.findall(_local(_BUNDLE)) if one not in known]
    for number, certificate in enumerate(extra):
        (root / f"usr/local/share/ca-certificates/of-this-machine-{number}.crt").write_text(certificate + "\n")
    run(["chroot", str(root), "update-ca-certificates"])
    if settings := _local("etc/pip.conf"):
        (root / "etc/pip.conf").write_text(settings)


def _local(path: str) -> str:
    file = Path("/", path)
    return file.read_text(encoding="utf-8") if file.is_file() else ""
