"""Single servers: one for the web with a fixed address, and one for a database. The data of either
may have a disk of its own, which outlives the server.

Both answer for metadata by token alone, have an encrypted disk, are named after their ids, and are
moved by Amazon when their hardware fails.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.common import filters, named
from components.blocks import args, names
from components.blocks.block import ROLE, Block, child
from components.blocks.outputs import ServerBlock, WebServerBlock
from components.errors import UsageError
from components.rollout.resources import Serving

_ARM = re.compile(r"(a1|[a-z]+\d+g[a-z-]*)\.")
"""Amazon's own processors: a `g` after the generation, as in t4g, c7gn, m6gd; and a1. Not g4dn."""
_IMAGES = {
    # Debian's and Canonical's own accounts: anybody may give an image such a name.
    "debian-13": ("136693071363", "debian-13-{arch}-*"),
    "ubuntu-24.04": ("099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{arch}-server-*"),
}
_ARCHITECTURES = {"arm64": "arm64", "amd64": "x86_64"}


def architecture(instance_type: str) -> str:
    """The processor's architecture by Debian's name: `arm64` or `amd64`."""
    return "arm64" if _ARM.match(instance_type) else "amd64"


def image_id(image: str, instance_type: str, parent: pulumi.Resource) -> pulumi.Input[str]:
    """The id of the newest image of that name (`debian-13`, `ubuntu-24.04`) for that type; an id is
    one already."""
    if image not in _IMAGES:
        return image
    (owner, pattern), arch = _IMAGES[image], architecture(instance_type)
    fitting = filters({"name": pattern.format(arch=arch), "architecture": _ARCHITECTURES[arch], "virtualization-type": "hvm"})
    opts = pulumi.InvokeOutputOptions(parent=parent)
    return aws.ec2.get_ami_output(most_recent=True, owners=[owner], filters=fitting, opts=opts).id


_DISK_LINK = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"
_IGNORED = [
    "ami",  # looked up: the answer changes by itself
    "userData",  # boot data is read once
    "associatePublicIpAddress",  # said otherwise of a server that is stopped, which would replace it
]


@dataclass(kw_only=True)
class ServerArgs(args.ServerArgs):
    """The arguments of any single server."""

    group_ids: Sequence[pulumi.Input[str]]
    """The server's security groups."""
    profile_name: pulumi.Input[str]
    """The server's instance profile, as `HostRole` puts it out."""
    has_ipv6: bool | None = None
    """The server has an IPv6 address, as its subnet has them."""


@dataclass(kw_only=True)
class DataDiskArgs(args.DataDiskArgs):
    """The arguments of a `DataDisk` on AWS."""

    last_snapshot: bool = True
    """What the disk leaves, as it is removed. Settled when it is made."""


