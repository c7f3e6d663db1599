"""A server for the database alone, its data on a disk that outlives it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.instance import ServerArgs, make
from components.aws.tags import child, named

_LINK = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"


@dataclass(kw_only=True)
class DatabaseServerArgs(ServerArgs):
    """`zone`: the availability zone of `subnet_id`; `data_disk` in GB; `keep_data`: that disk is protected and retained."""

    zone: pulumi.Input[str]
    data_disk: int
    keep_data: bool = True


class DatabaseServer(pulumi.ComponentResource):
    """`instance_id`; `private_address`; `volume_id`; `device`: where the server finds that disk."""

    instance_id: pulumi.Output[str]
    private_address: pulumi.Output[str]
    volume_id: pulumi.Output[str]
    device: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:DatabaseServer", name, None, opts)
        server = make(name, "database", args, self)
        volume = aws.ebs.Volume(
            f"{name}-data",
            availability_zone=args.zone,
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
        self.register_outputs({one: getattr(self, one) for one in ("instance_id", "private_address", "volume_id", "device")})
