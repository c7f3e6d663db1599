"""Single servers: one for the web with a fixed address, and one for a database. The data of either
may have a disk of its own, which outlives the server.

Both answer for metadata by token alone, have an encrypted disk, and are moved by the cloud when
their hardware fails.
"""

import re
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_alicloud as alicloud

from components.alicloud.common import DISK, PUBLIC
from components.blocks import args
from components.blocks.args import DataDiskArgs
from components.blocks.block import ROLE, Block, child
from components.blocks.outputs import ServerBlock, WebServerBlock

_ARM = re.compile(r"ecs\.[a-z]+\d+y[a-z]*\.|ecs\.[a-z]+\d*r\.")
"""Alibaba's own processors (Yitian: g8y, c8y, r8y) and Ampere's (g6r, c6r)."""
_IMAGES = {"debian-13": r"^debian_13_", "ubuntu-24.04": r"^ubuntu_24_04_"}
_IGNORED = (
    "imageId",  # looked up: the answer changes by itself
    "userData",  # boot data is read once, and another one would restart the server
)


def architecture(instance_type: str) -> str:
    """The processor's architecture by Debian's name: `arm64` or `amd64`."""
    return "arm64" if _ARM.match(instance_type) else "amd64"


def image_id(image: str, instance_type: str, parent: pulumi.Resource) -> pulumi.Input[str]:
    """The id of the newest of the cloud's own images of that name (`debian-13`, `ubuntu-24.04`) for
    that type; an id is one already."""
    if image not in _IMAGES:
        return image
    found = alicloud.ecs.get_images_output(
        owners="system",
        name_regex=_IMAGES[image],
        architecture={"arm64": "arm64", "amd64": "x86_64"}[architecture(instance_type)],
        is_support_cloud_init=True,
        most_recent=True,
        opts=pulumi.InvokeOutputOptions(parent=parent),
    )
    return found.images[0].id


@dataclass(kw_only=True)
class ServerArgs(args.ServerArgs):
    """The arguments of any single server. A disk has 20 GB at least."""

    group_id: pulumi.Input[str]
    """The server's security group."""
    role_name: pulumi.Input[str]
    """`name` of its `HostRole`."""


class DataDisk(Block):
    """A disk for data, which outlives its server. It is empty at first."""

    disk_id: pulumi.Output[str]
    """For the server."""
    device: pulumi.Output[str]
    """The path on a server, below `/dev/disk/by-id`; for the server's `HostRole`."""

    def __init__(self, name: str, args: DataDiskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:DataDisk", name, None, opts)
        # The zone is its vswitch's, which never changes.
        options = child(self, args.keep, ("zoneId",))
        disk = alicloud.ecs.EcsDisk(
            name, disk_name=name, zone_id=args.zone, size=args.size, delete_with_instance=False, tags=args.tags, **DISK, opts=options
        )
        self.disk_id = disk.id
        self.device = disk.id.apply(lambda identity: f"/dev/disk/by-id/virtio-{identity.removeprefix('d-')}")
        self._finish()


@dataclass(kw_only=True)
class WebServerArgs(args.WebServerArgs, ServerArgs):
    """The arguments of a `WebServer` on Alibaba Cloud."""


class WebServer(WebServerBlock):
    """The server, and its address, by which it goes out too: it moves as soon as another server is
    there, and nobody is answered until that one serves."""

    def __init__(self, name: str, args: WebServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:WebServer", name, None, opts)
        server = _instance(name, "web", args, self, args.keep, "" if args.data_disk is None else "-data")
        fixed = alicloud.ecs.EipAddress(
            name,
            address_name=name,
            payment_type="PayAsYouGo",
            internet_charge_type="PayByTraffic",
            bandwidth="100",
            tags=args.tags,
            opts=child(self),
        )
        disk = [] if args.data_disk is None else [_attach(name, server, args.data_disk, self)]
        moved = pulumi.ResourceOptions(parent=self, delete_before_replace=True, depends_on=disk)  # bound once at a time
        alicloud.ecs.EipAssociation(name, allocation_id=fixed.id, instance_id=server.id, instance_type="EcsInstance", opts=moved)
        self.instance_id, self.address, self.private_address = server.id, fixed.ip_address, server.private_ip
        self._finish()


@dataclass(kw_only=True)
class DatabaseServerArgs(args.DatabaseServerArgs, ServerArgs):
    """The arguments of a `DatabaseServer` on Alibaba Cloud."""


class DatabaseServer(ServerBlock):
    """The server, with a disk that outlives it."""

    def __init__(self, name: str, args: DatabaseServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:DatabaseServer", name, None, opts)
        server = _instance(name, "database", args, self, **(PUBLIC if args.public_address else {}))
        _attach(name, server, args.data_disk, self)
        self.instance_id, self.private_address = server.id, server.private_ip
        self._finish()


def _attach(name: str, server: "alicloud.ecs.Instance", disk: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Resource:
    """One server lets go before another gets the disk."""
    options = pulumi.ResourceOptions(parent=parent, delete_before_replace=True)
    return alicloud.ecs.EcsDiskAttachment(f"{name}-data", disk_id=disk, instance_id=server.id, opts=options)


def _instance(
    name: str, role: str, args: ServerArgs, parent: pulumi.Resource, keep: bool | None = None, kind: str = "", **more: Any
) -> "alicloud.ecs.Instance":
    """An instance whose resource is named after image, architecture and `kind` as well: another of
    these makes another server, and only then the old one goes. `keep`: there is data on it."""
    tags = {**(args.tags or {}), ROLE: role}
    server = alicloud.ecs.Instance(
        f"{name}-{args.image}-{architecture(args.instance_type)}{kind}",
        instance_name=name,
        image_id=image_id(args.image, args.instance_type, parent),
        instance_type=args.instance_type,
        vswitch_id=args.subnet_id,
        security_groups=[args.group_id],
        http_endpoint="enabled",
        http_tokens="required",
        maintenance_action="AutoRecover",
        system_disk_category=DISK["category"],
        system_disk_encrypted=DISK["encrypted"],
        system_disk_size=args.disk,
        deletion_protection=bool(keep),  # said also where it isn't: left out, it would stay as it was
        user_data=args.user_data,
        tags=tags,
        volume_tags=tags,
        **more,
        opts=child(parent, keep, _IGNORED),
    )
    # After the server, which asks for its role until it has one.
    alicloud.ecs.RamRoleAttachment(name, instance_id=server.id, ram_role_name=args.role_name, opts=child(parent, keep))
    return server