class DataDisk(Block):
    """A disk for the data of a `WebServer`, which outlives it. It is empty at first."""

    volume_id: pulumi.Output[str]
    """For the `WebServer`."""
    device: pulumi.Output[str]
    """The path on a server, below `/dev/disk/by-id`; for the server's `HostRole`."""

    def __init__(self, name: str, args: DataDiskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:DataDisk", name, None, opts)
        volume = _volume(name, args, self)
        self.volume_id, self.device = volume.id, _device(volume)
        self._finish()


@dataclass(kw_only=True)
class WebServerArgs(args.WebServerArgs, ServerArgs):
    """The arguments of a `WebServer`, whose `data_disk` is the `volume_id` of a `DataDisk`. With
    `store` and `role_id` the address moves to a server that takes another's place only once it
    serves what is live there."""

    store: pulumi.Input[str] | None = None
    """`address` of the `ReleaseStore` that it follows."""
    role_id: pulumi.Input[str] | None = None
    """`unique_id` of its `HostRole`."""


class WebServer(WebServerBlock):
    """The server, and its address. Raises `UsageError` where only one of `store` and `role_id` is
    given."""

    def __init__(self, name: str, args: WebServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:WebServer", name, None, opts)
        # To begin with, no server has data on its own disk that this one would hide.
        server = _instance(name, "web", args, self, args.keep, "" if args.data_disk is None else "-data")
        fixed = aws.ec2.Eip(name, domain="vpc", tags=named(args.tags, name), opts=child(self))
        disk = [] if args.data_disk is None else [_attach(name, server, args.data_disk, self)]
        after: Sequence[pulumi.Resource] = disk
        if args.store is not None and args.role_id is not None:
            after = [Serving(name, args.store, [names.host(args.role_id, server.id)], child(self, after=disk))]
        elif args.store is not None or args.role_id is not None:
            lacking = "store" if args.store is None else "role_id"
            raise UsageError(f"{name}: wanted both store and role_id, or none, found no {lacking}; set it")
        aws.ec2.EipAssociation(name, allocation_id=fixed.id, instance_id=server.id, opts=child(self, after=after))
        self.instance_id, self.address, self.private_address = server.id, fixed.public_ip, server.private_ip
        self._finish()


@dataclass(kw_only=True)
class DatabaseServerArgs(ServerArgs):
    """The arguments of a `DatabaseServer`."""

    data_disk: pulumi.Input[int]
    """The size of the disk for its data, in GB."""
    zone: pulumi.Input[str] | None = None
    """The availability zone of `subnet_id`, which is asked for if left out. Give it where the
    program makes the subnet too: a disk that is asked for by its subnet depends on it, and where
    the disk is kept, the subnet is as well."""
    keep_data: bool = True
    """The data's disk is protected."""
    last_snapshot: bool = True
    """What the disk leaves, as it is removed. Settled when it is made."""


class DatabaseServer(ServerBlock):
    """The server, and the disk that is attached to it, which outlives it."""

    volume_id: pulumi.Output[str]
    """The disk for the data."""
    device: pulumi.Output[str]
    """That disk's path on the server, below `/dev/disk/by-id`. The disk is empty at first."""

    def __init__(self, name: str, args: DatabaseServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:DatabaseServer", name, None, opts)
        server, lookup = _instance(name, "database", args, self), pulumi.InvokeOutputOptions(parent=self)
        zone = args.zone or aws.ec2.get_subnet_output(id=args.subnet_id, opts=lookup).availability_zone
        disk = DataDiskArgs(size=args.data_disk, zone=zone, keep=args.keep_data, last_snapshot=args.last_snapshot, tags=args.tags)
        volume = _volume(f"{name}-data", disk, self)
        _attach(name, server, volume.id, self)
        self.instance_id, self.private_address, self.volume_id = server.id, server.private_ip, volume.id
        self.device = _device(volume)
        self._finish()


def _volume(name: str, args: DataDiskArgs, parent: pulumi.Resource) -> "aws.ebs.Volume":
    return aws.ebs.Volume(
        name,
        availability_zone=args.zone,
        size=args.size,
        type="gp3",
        encrypted=True,
        final_snapshot=args.last_snapshot,
        tags=named(args.tags, name),
        # The provider can't change that of a volume that is there: it would make another one.
        opts=child(parent, args.keep, ("availabilityZone", "finalSnapshot")),
    )


def _attach(name: str, server: "aws.ec2.Instance", volume: pulumi.Input[str], parent: pulumi.Resource) -> "aws.ec2.VolumeAttachment":
    """One server is stopped, so that all ends in order, before another gets the disk."""
    return aws.ec2.VolumeAttachment(
        f"{name}-data",
        device_name="/dev/sdf",
        instance_id=server.id,
        volume_id=volume,
        stop_instance_before_detaching=True,
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )


def _device(volume: "aws.ebs.Volume") -> pulumi.Output[str]:
    return volume.id.apply(lambda identity: _DISK_LINK + identity.replace("-", ""))


def _instance(
    name: str, role: str, args: ServerArgs, parent: pulumi.Resource, keep: bool | None = None, kind: str = ""
) -> "aws.ec2.Instance":
    """An instance whose resource is named after image, architecture and `kind` as well: another of
    these makes another server, and only then the old one goes. `keep`: there is data on it."""
    tags = named(args.tags, name, **{ROLE: role})
    return aws.ec2.Instance(
        f"{name}-{args.image}-{architecture(args.instance_type)}{kind}",
        ami=image_id(args.image, args.instance_type, parent),
        instance_type=args.instance_type,
        subnet_id=args.subnet_id,
        vpc_security_group_ids=[*args.group_ids],
        iam_instance_profile=args.profile_name,
        associate_public_ip_address=args.public_address,
        ipv6_address_count=1 if args.has_ipv6 else None,
        private_dns_name_options={"hostname_type": "resource-name"},
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        maintenance_options={"auto_recovery": "default"},
        root_block_device={"volume_size": args.disk, "volume_type": "gp3", "encrypted": True, "delete_on_termination": True, "tags": tags},
        disable_api_termination=bool(keep),  # said also where it isn't: left out, it would stay as it was
        user_data=args.user_data,
        tags=tags,
        opts=child(parent, keep, _IGNORED),
    )
