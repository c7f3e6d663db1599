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
from components.blocks.args import MachineArgs
from components.blocks.block import ROLE, Block, child
from components.blocks.names import short
from components.blocks.outputs import ServerBlock, WebServerBlock
from components.gcp.common import labels, resource_name

_ARM = re.compile(r"[a-z]\d+a-")
"""Ampere's processors (t2a) and Google's own (c4a, n4a)."""
_HYPERDISK = re.compile(r"[a-z]+([4-9]|\d\d)")
"""Types of the generation that takes no other kind of disk."""
_IMAGES = {
    ("debian-13", False): "debian-cloud/debian-13",
    ("debian-13", True): "debian-cloud/debian-13-arm64",
    ("ubuntu-24.04", False): "ubuntu-os-cloud/ubuntu-2404-lts-amd64",
    ("ubuntu-24.04", True): "ubuntu-os-cloud/ubuntu-2404-lts-arm64",
}
_DATA = "slipway-data"
DEVICE = f"/dev/disk/by-id/google-{_DATA}"
"""A data disk on its server."""
_NAME = 63  # letters of a disk's name on its server
_IGNORED = (
    "bootDisk.initializeParams.image",  # a family: Google names a newer one every few days
    "attachedDisks",  # a resource of its own
    "zone",  # looked up
)
SHIELDED: dict[str, Any] = {"enable_secure_boot": True, "enable_vtpm": True, "enable_integrity_monitoring": True}


def image_path(args: MachineArgs) -> str:
    """Google's own family of images of that name, for the type's processor; a path is itself."""
    return _IMAGES.get((args.image, bool(_ARM.match(args.instance_type))), args.image)


def disk_type(instance_type: str) -> str:
    """A disk that goes with the type, on flash memory."""
    return "hyperdisk-balanced" if _HYPERDISK.match(instance_type) else "pd-balanced"


def system(args: MachineArgs, kind: str = "") -> str:
    """A name of what decides which servers are the same: image, processor and `kind`."""
    return short(f"{args.image}-{'arm64' if _ARM.match(args.instance_type) else 'amd64'}{kind}", _NAME)


def metadata(args: MachineArgs) -> dict[str, pulumi.Input[str]]:
    """What a server reads: the boot script, and whom it lets log in. It tells its SSH keys as guest
    attributes."""
    return {
        "startup-script": args.user_data,
        "enable-oslogin": "TRUE",
        "block-project-ssh-keys": "TRUE",
        "enable-guest-attributes": "TRUE",
        "serial-port-enable": "FALSE",
    }


def identity(account: pulumi.Input[str]) -> dict[str, Any]:
    """The service account of a server, as its arguments have it: its rights alone narrow it."""
    return {"email": account, "scopes": ["cloud-platform"]}


@dataclass(kw_only=True)
class ServerArgs(args.ServerArgs):
    """The arguments of any single server."""

    zone: pulumi.Input[str]
    """The zone that it stands in."""
    group_id: pulumi.Input[str]
    """`name` of its `HostRole`."""


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
            resource_name(name),
            zone=args.zone,
            type=disk_type(args.instance_type),
            size=args.size,
            create_snapshot_before_destroy=args.last_snapshot,
            labels=labels(args.tags),
            opts=child(self, args.keep, ("zone",)),
        )
        self.disk_id, self.device = disk.id, pulumi.Output.from_input(DEVICE)
        self._finish()


@dataclass(kw_only=True)
class WebServerArgs(args.WebServerArgs, ServerArgs):
    """The arguments of a `WebServer` on Google Cloud."""


class WebServer(WebServerBlock):
    """The server, and its address, by which it goes out too. For another image nobody is answered
    from when the old one goes until the new one serves."""

    def __init__(self, name: str, args: WebServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:WebServer", name, None, opts)
        fixed = gcp.compute.Address(resource_name(name), labels=labels(args.tags), opts=child(self, args.keep))
        server = _instance(name, "web", args, self, [{"nat_ip": fixed.address}], args.data_disk, args.keep)
        self.address, self.instance_id, self.private_address = fixed.address, server.name, server.network_interfaces[0].network_ip
        self._finish()


@dataclass(kw_only=True)
class DatabaseServerArgs(args.DatabaseServerArgs, ServerArgs):
    """The arguments of a `DatabaseServer` on Google Cloud."""


class DatabaseServer(ServerBlock):
    """The server, with a disk that outlives it."""

    def __init__(self, name: str, args: DatabaseServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:DatabaseServer", name, None, opts)
        server = _instance(name, "database", args, self, [{}] if args.public_address else [], args.data_disk)
        self.instance_id, self.private_address = server.name, server.network_interfaces[0].network_ip
        self._finish()


def _instance(
    name: str,
    role: str,
    args: ServerArgs,
    parent: pulumi.Resource,
    addresses: list[Any],
    disk: pulumi.Input[str] | None,
    keep: bool | None = None,
) -> "gcp.compute.Instance":
    """An instance. Pulumi ends its name by chance, so that hosts in the store are called apart.
    `addresses`: public ones; `keep`: there is data on it."""
    options = pulumi.ResourceOptions.merge(child(parent, keep, _IGNORED), pulumi.ResourceOptions(delete_before_replace=True))
    server = gcp.compute.Instance(
        resource_name(name),
        machine_type=args.instance_type,
        zone=args.zone,
        boot_disk={
            "device_name": system(args, "" if disk is None else "-data"),  # another one makes another server
            "auto_delete": True,
            "initialize_params": {"image": image_path(args), "size": args.disk, "type": disk_type(args.instance_type)},
        },
        network_interfaces=[{"subnetwork": args.subnet_id, "access_configs": addresses}],
        service_account=identity(args.group_id),
        shielded_instance_config=SHIELDED,
        metadata=metadata(args),
        allow_stopping_for_update=True,
        deletion_protection=bool(keep),  # said also where it isn't: left out, it would stay as it was
        labels=labels(args.tags, **{ROLE: role}),
        opts=options,
    )
    if disk is not None:
        gcp.compute.AttachedDisk(
            f"{resource_name(name)}-data",
            disk=disk,
            instance=server.id,
            device_name=_DATA,
            opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
        )
    return server
