"""What is on a host's disk before its first boot: boot data for cloud-init, or a user for SSH."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .base import PACKAGES, Base
from .commands import run

Seed = Callable[[Path], None]

_RESOLVERS = ("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf")


_SOURCES = "usr/lib/python3/dist-packages/cloudinit/sources"


@dataclass(frozen=True)
class Image:
    """A cloud's, whose cloud-init asks that cloud's metadata service alone.

    `source`: its datasource, empty where it has no cloud-init; `config`: of that; `patch`: appended to its code, as a container has no
    table of its machine, in which an instance says whose it is. `environment`: what services see. `hosts`: addresses of names.
    `authority`: one more that it trusts (PEM). `users`: how many of its own it has beside the base's, so that those made on it get other
    numbers. `name`: a host's own, where nothing on it asks for one; `base`: what it is made of."""

    source: str
    config: str
    patch: str
    environment: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)
    authority: str = ""
    users: int = 0
    name: str = ""
    base: Base = field(default_factory=Base)

    def with_environment(self, environment: Mapping[str, str]) -> "Image":
        """The same, whose services see that."""
        return replace(self, environment=environment)

    def with_hosts(self, hosts: Mapping[str, str]) -> "Image":
        """The same, which knows these names' addresses."""
        return replace(self, hosts=hosts)

    def trusting(self, authority: str) -> "Image":
        """The same, which believes that authority's certificates."""
        return replace(self, authority=authority)

    def seed(self, root: Path) -> None:
        """Puts all of that on the disk at `root`."""
        _resolve(root)
        if self.source:
            chosen = f"datasource_list: [{self.source}]\ndatasource: {{{self.source}: {{{self.config}}}}}\n"
            (root / "etc/cloud/cloud.cfg.d/98-instance.cfg").write_text(chosen)
            with (root / f"{_SOURCES}/DataSource{self.source}.py").open("a") as file:
                file.write(self.patch)
            (root / "etc/cloud/ds-identify.cfg").write_text("policy: enabled\n")
        if self.name:
            (root / "etc/hostname").write_text(f"{self.name}\n")
        for number in range(self.users):
            run(["chroot", str(root), "useradd", "--system", "--user-group", f"of-the-image-{number}"])
        folder = root / "etc/systemd/system.conf.d"
        folder.mkdir(parents=True, exist_ok=True)
        words = " ".join(f"{name}={value}" for name, value in self.environment.items())
        (folder / "instance.conf").write_text(f"[Manager]\nDefaultEnvironment={words}\n")
        with (root / "etc/hosts").open("a") as file:
            file.write("".join(f"{address} {name}\n" for name, address in self.hosts.items()))
        if self.authority:
            (root / "usr/local/share/ca-certificates/of-the-cloud.crt").write_text(self.authority)
            run(["chroot", str(root), "update-ca-certificates"])


AMAZON = Image(
    "Ec2",
    "strict_id: false, metadata_urls: ['http://169.254.169.254']",
    "\n\ndef identify_platform():\n    return CloudNames.AWS\n",
)
_AGENT = ("google-guest-agent", "google-compute-engine-oslogin")
GOOGLE_DEBIAN = Image("", "", "", base=Base(packages=(*(one for one in PACKAGES if one != "cloud-init"), *_AGENT)))
"""Google's agent alone, as Debian has it there."""
GOOGLE_UBUNTU = Image("GCE", "", "\n\ndef platform_reports_gce():\n    return True\n", base=Base(packages=(*PACKAGES, *_AGENT)))
"""Beside it cloud-init, as Ubuntu has it there."""
ALIBABA = Image("AliYun", "metadata_urls: ['http://100.100.100.200']", "\n\ndef _is_aliyun():\n    return True\n")


def cloud_seed(user_data: str | bytes, meta_data: str) -> Seed:
    """Boot data as a cloud gives it, from cloud-init's NoCloud folder."""
    data = user_data.encode() if isinstance(user_data, str) else user_data

    def put(root: Path) -> None:
        _resolve(root)
        folder = root / "var/lib/cloud/seed/nocloud"
        folder.mkdir(parents=True)
        (folder / "user-data").write_bytes(data)
        (folder / "meta-data").write_text(meta_data)

    return put


def ssh_seed(name: str, key: str) -> Seed:
    """A server as its owner finds it: keys of its own, one user with sudo, and nothing of Slipway's."""

    def put(root: Path) -> None:
        _resolve(root)
        (root / "etc/hostname").write_text(f"{name}\n")
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n")
        run(["chroot", str(root), "useradd", "--create-home", "--shell", "/bin/bash", "--password", "*", "admin"])
        (root / "etc/sudoers.d/admin").write_text("admin ALL=(ALL) NOPASSWD: ALL\n")
        (root / "home/admin/.ssh").mkdir(mode=0o700)
        (root / "home/admin/.ssh/authorized_keys").write_text(f"{key.strip()}\n")
        run(["chroot", str(root), "chown", "-R", "admin:admin", "/home/admin/.ssh"])
        run(["chroot", str(root), "ssh-keygen", "-A"])

    return put


def _resolve(root: Path) -> None:
    """The resolver of this machine, but not one that only this machine's loopback has."""
    found = next(Path(name) for name in _RESOLVERS if Path(name).is_file())
    place = root / "etc/resolv.conf"
    place.unlink(missing_ok=True)
    place.write_text(found.read_text())
