"""Single servers: one for the web with a fixed address, and one for a database. The data of either
may have a disk of its own, which outlives the server.

Both are shielded, and let in by Google accounts alone, over Identity-Aware Proxy. Another image
replaces a server: as an address and a disk are bound to one at a time, the old one goes first.
"""

import re
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.blocks import args
from components.blocks.block import ROLE, Block, child
from components.blocks.names import short
from components.blocks.outputs import ServerBlock, WebServerBlock
from components.gcp.common import labels, resource_name

_ARM = re.compile(r"[a-z]\d+a-")
"""Ampere's processors (t2a) and Google's own (c4a, n4a)."""
_HYPERDISK = re.compile(r"[a-z]+([4-9]|\d\d)")
"""Types of the generation that takes no other kind of disk."""
_IMAGES = {
    "debian-13": {"amd64": "debian-cloud/debian-13", "arm64": "debian-cloud/debian-13-arm64"},
    "ubuntu-24.04": {"amd64": "ubuntu-os-cloud/ubuntu-2404-lts-amd64", "arm64": "ubuntu-os-cloud/ubuntu-2404-lts-arm64"},
}
_COPIED = 39  # letters of a disk's name, less Pulumi's eight: the date of its last snapshot stands behind them
_DATA = "slipway-data"
DEVICE = f"/dev/disk/by-id/google-{_DATA}"
"""A data disk on its server."""
_LOGIN = {
    "enable-oslogin": "TRUE", "block-project-ssh-keys": "TRUE", "enable-guest-attributes": "TRUE", "serial-port-enable": "FALSE",
}  # fmt: skip
"""Rights on the server alone say who may log in; it tells its own keys as guest attributes."""
_SHIELDED = {"enable_secure_boot": True, "enable_vtpm": True, "enable_integrity_monitoring": True}
_IGNORED = (
    "bootDisk.initializeParams.image",  # a family: Google names a newer one every few days
    "attachedDisks",  # a resource of its own
)


@dataclass(kw_only=True)
class MachineArgs(args.MachineArgs):
    """What a server is on Google Cloud, alone or as one of a fleet."""

    subnet_id: pulumi.Input[str]
    """The server's subnet, which leads out."""
    group_id: pulumi.Input[str]
    """`name` of its `HostRole`, by which firewalls know it."""

    @property
    def architecture(self) -> str:
        """The processor's by Debian's name."""
        return "arm64" if _ARM.match(self.instance_type) else "amd64"

    def image_path(self) -> str:
        """Google's family of that name for the processor; a path is one already."""
        return _IMAGES.get(self.image, {}).get(self.architecture, self.image)

    def machine(self, role: str, address: pulumi.Input[str] | None = None) -> dict[str, Any]:
        """What an instance and a template of instances have alike. `address`: a fixed one."""
        addresses: list[dict[str, Any]] = [{"nat_ip": address} if address else {}] if self.public_address else []
        return {
            "machine_type": self.instance_type,
            "network_interfaces": [{"subnetwork": self.subnet_id, "access_configs": addresses}],
            "service_account": {"email": self.group_id, "scopes": ["cloud-platform"]},  # narrowed by its rights alone
            "shielded_instance_config": _SHIELDED,
            "metadata": {"startup-script": self.user_data, **_LOGIN},
            "labels": labels(self.tags, **{ROLE: role}),
        }


@dataclass(kw_only=True)
class ServerArgs(MachineArgs, args.ServerArgs):
    """The arguments of any single server."""

    zone: pulumi.Input[str]
    """The zone that it stands in."""


@dataclass(kw_only=True)
class DataDiskArgs(args.DataDiskArgs):
    """The arguments of a `DataDisk` on Google Cloud."""

    instance_type: str
    """The server's: it decides which kind of disk goes with it."""
    last_snapshot: bool = True
    """A disk that goes leaves a last snapshot."""


class DataDisk(Block):
    """A disk for data, which outlives its server. It is empty at first."""

    disk_id: pulumi.Output[str]
    """For the server."""
    device: pulumi.Output[str]
    """The path on a server, below `/dev/disk/by-id`; for the server's `HostRole`."""

    def __init__(self, name: str, args: DataDiskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:DataDisk", name, None, opts)
        disk = gcp.compute.Disk(
            short(resource_name(name), _COPIED),
            zone=args.zone,
            type=disk_type(args.instance_type),
            size=args.size,
            create_snapshot_before_destroy=args.last_snapshot,
            labels=labels(args.tags),
            opts=child(self, args.keep),
        )
        self.disk_id, self.device = disk.id, pulumi.Output.from_input(DEVICE)
        self._finish()


@dataclass(kw_only=True)
class WebServerArgs(ServerArgs, args.WebServerArgs):
    """The arguments of a `WebServer` on Google Cloud."""


class WebServer(WebServerBlock):
    """The server, and its address, by which it goes out too. For another image nobody is answered
    from when the old one goes until the new one serves."""

    def __init__(self, name: str, args: WebServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:WebServer", name, None, opts)
        fixed = gcp.compute.Address(resource_name(name), labels=labels(args.tags), opts=child(self, args.keep))
        server = _instance(name, args, args.data_disk, self, args.keep, **args.machine("web", fixed.address))
        self.address, self.instance_id, self.private_address = fixed.address, server.name, server.network_interfaces[0].network_ip
        self._finish()


@dataclass(kw_only=True)
class DatabaseServerArgs(ServerArgs, args.DatabaseServerArgs):
    """The arguments of a `DatabaseServer` on Google Cloud."""


class DatabaseServer(ServerBlock):
    """The server, with a disk that outlives it."""

    def __init__(self, name: str, args: DatabaseServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:DatabaseServer", name, None, opts)
        server = _instance(name, args, args.data_disk, self, **args.machine("database"))
        self.instance_id, self.private_address = server.name, server.network_interfaces[0].network_ip
        self._finish()


def disk_type(instance_type: str) -> str:
    """A kind of disk that goes with the type, on flash memory."""
    return "hyperdisk-balanced" if _HYPERDISK.match(instance_type) else "pd-balanced"


def _instance(
    name: str, args: ServerArgs, disk: pulumi.Input[str] | None, parent: pulumi.Resource, keep: bool | None = None, **machine: Any
) -> "gcp.compute.Instance":
    """An instance. Pulumi ends its name by chance, so that the store tells one from the next.
    `disk`: its data's; `keep`: there is data on it."""
    last = pulumi.ResourceOptions(parent=parent, delete_before_replace=True)
    system = short(f"{args.image}-{args.architecture}{'' if disk is None else '-data'}", 63)
    server = gcp.compute.Instance(
        resource_name(name),
        zone=args.zone,
        boot_disk={
            "device_name": system,  # another one makes another server
            "auto_delete": True,
            "initialize_params": {"image": args.image_path(), "size": args.disk, "type": disk_type(args.instance_type)},
        },
        allow_stopping_for_update=True,
        deletion_protection=bool(keep),  # said also where it isn't: left out, it would stay as it was
        **machine,
        opts=pulumi.ResourceOptions.merge(child(parent, keep, _IGNORED), last),
    )
    if disk is not None:
        gcp.compute.AttachedDisk(f"{resource_name(name)}-data", disk=disk, instance=server.id, device_name=_DATA, opts=last)
    return server
