"""What is on a host's disk before its first boot: boot data for cloud-init, or a user for SSH."""

from collections.abc import Callable, Mapping
from pathlib import Path

from .commands import run

Seed = Callable[[Path], None]

_RESOLVERS = ("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf")


_EC2 = "usr/lib/python3/dist-packages/cloudinit/sources/DataSourceEc2.py"
_AN_INSTANCE = """

def identify_platform():  # a container has no table of its machine, in which an instance says whose it is
    return CloudNames.AWS
"""


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


def instance_seed(environment: Mapping[str, str], users: int = 0) -> Seed:
    """An image of Amazon's: cloud-init asks the metadata service alone. `users`: how many of its own it has beside the base's."""

    def put(root: Path) -> None:
        _resolve(root)
        chosen = "datasource_list: [Ec2]\ndatasource: {Ec2: {strict_id: false, metadata_urls: ['http://169.254.169.254']}}\n"
        (root / "etc/cloud/cloud.cfg.d/98-instance.cfg").write_text(chosen)
        with (root / _EC2).open("a") as file:
            file.write(_AN_INSTANCE)
        (root / "etc/cloud/ds-identify.cfg").write_text("policy: enabled\n")
        for number in range(users):
            run(["chroot", str(root), "useradd", "--system", "--user-group", f"of-the-image-{number}"])
        folder = root / "etc/systemd/system.conf.d"
        folder.mkdir(parents=True, exist_ok=True)
        words = " ".join(f"{name}={value}" for name, value in environment.items())
        (folder / "instance.conf").write_text(f"[Manager]\nDefaultEnvironment={words}\n")

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
