"""A server for the database alone, its data on a disk that outlives it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.blocks.instance import ServerArgs, make
from components.aws.tags import named
from components.blocks.block import Block, child

_LINK = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"


@dataclass(kw_only=True)
class DatabaseServerArgs(ServerArgs):
    """Of one server, as `ServerArgs` says, and of the disk for its data."""

    data_disk: pulumi.Input[int]
    """In GB."""
    zone: pulumi.Input[str] | None = None
    """The availability zone of `subnet_id`, which is asked for if left out. Give it where the program makes the subnet too: a disk that
    is asked for by its subnet depends on it, and where the disk is kept, the subnet is as well."""
    keep_data: bool | None = True
    """That disk is protected and retained. It leaves a last snapshot even where it isn't."""


class DatabaseServer(Block):
    """The server, and the disk that is attached to it. Raises `UsageError` where the image is for another architecture."""

    instance_id: pulumi.Output[str]
    """Of the server that there is now."""
    private_address: pulumi.Output[str]
    """The server's own, IPv4."""
    volume_id: pulumi.Output[str]
    """The disk for the data."""
    device: pulumi.Output[str]
    """Where the server finds that disk: a path below `/dev/disk/by-id`. It is empty at first."""

    def __init__(self, name: str, args: DatabaseServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:DatabaseServer", name, None, opts)
        server = make(name, "database", args, self)
        volume = aws.ebs.Volume(
            f"{name}-data",
            availability_zone=args.zone or self._zone(args.subnet_id),
            size=args.data_disk,
            type="gp3",
            encrypted=True,
            final_snapshot=True,  # from the start: the provider can't change that of a volume that is there
            tags=named(args.tags, f"{name}-data"),
            opts=child(self, args.keep_data, ("availabilityZone",)),
        )
        aws.ec2.VolumeAttachment(
            f"{name}-data",
            device_name="/dev/sdf",
            instance_id=server.id,
            volume_id=volume.id,
            stop_instance_before_detaching=True,  # the database ends in order
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.instance_id, self.private_address, self.volume_id = server.id, server.private_ip, volume.id
        self.device = volume.id.apply(lambda identity: _LINK + identity.replace("-", ""))
        self._finish()

    def _zone(self, subnet_id: pulumi.Input[str]) -> pulumi.Output[str]:
        return aws.ec2.get_subnet_output(id=subnet_id, opts=pulumi.InvokeOutputOptions(parent=self)).availability_zone
